"""Downloading, verifying, converting and keeping the named sets, on miniatures of their sources."""

import io
import json
import tarfile
from pathlib import Path

import pytest
from hydra.errors import InstantiationException
from hydra.utils import instantiate
from omegaconf import OmegaConf

from auxtask.data import named
from auxtask.data.download import file_hash
from auxtask.data.readers import read_pairs, write_pairs
from auxtask.errors import AuxtaskError

CONFIGS = Path(__file__).parents[2] / "configs" / "dataset"
NAMED = ["mr", "20ng", "r8", "r52", "ohsumed", "acl_arc", "imdb"]


def archive(files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def story(number, topics, title, body, split="TRAIN", has_topics="YES"):
    ds = "".join(f"<D>{topic}</D>" for topic in topics)
    return (
        f'<REUTERS TOPICS="{has_topics}" LEWISSPLIT="{split}" CGISPLIT="TRAINING-SET" NEWID="{number}">\n'
        f"<DATE>26-FEB-1987</DATE>\n<TOPICS>{ds}</TOPICS>\n<PLACES><D>usa</D></PLACES>\n"
        f"<TEXT>&#2;\n<TITLE>{title}</TITLE>\n<DATELINE>    NEW YORK, Feb 26 - </DATELINE>{body}</TEXT>\n"
        "</REUTERS>\n"
    )


TEXT_GCN = "text_gcn-5fa0c35dbe09453a8f724c3f3eb8b6f172deb18c/data"
NEWSGROUPS = {
    f"{TEXT_GCN}/20ng/20news-bydate-{part}/{group}/{number}": f"From: {group} {number}\n\n\x9c\n".encode("latin-1")
    for part in ("train", "test")
    for group in ("sci.space", "alt.atheism")
    for number in range(20, 9, -1)
}
ABSTRACTS = {
    f"{TEXT_GCN}/ohsumed_single_23/{part}/{label}/00000{number}": f"Title {number}.\n A  line.\n".encode()
    for part in ("test", "training")
    for label in ("C02", "C01")
    for number in range(10, 20)
}
REVIEWS = {
    f"aclImdb/{part}/{folder}/{number}_{stars}.txt": f"{part} {folder} {number}<br />é".encode()
    for part in ("test", "train")
    for folder, stars in (("neg", 2), ("pos", 9))
    for number in range(20)
}
STORIES = [
    story(1, ["earn"], "NET UP &lt;X.O>", "<BODY>It rose 12 pct\nin 1987, AT&amp;T said.\n Reuter\n&#3;</BODY>"),
    story(2, ["earn", "acq"], "TWO TOPICS", "<BODY>No</BODY>"),
    story(3, ["earn"], "TEST PART", "<BODY>No</BODY>", split="TEST"),
    story(4, ["earn"], "NO TOPICS", "<BODY>No</BODY>", has_topics="NO"),
    story(5, ["jojoba"], "NOT ONE OF THE CLASSES", "<BODY>No</BODY>"),
    story(6, [], "NONE", "<BODY>No</BODY>") * 3,
    story(7, ["acq"], "UNITS", "<BODY>sold</BODY>") * 10,
]
LINES = b"".join(b"earn\tnet %s \nacq\tbuys %s \n" % (b"x" * n, b"x" * n) for n in range(1, 11))
CITATIONS = (
    b'{"text": "We follow A ( 2001 ) .", "label": "Uses", "metadata": {}}\n'
    b'{"text": "See B \\u00e9\\u2028x .", "label": "Background", "metadata": {}}\n'
)

# By set: the content of each file of its `urls`, in the layout of the source.
MINIATURES = {
    "mr": {
        "text_train": b"fine film . \r\ndull \x97 caf\xe9 . \r\n" * 5,
        "label_train": b"1\r\n0\r\n" * 5,
        "text_test": b"fine . \r\ndull . \r\n",
        "label_test": b"1\r\n0\r\n",
    },
    "r8": {"train": LINES.rstrip(b"\n"), "test": b"earn\tloss narrows "},
    "r52": {
        "test": b"earn\tloss narrows \nacq\tbids for a bank ",
        "reuters": archive(
            {
                "README.txt": b"<REUTERS>",
                # In another order than that of their names.
                "reut2-001.sgm": story(9, ["acq"], "LAST &lt;LST> BID", "Blah blah blah.\n&#3;").encode(),
                "reut2-000.sgm": b'<!DOCTYPE lewis SYSTEM "lewis.dtd">\n' + "".join(STORIES).encode(),
            }
        ),
    },
    "20ng": {"archive": archive({f"{TEXT_GCN}/20ng/.DS_Store": b"\0", f"{TEXT_GCN}/mr.txt": b"no"} | NEWSGROUPS)},
    "ohsumed": {"archive": archive(ABSTRACTS)},
    "acl_arc": dict.fromkeys(("train", "valid", "test"), CITATIONS),
    "imdb": {"archive": archive({"aclImdb/train/unsup/0_0.txt": b"no", "aclImdb/README": b"no"} | REVIEWS)},
}


def config_of(name, folder):
    return OmegaConf.create(
        {"paths": {"data": str(folder)}, "dataset": OmegaConf.load(CONFIGS / f"{name}.yaml")}
    ).dataset


def load(config, **options):
    """The data set that a config makes; Hydra wraps what the reader raises."""
    try:
        return instantiate(config, **options)
    except InstantiationException as error:
        raise error.__cause__ from None


def load_miniature(name, folder, **changed):
    config = config_of(name, folder)
    content = {config.urls[file]: data for file, data in (MINIATURES[name] | changed).items()}
    fetched = []

    def fetch(url, path):
        fetched.append(url)
        path.write_bytes(content[url])

    return load(config, sha256=None, counts=None, fetch=fetch), fetched


def documents(dataset, split):
    names = dataset.label_names
    return [(row["text"], names[row["label"]]) for row in dataset[split]]


@pytest.mark.parametrize("name", NAMED)
def test_a_download_is_converted_kept_and_not_fetched_again(tmp_path, name):
    first, fetched = load_miniature(name, tmp_path)
    assert sorted(fetched) == sorted(config_of(name, tmp_path).urls.values())
    again, fetched_again = load_miniature(name, tmp_path)
    assert fetched_again == []
    assert again.fingerprint == first.fingerprint
    assert again.provenance == first.provenance
    json.dumps(first.provenance)
    assert set(first.provenance["downloads"]) == set(fetched)


def test_mr_joins_latin_1_texts_with_their_labels(tmp_path):
    load_miniature("mr", tmp_path)
    assert read_pairs(tmp_path / "mr/train.jsonl.gz")[:2] == [
        ("fine film .", "positive"),
        ("dull \x97 café .", "negative"),
    ]
    assert len(read_pairs(tmp_path / "mr/train.jsonl.gz")) == 10


def test_r8_lines_are_a_label_and_a_text(tmp_path):
    dataset, _ = load_miniature("r8", tmp_path)
    assert documents(dataset, "test") == [("loss narrows", "earn")]
    assert [len(dataset[split]) for split in ("train", "valid")] == [18, 2]


def test_r52_train_is_the_single_topic_stories_of_modapte_in_file_order(tmp_path):
    load_miniature("r52", tmp_path)
    assert read_pairs(tmp_path / "r52/train.jsonl.gz") == [
        ("net up x o it rose pct in at t said reuter", "earn"),
        *[("units sold", "acq")] * 10,
        ("last lst bid", "acq"),
    ]


def test_20ng_is_read_by_folder_in_the_order_of_names(tmp_path):
    load_miniature("20ng", tmp_path)
    train = read_pairs(tmp_path / "20ng/train.jsonl.gz")
    assert train[0] == ("From: alt.atheism 10\n\n\x9c", "alt.atheism")
    assert [label for _, label in train] == ["alt.atheism"] * 11 + ["sci.space"] * 11


def test_ohsumed_folds_white_space(tmp_path):
    dataset, _ = load_miniature("ohsumed", tmp_path)
    assert documents(dataset, "test")[0] == ("Title 10. A line.", "C01")
    assert [len(dataset[split]) for split in ("train", "valid", "test")] == [18, 2, 20]


def test_imdb_takes_a_tenth_of_test_for_validation(tmp_path):
    dataset, _ = load_miniature("imdb", tmp_path)
    assert [len(dataset[split]) for split in ("train", "valid", "test")] == [40, 4, 36]
    assert documents(dataset, "train")[0] == ("train neg 0<br />é", "negative")
    held = documents(dataset, "valid") + documents(dataset, "test")
    assert all(text.startswith("test ") for text, _ in held)
    assert len(set(held)) == 40


def test_acl_arc_keeps_its_three_files(tmp_path):
    dataset, _ = load_miniature("acl_arc", tmp_path)
    assert documents(dataset, "valid") == [
        ("We follow A ( 2001 ) .", "Uses"),
        ("See B é\u2028x .", "Background"),
    ]


def test_no_folder_and_no_network_is_one_line_with_the_way_out(tmp_path):
    def fetch(url, path):
        raise OSError("Name or service not known")

    with pytest.raises(AuxtaskError) as error:
        load(config_of("r8", tmp_path), fetch=fetch)
    message = str(error.value)
    assert "\n" not in message
    for part in (
        str(tmp_path / "r8"),
        "https://raw.githubusercontent.com/yao8839836/text_gcn/",
        "Name or service not known",
        "train.jsonl.gz and test.jsonl.gz",
        "python -m auxtask.train dataset=docstrings",
    ):
        assert part in message
    assert not (tmp_path / "r8").exists()


def test_a_download_with_another_hash_than_the_known_one_names_both(tmp_path):
    config = config_of("r8", tmp_path)
    (tmp_path / "sent").write_bytes(b"earn\tx")
    with pytest.raises(AuxtaskError) as error:
        load(config, fetch=lambda url, path: path.write_bytes(b"earn\tx"))
    assert config.sha256.train in str(error.value)
    assert file_hash(tmp_path / "sent") in str(error.value)
    assert not (tmp_path / "r8").exists()


def test_a_source_that_changed_since_the_first_download_is_refused(tmp_path):
    load_miniature("r8", tmp_path)
    (tmp_path / "r8/test.jsonl.gz").unlink()
    with pytest.raises(AuxtaskError, match=r"has SHA-256 .* but .* was expected"):
        load_miniature("r8", tmp_path, train=LINES + b"earn\tmore ")
    load_miniature("r8", tmp_path)


def test_a_kept_file_that_changed_is_refused_with_both_hashes(tmp_path):
    load_miniature("r8", tmp_path)
    path = tmp_path / "r8/train.jsonl.gz"
    before = file_hash(path)
    write_pairs(path, read_pairs(path)[:-1])
    with pytest.raises(AuxtaskError, match=rf"train\.jsonl\.gz has SHA-256 {file_hash(path)}, but {before}"):
        load_miniature("r8", tmp_path)


@pytest.mark.parametrize("sent", [b"<html>log in</html>", b"\x1f\x8b broken", b""])
@pytest.mark.parametrize("name", NAMED)
def test_a_page_in_place_of_the_data_is_refused_and_leaves_nothing(tmp_path, name, sent):
    with pytest.raises(AuxtaskError) as error:
        load_miniature(name, tmp_path, **dict.fromkeys(MINIATURES[name], sent))
    assert "\n" not in str(error.value)
    assert not list(tmp_path.rglob("*.jsonl.gz"))


def test_a_download_cut_off_while_it_wrote_its_files_is_done_again(tmp_path, monkeypatch):
    # IMDb is written in the order train, test, valid; without valid, the other two look like a whole set.
    whole, _ = load_miniature("imdb", tmp_path / "whole")

    def killed(path, pairs):
        if path.name.startswith("valid"):
            raise KeyboardInterrupt
        write_pairs(path, pairs)

    monkeypatch.setattr(named, "write_pairs", killed)
    with pytest.raises(KeyboardInterrupt):
        load_miniature("imdb", tmp_path)
    monkeypatch.undo()
    assert (tmp_path / "imdb/test.jsonl.gz").exists()
    dataset, fetched = load_miniature("imdb", tmp_path)
    assert len(fetched) == 1
    assert dataset.fingerprint == whole.fingerprint


def test_unpublished_counts_are_refused_with_both_figures(tmp_path):
    pairs = [("x", "earn"), ("y", "acq")] * 20
    for split in ("train", "test"):
        write_pairs(tmp_path / "r8" / f"{split}.jsonl.gz", pairs)
    with pytest.raises(
        AuxtaskError, match=r"36 train, 4 valid, 40 test, 2 classes, but .* 4,937 train, 548 valid"
    ):
        load(config_of("r8", tmp_path))
    assert len(load(config_of("r8", tmp_path), counts=None)["train"]) == 36


def test_a_part_of_the_files_is_refused_and_left_alone(tmp_path):
    write_pairs(tmp_path / "r8/train.jsonl.gz", [("x", "earn")])
    with pytest.raises(AuxtaskError, match=r"holds a part of data set 'r8' but no test.jsonl.gz"):
        load(config_of("r8", tmp_path))
    assert read_pairs(tmp_path / "r8/train.jsonl.gz") == [("x", "earn")]


def test_download_over_http(tmp_path, server):
    for split, content in MINIATURES["r8"].items():
        (tmp_path / "served" / f"{split}.txt").write_bytes(content)
    config = config_of("r8", tmp_path)
    urls = {split: f"{server}/{split}.txt" for split in ("train", "test")}
    hashes = {split: file_hash(tmp_path / "served" / f"{split}.txt") for split in ("train", "test")}
    dataset = load(config, urls=urls, sha256=hashes, counts=None)
    assert len(dataset["train"]) == 18
    assert dataset.provenance["downloads"] == {urls[split]: hashes[split] for split in urls}
