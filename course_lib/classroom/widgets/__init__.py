"""Explorers, steppers, fields to ask in, the live training."""
