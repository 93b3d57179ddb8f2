"""What several rooms must agree on."""

# The label of a position that no loss counts: torch's cross-entropy and every stock head of transformers skip it.
IGNORE_INDEX = -100
