"""`scoring.words` reaches the words of the documents, of their N-grams and of their scores, and the run's name."""

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from auxtask.cli.planning import build_experiment, run_identity
from auxtask.data.dataset import build_text_dataset
from auxtask.data.encoding import encode_texts
from auxtask.data.segmenters import japanese
from auxtask.errors import AuxtaskError
from auxtask.ground.files import config_folder
from auxtask.phrases.extraction import NgramExtractor
from auxtask.phrases.labelers import AllPhraseLabeler
from auxtask.tasks.base import prepare
from auxtask.tasks.recognition import RecognitionTask
from experiments import tools_of
from families import unigram

TEXTS = ["東京大学の学生は東京に住む。", "京都大学の学生は京都に住む。"]


def pairs_of_characters(text):
    return [text[at : at + 2] for at in range(0, len(text), 2)]


@pytest.fixture
def dataset():
    splits = {split: [("a", "x"), ("b", "y")] for split in ("train", "valid", "test")}
    return build_text_dataset(splits, name="few", provenance={})


def configured(*overrides):
    with initialize_config_dir(str(config_folder()), version_base="1.3"):
        return compose("train", list(overrides))


def test_the_segmenter_of_the_config_reaches_experiment_and_scorer(dataset):
    own = f"scoring.words={{_target_: {__name__}.pairs_of_characters, _partial_: true}}"
    for override, expected in (("seed=0", None), ("scoring.words=japanese", japanese), (own, pairs_of_characters)):
        tools = build_experiment(configured(override), dataset).tools
        first = tools.segmenter
        assert tools.scorer("word_l2r").segmenter is first
        assert (
            getattr(first, "func", first).__code__.co_code == expected.__code__.co_code if expected else not first
        )
    with pytest.raises(AuxtaskError, match="names no segmenter"):
        build_experiment(configured("scoring.words=french"), dataset)


def test_a_segmenter_gives_the_run_another_name(dataset):
    names = {
        run_identity(OmegaConf.merge(configured(override)), dataset).run_id
        for override in ("seed=0", "scoring.words=japanese", "scoring.words={_target_: mine}")
    }
    assert len(names) == 3


def test_documents_and_ngrams_have_the_words_of_the_segmenter():
    tokenizer = unigram(TEXTS * 4)
    pairs = [(text, label) for text, label in zip(TEXTS, "ab", strict=True)] * 2
    dataset = build_text_dataset({"train": pairs, "valid": pairs, "test": pairs}, name="few", provenance={})

    class Recorder(NgramExtractor):
        def extract(self, token_ids, classes, **others):
            seen.append(others["word_ids"])
            return super().extract(token_ids, classes, **others)

    for segmenter in (None, pairs_of_characters):
        seen = []
        task = RecognitionTask(Recorder(word_scope="within_word"), AllPhraseLabeler)
        tools = tools_of("tiny", ["a", "b"], tokenizer, segmenter=segmenter)
        encoded = prepare(dataset, {"all_phrase": task}, tools, 30).documents
        expected = encode_texts(encoded["train"]["text"], tokenizer, 30, segmenter)["word_ids"]
        assert list(encoded["train"]["word_ids"]) == expected
        assert seen == [[[word for word in words if word >= 0] for words in expected]]
