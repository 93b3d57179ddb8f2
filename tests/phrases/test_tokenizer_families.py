"""The line from text to targets with every family of tokenizers, and with text that has no spaces."""

import pytest

from auxtask.phrases.extraction import NgramExtractor
from auxtask.phrases.labelers import BitLabelLabeler
from auxtask.phrases.tables import top_ngrams
from auxtask.phrases.vocabulary import display, punctuation_ids
from families import byte_level_bpe, characters, unigram, wordpiece

ENGLISH = ["Money supply rose, the bank said.", "The bank said money supply fell.", "Crude oil prices fell."] * 3
JAPANESE = ["東京大学の学生は、東京に住む。", "京都大学の学生は京都に住む。", "東京大学は東京にある。"] * 3
FAMILIES = [wordpiece, byte_level_bpe, unigram, characters]


@pytest.mark.parametrize("texts", [ENGLISH, JAPANESE], ids=["english", "japanese"])
@pytest.mark.parametrize("family", FAMILIES)
def test_from_text_to_targets(family, texts):
    tokenizer = family(texts)
    classes = [0, 0, 1] * 3
    token_ids = tokenizer(texts, add_special_tokens=False)["input_ids"]
    inventory = NgramExtractor().extract(token_ids, classes, class_names=["a", "b"], tokenizer=tokenizer)
    labeler = BitLabelLabeler(inventory)
    for text, document, document_class in zip(texts, token_ids, classes, strict=True):
        encoding = tokenizer(text, padding="max_length", max_length=len(document) + 5)
        word_ids = [-1 if word is None else word for word in encoding.word_ids()]
        labels = labeler.label(document, document_class)
        targets = labeler.label_ids(labels, word_ids)
        assert len(targets) == len(encoding["input_ids"])
        special = tokenizer.get_special_tokens_mask(encoding["input_ids"], already_has_special_tokens=True)
        assert [target == -100 for target in targets] == list(map(bool, special))
        assert [labeler.label_names[target] for target in targets if target >= 0] == labels
    # Every document is there three times, so each class has N-grams.
    assert {row["class"] for row in top_ngrams(inventory, tokenizer)} >= {"a", "b"}


@pytest.mark.parametrize("family", FAMILIES)
def test_ngrams_can_be_read(family):
    tokenizer = family(JAPANESE)
    document = tokenizer("東京大学", add_special_tokens=False)["input_ids"]
    assert display(tuple(document), tokenizer).replace(" ", "").replace("#", "").strip("▁") == "東京大学"
    tokenizer = family(ENGLISH)
    document = tokenizer("money supply", add_special_tokens=False)["input_ids"]
    shown = display(tuple(document), tokenizer)
    assert shown.split(" ") == tokenizer.convert_ids_to_tokens(document) or family is characters


@pytest.mark.parametrize("family", FAMILIES)
def test_no_ngram_across_japanese_punctuation(family):
    tokenizer = family(JAPANESE)
    token_ids = tokenizer(JAPANESE, add_special_tokens=False)["input_ids"]
    classes = [0] * len(token_ids)
    marks = punctuation_ids(tokenizer)
    across = NgramExtractor().extract(token_ids, classes)
    within = NgramExtractor(cross_punctuation=False).extract(token_ids, classes, tokenizer=tokenizer)
    assert any(marks.intersection(ngram) for ngram in across) or family is byte_level_bpe
    assert not any(marks.intersection(ngram) for ngram in within)


def test_words_of_a_character_tokenizer():
    # Every character a token; the words come from elsewhere, here: three characters each.
    tokenizer = characters(JAPANESE)
    token_ids = tokenizer(JAPANESE, add_special_tokens=False)["input_ids"]
    word_ids = [[at // 3 for at in range(len(document))] for document in token_ids]
    inventory = NgramExtractor(word_scope="cross_word").extract(token_ids, [0] * len(token_ids), word_ids=word_ids)
    assert all(len(ngram) > 3 for ngram in inventory)
    for document, words in zip(token_ids, word_ids, strict=True):
        for start, ngram in inventory.spans(document, 0, words):
            assert start % 3 == 0
            assert (start + len(ngram)) % 3 == 0 or start + len(ngram) == len(document)
