"""Text and labels: readers, the named sets, the docstring set, splits, tokenisation."""
