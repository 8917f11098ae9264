"""Trainings and measurements that notebooks tell about."""
