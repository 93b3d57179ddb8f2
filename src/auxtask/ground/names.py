"""Names that several rooms must agree on."""

# The classification task, beside the names of the auxiliary ones: in batches, losses, weights and `history.jsonl`.
MAIN = "main"
