"""Token N-grams: extraction, the inventory, the labelers and the tables."""
