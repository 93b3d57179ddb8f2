"""Small real tokenizers and models, made here: no network, no shipped file needed."""

import json
import os
from pathlib import Path

# Tests run beside each other and start processes of their own: one thread for each, from the time torch is loaded.
os.environ["OMP_NUM_THREADS"] = "1"

import pytest
import torch
from transformers import BertConfig, BertForMaskedLM, PreTrainedTokenizerFast

# The models here are so small that a second thread costs more than it brings.
torch.set_num_threads(1)

SENTENCES = [
    "The parser reads a sentence and returns a tree of its words.",
    "A model learns which words a reader of the text would expect.",
    "Rates rose again and the bank said that money supply fell in march.",
    "The patient had a history of heart failure and was given a low dose.",
    "We thank the reviewers for their comments on an earlier draft.",
    "The film is a slow but moving story of two brothers and the sea.",
]


@pytest.fixture(scope="session")
def tokenizer() -> PreTrainedTokenizerFast:
    """An uncased WordPiece tokenizer of some 200 tokens, learned once from the sentences by `train_wordpiece`."""
    # Kept, because equal counts are ranked anew each time a vocabulary is learned: no test should hang on that.
    return PreTrainedTokenizerFast.from_pretrained(Path(__file__).parent / "tokenizer")


@pytest.fixture(scope="session")
def sentences() -> list[str]:
    return SENTENCES


def small_bert(tokenizer: PreTrainedTokenizerFast) -> BertForMaskedLM:
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    return BertForMaskedLM(config).eval()


@pytest.fixture
def masked_lm(tokenizer: PreTrainedTokenizerFast) -> BertForMaskedLM:
    """A random BERT of two layers over the tokenizer's vocabulary."""
    return small_bert(tokenizer)


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory, tokenizer: PreTrainedTokenizerFast) -> Path:
    """The random BERT on disk, as a user's own model would be; all tests read the same folder."""
    folder = tmp_path_factory.mktemp("models") / "small-bert"
    small_bert(tokenizer).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The real data sets, where this machine has them."""
    default = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("AUXTASK_DATA", default))
    if not (folder / "acl_arc").is_dir():
        pytest.skip(f"the real data sets are not in '{folder}' (set AUXTASK_DATA)")
    return folder


@pytest.fixture
def quick_runs(tmp_path, model_folder):
    """Options of runs on forty rows of two classes."""
    data = tmp_path / "data.jsonl"
    rows = [{"text": f"the {word} number {n}", "label": word} for word in ("sea", "land") for n in range(20)]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return [
        "dataset=files",
        f"dataset.train={data}",
        f"model.name={model_folder}",
        "model.max_length=16",
        "trainer.eval_strategy=steps",
        "trainer.disable_tqdm=true",
        f"paths.cache={tmp_path / 'cache'}",
    ]
