"""The inventory as a value: on disk and back, filtered, looked at, and refused where it does not belong."""

import copy
import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auxtask.errors import AuxtaskError
from auxtask.phrases.extraction import NgramExtractor
from auxtask.phrases.inventory import NgramInventory


@given(
    documents=st.lists(st.lists(st.integers(1, 4), max_size=15), max_size=4),
    scope=st.sampled_from(["per_class", "corpus"]),
    word_scope=st.sampled_from(["any", "within_word", "cross_word"]),
)
def test_json_and_back(documents, scope, word_scope):
    documents = [*documents, [1, 2, 3, 4], [1, 2, 3, 4]]
    word_ids = [[at // 2 for at in range(len(document))] for document in documents]
    inventory = NgramExtractor(scope=scope, word_scope=word_scope).extract(
        documents, [0] * len(documents), word_ids=word_ids, class_names=["é", "b"]
    )
    again = NgramInventory.from_json(inventory.to_json())
    assert again == inventory
    for document, words in zip(documents, word_ids, strict=True):
        symbols = again.segment(document, 0, words)
        assert symbols == inventory.segment(document, 0, words)
        assert [token for symbol in symbols for token in symbol] == document


@pytest.fixture
def inventory():
    documents = [[1, 2], [1, 2], [3, 4], [3, 4], [3, 4], [1, 2], [1, 2]]
    return NgramExtractor().extract(documents, [0] * 5 + [1] * 2)


def test_a_file_and_back(inventory, tmp_path):
    path = tmp_path / "new" / "inventory.json"
    inventory.save(path)
    assert NgramInventory.load(path) == inventory
    assert [file.name for file in path.parent.iterdir()] == ["inventory.json"]


def test_it_is_a_value(inventory):
    with pytest.raises(dataclasses.FrozenInstanceError):
        inventory.class_names = ()
    assert len(inventory) == 2
    assert (1, 2) in inventory
    assert (1, 3) not in inventory
    assert (inventory.classes((1, 2)), inventory.frequency((1, 2))) == ((0, 1), 4)
    assert inventory.coverage == 1.0


def test_filter(inventory):
    exclusive = inventory.filter(lambda ngram, frequency: len(frequency) == 1)
    assert list(exclusive) == [(3, 4)]
    # Segmented as before, so that the rest of the text keeps its N-grams; only the label is gone.
    assert exclusive.segment([1, 2, 3, 4], 0) == [(1, 2), (3, 4)]
    assert exclusive.spans([1, 2, 3, 4], 0) == [(2, (3, 4))]
    assert exclusive.spans([1, 2, 3, 4]) == [(2, (3, 4))]
    assert len(inventory) == 2
    with pytest.raises(AuxtaskError, match="keeps none of the 2 N-grams"):
        inventory.filter(lambda ngram, frequency: False)


def test_another_tokenizer_is_refused(tokenizer, sentences):
    token_ids = tokenizer(sentences * 2, add_special_tokens=False)["input_ids"]
    inventory = NgramExtractor().extract(token_ids, [0] * len(token_ids), tokenizer=tokenizer)
    inventory.check_tokenizer(tokenizer)
    grown = copy.deepcopy(tokenizer)
    grown.add_tokens(["brandnew"])
    for refused in (inventory.check_tokenizer, inventory.to_pandas):
        with pytest.raises(AuxtaskError, match=r"another tokenizer .* extract it again"):
            refused(grown)
    dataclasses.replace(inventory, vocabulary=None).check_tokenizer(grown)


def test_table_for_a_notebook(tokenizer):
    a, the, money = tokenizer.convert_tokens_to_ids(["a", "the", "."])
    documents = [[a, the], [a, the], [the, money, money], [the, money, money], [a, the], [a, the]]
    inventory = NgramExtractor().extract(documents, [0, 0, 0, 0, 1, 1], class_names=["x", "y"])
    table = inventory.to_pandas(tokenizer)
    assert table.to_dict("list") == {
        "ngram": ["a the", "the . ."],
        "token_ids": [(a, the), (the, money, money)],
        "length": [2, 3],
        "frequency": [4, 2],
        "classes": [2, 1],
        "x": [2, 2],
        "y": [2, 0],
    }


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"ngrams": 1}', '{"ngrams": [], "class_names": []}'])
def test_what_is_no_inventory(text, tmp_path):
    path = tmp_path / "file.json"
    path.write_text(text)
    with pytest.raises(AuxtaskError, match="not an N-gram inventory"):
        NgramInventory.load(path)


def test_no_file(tmp_path):
    with pytest.raises(AuxtaskError, match="cannot be read: No such file"):
        NgramInventory.load(tmp_path / "none.json")
