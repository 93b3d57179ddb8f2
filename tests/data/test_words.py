"""Words where the pre-tokenizer leaves several together, against a naive loop over characters."""

import unicodedata
from itertools import pairwise

import numpy as np
import pytest
import torch
from datasets import Dataset
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import BertConfig, BertForMaskedLM

from auxtask.data.boundaries import keeps_spaces, split_words
from auxtask.data.encoding import encode, encode_texts, words_of_ids
from auxtask.data.readers import read_pairs
from auxtask.data.words import spelled, words_by_marks
from auxtask.likelihood.scorer import PLLScorer
from auxtask.masking.whole_word import WholeWordMaskingCollator
from families import (
    FAMILIES,
    byte_fallback_bpe,
    byte_level_bpe,
    characters,
    unigram,
    unsplit_unigram,
    wordpiece,
    xlm_roberta,
    xlm_roberta_by_white_space,
)
from marking import rest_in_ci
from oracles import naive_log_probs

TEXTS = {
    "japanese": [
        "東京大学の学生は、東京に住む。",
        "京都大学の学生は 京都のアパートに住む。",
        "iPhone用のケースです",
    ],
    "chinese": ["今天天气很好，我们去公园散步。", "他在北京大学学习计算机科学。", "2026年我去了上海"],
    "thai": ["วันนี้อากาศดีมาก เราไปเดินเล่น", "เขาเรียนที่มหาวิทยาลัย", "ฉันชอบ coffee มาก"],
    "mixed": ["the house\n\nby  the sea", "東京 is big\tand ケース", "a  b\n東京\n ไทย 3"],
}
UNSPLIT = [unsplit_unigram, byte_fallback_bpe]


def learned(family, texts):
    return family([*texts, "the house by the sea", "a big house and a small one"] * 4)


def naive_word_of_character(text):
    """The word of each character: letters, digits and Katakana run on, marks stay with theirs, all else alone.

    A single space begins a word.
    """

    def kind(character):
        name, category = unicodedata.name(character, ""), unicodedata.category(character)
        if category[0] == "M":
            return "mark"
        if name.startswith(("CJK", "HIRAGANA", "THAI")) or character.isspace():
            return "alone"
        if "KATAKANA" in name:
            return "katakana"
        return "letter" if category[0] in "LN" else "alone"

    words = []
    for index, character in enumerate(text):
        after_single_space = text[index - 1 : index] == " " and not text[: index - 1][-1:].isspace()
        if index == 0 or (after_single_space and not character.isspace()):
            words.append(words[-1] if words else 0)
        elif kind(character) == "mark" and not text[index - 1].isspace():
            words.append(words[-1])
        else:
            before = next((kind(one) for one in reversed(text[:index]) if kind(one) != "mark"), "alone")
            runs_on = kind(character) == before != "alone" and kind(text[index - 1]) != "mark"
            words.append(words[-1] + (not runs_on))
    return words


def naive_begins(text, offsets, pieces):
    """Whether each token begins a word, token by token."""
    word_of = naive_word_of_character(text)
    spans = {}
    for (start, stop), piece in zip(offsets, pieces, strict=True):
        low, high = spans.get(piece, (start, stop))
        spans[piece] = min(low, start), max(high, stop)
    begins = []
    seen = -1
    for index, ((start, stop), piece) in enumerate(zip(offsets, pieces, strict=True)):
        within = text[slice(*spans[piece])]
        several = any(one.isspace() for one in within.lstrip()) or any(
            unicodedata.name(one, "").startswith(("CJK UNIFIED", "HIRAGANA", "KATAKANA LETTER", "THAI"))
            for one in within
        )
        first = word_of[start] if start < len(text) else len(text)
        begins.append(index == 0 or piece != pieces[index - 1] or (several and first > seen))
        seen = max([seen, *word_of[start : max(stop, start + 1)]])
    return begins


def ids_and_words(*arguments):
    encoded = encode_texts(*arguments)
    return encoded["input_ids"], encoded["word_ids"]


def begins(word_ids):
    return [index == 0 or word_ids[index - 1] != word for index, word in enumerate(word_ids)]


def without_frame(row, word_ids):
    return zip(*((token, word) for token, word in zip(row, word_ids, strict=True) if word >= 0), strict=True)


@pytest.mark.parametrize("texts", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("family", FAMILIES)
def test_words_are_those_of_the_naive_loop(family, texts):
    tokenizer = learned(family, texts)
    encoded = encode_texts(texts, tokenizer, None)
    stock = tokenizer(texts, add_special_tokens=False)
    for text, row, words, encoding in zip(
        texts, encoded["input_ids"], encoded["word_ids"], stock.encodings, strict=True
    ):
        tokens, words = without_frame(row, words)
        assert list(tokens) == encoding.ids
        assert begins(words) == naive_begins(text, encoding.offsets, encoding.word_ids)
        assert list(words) == sorted(words)


@pytest.mark.parametrize("language", ["japanese", "chinese", "thai"])
@pytest.mark.parametrize("family", [unigram, xlm_roberta, xlm_roberta_by_white_space, *UNSPLIT, byte_level_bpe])
def test_a_sentence_is_not_one_word_and_whole_word_masks_a_part_of_it(family, language):
    texts = TEXTS[language]
    tokenizer = learned(family, texts)
    encoded = encode_texts(texts[:1], tokenizer, None)
    assert len(set(encoded["word_ids"][0])) > 4
    assert len(set(encoded["word_ids"][0])) > len(set(tokenizer(texts[0]).word_ids()))
    feature = {name: column[0] for name, column in encoded.items()}
    collator = WholeWordMaskingCollator(tokenizer, 0.3, seed=0)
    shares = []
    for epoch in range(200):
        collator.epoch = epoch
        shares.append((collator([feature])["labels"][0, 1:-1] != -100).double().mean().item())
    assert max(shares) < 0.9
    assert np.mean(shares) == pytest.approx(0.3, abs=0.05)


@pytest.mark.parametrize("family", UNSPLIT)
@settings(max_examples=300, deadline=None)
@given(parts=st.lists(st.sampled_from([*"ab    \n\t!1é東京のア", "ที่"]), max_size=20))
def test_white_space_tokens_end_a_word(family, parts):
    text, tokenizer = "".join(["a", *parts]), TOKENIZERS[family]
    encoding = tokenizer(text, add_special_tokens=False).encodings[0]
    _, [words] = ids_and_words([text], tokenizer, None)
    inside = [word for word in words if word >= 0]
    for (one, word), (other, following) in pairwise(zip(encoding.offsets, inside, strict=True)):
        before, after = text[slice(*one)], text[slice(*other)]
        if before.isspace() and before != " ":
            assert following != word
        if after.isspace() and other[0] >= one[1]:
            assert following != word
    assert begins(inside) == naive_begins(text, encoding.offsets, encoding.word_ids)


TOKENIZERS = {family: learned(family, ["a b ab é東京のアที่", "abab!a1"]) for family in UNSPLIT}


@pytest.mark.data
@pytest.mark.parametrize("count", [40, pytest.param(400, marks=pytest.mark.ci)])
@pytest.mark.parametrize(
    "family", rest_in_ci([wordpiece, byte_level_bpe, xlm_roberta, xlm_roberta_by_white_space, characters], quick=2)
)
def test_english_words_stay_those_of_the_pre_tokenizer(family, data_folder, count):
    for name in ("acl_arc", "20ng"):
        texts = [text for text, _ in read_pairs(data_folder / name / "train.jsonl.gz")[:count]]
        tokenizer = family(texts[:100])
        assert not keeps_spaces(tokenizer) or family is xlm_roberta_by_white_space
        encoded = tokenizer(texts, add_special_tokens=False, verbose=False)
        _, word_ids = ids_and_words(texts, tokenizer, None)
        for text, words, encoding in zip(texts, word_ids, encoded.encodings, strict=True):
            assert [word for word in words if word >= 0] == encoding.word_ids
            # Looked through or not, nothing is split.
            assert split_words(text, encoding.offsets, encoding.word_ids) == encoding.word_ids


@pytest.mark.parametrize("texts", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("family", FAMILIES)
def test_words_read_off_the_tokens_are_those_of_the_text(family, texts):
    tokenizer = learned(family, texts)
    encoded = encode_texts(texts, tokenizer, None)
    read = words_of_ids(encoded["input_ids"], tokenizer)
    for one, other in zip(encoded["word_ids"], read, strict=True):
        assert [word < 0 for word in one] == [word < 0 for word in other]
    if family in UNSPLIT:
        assert list(map(begins, encoded["word_ids"])) == list(map(begins, read))
    elif family is not characters:
        # Marks do not tell all; but a sentence without spaces is never one word.
        assert all(len(set(words)) > 4 for words in read)


@pytest.mark.parametrize(
    ("tokens", "mark", "text"),
    [
        (["東", "##京", "の"], "##", "東京 の"),
        (["Ġæ", "Ŀ", "±äº", "¬"], "Ġ", " 東京"),
        (["▁a", "<0xE6>", "<0x9D>", "<0xB1>", "\n", "▁b"], "▁", "a東\n b"),
        (["æ", "Ŀ"], "Ġ", "�"),
        (["so@@", "ir", "a"], "@@", "soir a"),
        (["so", "ir</w>", "a</w>"], "</w>", "soir a"),
    ],
)
def test_spelled(tokens, mark, text):
    found, offsets = spelled(tokens, mark)
    assert found == text
    assert offsets[0][0] == 0
    assert offsets[-1][1] == len(text)
    assert all(start <= following <= stop for (start, stop), (following, _) in pairwise(offsets))
    assert len(words_by_marks(tokens, mark)) == len(offsets)


def test_boundaries_inside_a_token_do_not_count():
    text = "東京都に住む"
    assert split_words(text, [(0, 2), (2, 4), (4, 6)], [0, 0, 0]) == [0, 1, 2]
    segmented = split_words(text, [(0, 2), (2, 4), (4, 6)], [0, 0, 0], lambda _: ["東", "京都", "に", "住む"])
    assert segmented == [0, 0, 1]
    assert split_words(text, [(0, 1), (1, 2), (2, 6)], [0, 0, 0], lambda _: ["東", "京都に", "住む"]) == [0, 1, 1]
    # Tokens that share a character, each with some of its bytes, are not torn apart.
    assert split_words(text, [(0, 1), (0, 1), (1, 2)], [0, 0, 0]) == [0, 0, 1]


@pytest.mark.parametrize("family", [unigram, *UNSPLIT, byte_level_bpe])
def test_a_segmenter_names_the_words(family):
    texts = TEXTS["japanese"][:1]
    words = ["東京", "大学", "の", "学生", "は", "、", "東京", "に", "住む", "。"]
    edges = np.cumsum([0, *map(len, words)]).tolist()
    tokenizer = learned(family, TEXTS["japanese"])
    given_words = encode_texts(texts, tokenizer, None, lambda text: words)
    given_spans = encode_texts(texts, tokenizer, None, lambda text: pairwise(edges))
    assert given_words == given_spans
    offsets = tokenizer(texts[0], add_special_tokens=False).encodings[0].offsets
    inside = [word for word in given_words["word_ids"][0] if word >= 0]
    for (one, word), (other, following) in pairwise(zip(offsets, inside, strict=True)):
        separate = any(one[1] <= edge <= other[0] for edge in edges) and other[0] >= one[1] > one[0]
        assert (following != word) == separate
    by_characters = encode_texts(texts, tokenizer, None)["word_ids"][0]
    assert max(given_words["word_ids"][0]) <= max(by_characters) - (family is not byte_fallback_bpe)


@pytest.mark.parametrize("segmenter", [None, lambda text: ["東京", "大学の", "学生は、", "東京", "に住む", "。"]])
@pytest.mark.parametrize("family", [unigram, *UNSPLIT])
def test_likelihoods_follow_the_words_and_so_does_the_cache(family, segmenter, tmp_path):
    tokenizer = learned(family, TEXTS["japanese"])
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        initializer_range=0.4,
    )
    model = BertForMaskedLM(config).eval()
    text = TEXTS["japanese"][0]
    [row], [words] = ids_and_words([text], tokenizer, None, segmenter)
    expected = naive_log_probs(model, row, words, "word_l2r", tokenizer.mask_token_id)
    for _ in range(2):
        for other in (segmenter, lambda text: [text]):
            scorer = PLLScorer(model, tokenizer, segmenter=other, cache=tmp_path, progress=False)
            [scores] = scorer.score([text])
            matches = np.allclose(scores.log_probs, expected[~np.isnan(expected)], atol=1e-5)
            assert matches == (other is segmenter)
    scorer = PLLScorer(model, tokenizer, segmenter=segmenter, progress=False)
    dataset = encode(Dataset.from_dict({"text": [text]}), tokenizer, None, segmenter=segmenter)
    likelihoods = np.array(scorer.annotate(dataset)["likelihoods"][0])
    np.testing.assert_allclose(likelihoods, np.exp(expected), atol=1e-5)
    if family is not unigram:
        read = scorer.annotate(dataset.remove_columns("word_ids"))["likelihoods"][0]
        np.testing.assert_allclose(np.array(read), np.exp(expected), atol=1e-5)
