"""The end of a run: the trained classifier is exported and tested."""

import shutil

from transformers import (
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from auxtask.runs.folder import RunFolder


def write_model(
    folder: RunFolder, classifier: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, max_length: int
) -> None:
    """Write the main-task model as a plain `transformers` classifier, under its final name once it is whole.

    Args:
        folder: the run.
        classifier: the main-task model.
        tokenizer: its tokenizer.
        max_length: tokens it was trained on; written as the length the tokenizer truncates to. It is told to pad
            on the right, whatever it did before: heads read the first position, and many encoders count from it.
    """
    temporary = folder.path / ".model"
    shutil.rmtree(temporary, ignore_errors=True)
    classifier.save_pretrained(temporary)
    tokenizer.model_max_length, tokenizer.padding_side = max_length, "right"
    tokenizer.save_pretrained(temporary)
    shutil.rmtree(folder.model, ignore_errors=True)
    temporary.rename(folder.model)
