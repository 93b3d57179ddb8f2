"""Token ids and word indices, against tokenizers built here family by family."""

from collections.abc import Sequence

import pytest
from datasets import Dataset, DatasetDict
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from auxtask.data.boundaries import keeps_spaces
from auxtask.data.encoding import encode, encode_texts
from auxtask.data.words import marking, words_by_marks

TEXT = "the souvenir shop opened ."


def wordpiece(pieces: Sequence[str]) -> PreTrainedTokenizerFast:
    """A WordPiece tokenizer of exactly these pieces."""
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = {piece: index for index, piece in enumerate([*specials, *pieces])}
    backend = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer(lowercase=True)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )


def sentencepiece(pre_split: bool) -> PreTrainedTokenizerFast:
    """A Unigram tokenizer with Metaspace marks, with or without a split at whitespace."""
    backend = Tokenizer(models.Unigram())
    backend.pre_tokenizer = pre_tokenizers.Metaspace(split=True)
    trainer = trainers.UnigramTrainer(vocab_size=40, special_tokens=["<s>", "<unk>"], unk_token="<unk>")
    backend.train_from_iterator([TEXT, "the house by the sea", "one two three"] * 5, trainer)
    backend.pre_tokenizer = pre_tokenizers.Metaspace(split=pre_split)
    return PreTrainedTokenizerFast(tokenizer_object=backend, unk_token="<unk>", cls_token="<s>")


@pytest.fixture(scope="module")
def souvenir() -> PreTrainedTokenizerFast:
    return wordpiece(["the", "so", "##uven", "##ir", "shop", "opened", ".", "1997", "##a"])


def test_wordpiece_words_of_the_published_example(souvenir: PreTrainedTokenizerFast) -> None:
    encoded = encode_texts([TEXT], souvenir, max_length=None)
    assert souvenir.convert_ids_to_tokens(encoded["input_ids"][0]) == (
        ["[CLS]", "the", "so", "##uven", "##ir", "shop", "opened", ".", "[SEP]"]
    )
    assert encoded["word_ids"] == [[-1, 0, 1, 1, 1, 2, 3, 4, -1]]


@pytest.mark.parametrize("text", ["", "   "])
def test_a_text_without_tokens_keeps_its_special_tokens(souvenir: PreTrainedTokenizerFast, text: str) -> None:
    assert encode_texts([text], souvenir, 8) == {"input_ids": [[2, 3]], "word_ids": [[-1, -1]], "cut_tokens": [0]}


def test_no_texts(souvenir: PreTrainedTokenizerFast) -> None:
    assert encode_texts([], souvenir, 8) == {"input_ids": [], "word_ids": [], "cut_tokens": []}


def test_truncation_counts_special_tokens_and_may_cut_a_word(souvenir: PreTrainedTokenizerFast) -> None:
    encoded = encode_texts([TEXT], souvenir, max_length=5)
    assert souvenir.convert_ids_to_tokens(encoded["input_ids"][0]) == [
        "[CLS]",
        "the",
        "so",
        "##uven",
        "[SEP]",
    ]
    assert encoded["word_ids"] == [[-1, 0, 1, 1, -1]]
    # The tokenizer keeps no memory of the limit.
    assert len(encode_texts([TEXT], souvenir, max_length=None)["input_ids"][0]) == 9


def test_special_tokens_spelled_in_the_text(souvenir: PreTrainedTokenizerFast) -> None:
    encoded = encode_texts(["the [SEP] zzz [MASK]"], souvenir, None)
    scored = [word >= 0 for word in encoded["word_ids"][0]]
    # [CLS] the [SEP] [UNK] [MASK] [SEP]: unknown words and literal masks are words, separators are not.
    assert scored == [False, True, False, True, True, False]


def test_byte_level_bpe_words_are_its_pre_splits() -> None:
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=270, initial_alphabet=alphabet, show_progress=False)
    backend.train_from_iterator(["doesn't parse"] * 4, trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend)
    assert marking(tokenizer.get_vocab()) == "Ġ"
    (word_ids,) = encode_texts(["doesn't 1997a"], tokenizer, None)["word_ids"]
    tokens = tokenizer.tokenize("doesn't 1997a")
    words = ["".join(t for t, w in zip(tokens, word_ids, strict=True) if w == word) for word in range(4)]
    assert words == ["doesn", "'t", "Ġ1997", "a"]
    # The fallback on the token strings of the very same text finds the same words.
    assert words_by_marks(tokens, "Ġ") == word_ids


def test_sentencepiece_that_sees_the_whole_text_finds_the_words_of_one_that_splits() -> None:
    split, unsplit = sentencepiece(pre_split=True), sentencepiece(pre_split=False)
    assert not keeps_spaces(split, " ")
    assert keeps_spaces(unsplit, " ")
    for tokenizer in (split, unsplit):
        encoded = encode_texts([TEXT], tokenizer, None)
        words: dict[int, str] = {}
        for token, word in zip(tokenizer.tokenize(TEXT), encoded["word_ids"][0], strict=True):
            words[word] = words.get(word, "") + token
        assert words == dict(enumerate(["▁the", "▁souvenir", "▁shop", "▁opened", "▁."]))


@pytest.mark.parametrize(
    ("tokens", "mark", "expected"),
    [
        ("par ##ser - based", "##", [0, 0, 1, 2]),
        ("▁the ▁sou ven ir ,", "▁", [0, 1, 1, 1, 1]),
        ("sou ▁ven", "▁", [0, 1]),
        ("the sou@@ ven@@ ir shop", "@@", [0, 1, 1, 1, 2]),
        ("the</w> sou ven</w> .</w>", "</w>", [0, 1, 1, 2]),
        ("a b c", "none", [0, 1, 2]),
        ("cafÃ© Ġcaf Ã ©", "Ġ", [0, 1, 1, 1]),
        ("Ġ( a Ċ b", "Ġ", [0, 1, 2, 3]),
    ],
)
def test_words_by_marks(tokens: str, mark: str, expected: list[int]) -> None:
    assert words_by_marks(tokens.split(), mark) == expected


def test_encode_adds_aligned_columns_to_every_split(souvenir: PreTrainedTokenizerFast) -> None:
    split = Dataset.from_dict({"text": [TEXT, "the shop"], "label": [0, 1]})
    encoded = encode(DatasetDict({"train": split, "test": split}), souvenir, max_length=6)
    assert set(encoded) == {"train", "test"}
    for row in encoded["test"]:
        assert len(row["input_ids"]) == len(row["attention_mask"]) == len(row["word_ids"]) <= 6
        assert set(row["attention_mask"]) == {1}
    assert encoded["train"]["label"] == [0, 1]
