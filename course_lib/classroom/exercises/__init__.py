"""The exercises of every week: texts, stubs, solutions, hints, and the mistakes that people make."""
