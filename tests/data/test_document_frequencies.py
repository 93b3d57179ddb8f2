"""In how many texts words stand: counted, kept by content, and the table that is shipped."""

from pathlib import Path
from subprocess import run
from sys import executable

import pytest

from auxtask.data.document_frequencies import GENERAL_ENGLISH, DocumentFrequencies, general_frequencies
from auxtask.errors import AuxtaskError

SCRIPT = Path(__file__).parents[2] / "scripts" / "make_general_counts.py"
TEXTS = ["The sea, the SEA and the café.", "A cafe by the sea-side: 3rd, naïve_x.", "Nobody's."]
EXPECTED = {
    "the": 2, "sea": 2, "and": 1, "cafe": 2, "a": 1, "by": 1, "side": 1, "rd": 1, "naive": 1, "x": 1, "nobody": 1,
    "s": 1,
}  # fmt: skip


def test_a_word_counts_once_a_text_in_whatever_case():
    found = DocumentFrequencies.of(iter(TEXTS))
    assert (found.texts, found.counts) == (3, EXPECTED)
    assert [found.held_by(word) for word in ("Café", "THE", "unseen")] == [2, 2, 0]


def test_what_is_written_is_what_is_read(tmp_path):
    found = DocumentFrequencies.of(TEXTS)
    found.write(tmp_path / "counts.tsv.xz")
    assert DocumentFrequencies.read(tmp_path / "counts.tsv.xz") == found


def test_texts_of_the_user_are_counted_once_and_kept_by_their_content(tmp_path, monkeypatch):
    (tmp_path / "general.txt").write_text("\n".join(TEXTS), encoding="utf-8")
    found = general_frequencies(tmp_path / "general.txt", tmp_path / "cache")
    assert found == DocumentFrequencies.of(TEXTS)
    (tmp_path / "moved.txt").write_text("\n".join(TEXTS), encoding="utf-8")
    with monkeypatch.context() as patched:
        patched.setattr(DocumentFrequencies, "of", None)
        assert general_frequencies(tmp_path / "moved.txt", tmp_path / "cache") == found
    (tmp_path / "moved.txt").write_text("other text\n")
    assert general_frequencies(tmp_path / "moved.txt", tmp_path / "cache").counts == {"other": 1, "text": 1}
    with pytest.raises(AuxtaskError, match=r"does not exist; give a file of texts"):
        general_frequencies(tmp_path / "nothing.txt", tmp_path / "cache")


def test_the_shipped_table_is_small_and_knows_common_words_from_rare_ones():
    assert GENERAL_ENGLISH.stat().st_size < 400_000
    general = general_frequencies(None, "no cache")
    assert general.held_by("the") > 0.98 * general.texts
    counts = [general.held_by(word) for word in ("the", "water", "equation", "corpus", "parser")]
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] == 0
    assert min(general.counts.values()) == 2
    assert all(word.isalpha() and word == word.lower() for word in general.counts)


def test_the_script_counts_blocks_of_whole_paragraphs(tmp_path, monkeypatch):
    (tmp_path / "one.txt").write_text("a b c\nb d\nd e\n\na\n")
    (tmp_path / "two.txt").write_text("a f\n")
    code = (
        "import runpy, sys; from pathlib import Path; import auxtask.data.document_frequencies as module;"
        f"module.GENERAL_ENGLISH = Path({str(tmp_path / 'counts.tsv.xz')!r}); sys.argv = sys.argv[1:];"
        "runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    line = [executable, "-c", code, str(SCRIPT), str(tmp_path / "one.txt"), str(tmp_path / "two.txt")]
    run([*line, "--words", "4", "--least", "2"], check=True)
    # The blocks are "a b c b d", "d e", "a" and "a f".
    assert DocumentFrequencies.read(tmp_path / "counts.tsv.xz") == DocumentFrequencies(4, {"a": 3, "d": 2})
