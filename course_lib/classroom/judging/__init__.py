"""What decides whether an answer is right, and keeps it. It knows no widget."""
