"""The exercises of each week: statement, stub, solution, hints and the mistakes that people make."""
