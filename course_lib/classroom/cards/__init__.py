"""What a learner sees of an exercise, a prediction, their progress."""
