"""The seven real sets against their published counts (needs the folder of the files)."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from omegaconf import OmegaConf

from auxtask.data.sources import _single_topic_stories
from auxtask.errors import AuxtaskError
from marking import rest_in_ci

CONFIGS = Path(__file__).parents[2] / "configs" / "dataset"

# Published: documents in train, valid and test, classes, and mean and standard deviation (cut to integers)
# of the instances per class over all three splits.
PUBLISHED = {
    "mr": (6398, 710, 3554, 2, 5331, 0),
    "20ng": (10183, 1131, 7532, 20, 942, 94),
    "r8": (4937, 548, 2189, 8, 959, 1309),
    "r52": (5879, 653, 2568, 52, 175, 613),
    "ohsumed": (3022, 335, 4043, 23, 321, 305),
    "acl_arc": (1688, 114, 139, 6, 323, 326),
    "imdb": (25000, 2500, 22500, 2, 25000, 0),
}


def load(name, folder, **options):
    config = OmegaConf.load(CONFIGS / f"{name}.yaml")
    root = OmegaConf.create({"paths": {"data": str(folder)}, "dataset": config})
    try:
        return instantiate(root.dataset, **options)
    except InstantiationException as error:  # Hydra wraps what the reader raises
        raise error.__cause__ from None


@pytest.mark.data
@pytest.mark.parametrize("name", rest_in_ci(PUBLISHED))
def test_real_data_has_the_published_counts(name, data_folder):
    dataset = load(name, data_folder)
    *sizes, n_classes, mean, std = PUBLISHED[name]
    assert [len(dataset[split]) for split in ("train", "valid", "test")] == sizes
    assert dataset.name == name
    assert len(dataset.label_names) == n_classes
    instances = sum(np.bincount(dataset[split]["label"][:], minlength=n_classes) for split in dataset)
    assert (int(instances.mean()), int(instances.std())) == (mean, std)


@pytest.mark.data
def test_letters_with_case_can_be_asked_for_where_the_files_hold_them(data_folder):
    plain = load("r52", data_folder, counts=None)
    assert plain["train"]["text"][1].startswith("champion products ch approves stock split")
    # r8 and r52 have no `raw` for a few test documents; those documents have no text, and that is said.
    with pytest.raises(AuxtaskError, match="has no text"):
        load("r52", data_folder, text_column="raw")


@pytest.mark.data
def test_the_known_texts_of_reuters_come_from_their_upstream_form(data_folder):
    """Oracle for the rebuilding of r52: the upstream form of each story, where the files hold it."""
    with gzip.open(data_folder / "r52" / "train.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    for row in rows:
        title, _, body = row["raw"].replace("&", "&amp;").replace("<", "&lt;").partition("\n")
        story = (
            '<REUTERS TOPICS="YES" LEWISSPLIT="TRAIN">'
            f"<TOPICS><D>{row['label']}</D></TOPICS><TEXT>&#2;\n<TITLE>{title}</TITLE>\n"
            f"<DATELINE> ROME, March 2 - </DATELINE><BODY>{body}\n&#3;</BODY></TEXT></REUTERS>"
        )
        assert list(_single_topic_stories(story)) == [(row["text"], row["label"])]
