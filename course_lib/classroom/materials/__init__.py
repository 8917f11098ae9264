"""What is ready-made: digits, texts, models."""
