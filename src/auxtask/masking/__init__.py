"""Mask probabilities, the corruption and the collators."""
