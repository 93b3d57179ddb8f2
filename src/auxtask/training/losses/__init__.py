"""Losses of the main task: a class a file, all from logits and labels to a scalar."""
