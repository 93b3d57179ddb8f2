"""Mechanical auxiliary tasks for fine-tuning encoder language models on text classification."""

__version__ = "0.1.0"
