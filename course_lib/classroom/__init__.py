"""What draws and what grades: nothing in here has to be understood in order to understand BERT."""
