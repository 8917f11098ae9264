"""A complete BERT, small enough to read: one module per idea, in the order of the course's weeks."""
