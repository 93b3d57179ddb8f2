"""Runs packed into one file read as their folder does; what is no whole archive is refused."""

import io
import tarfile

import pytest

from auxtask.errors import AuxtaskError
from auxtask.runs.archive import opened_runs, pack_runs
from auxtask.runs.reading import read_runs
from folders import make_run


@pytest.fixture
def runs(tmp_path):
    folder = tmp_path / "runs"
    for method in ("stl", "rtm"):
        for seed in (0, 1):
            path = make_run(folder, method=method, seed=seed, predicted=(0, 0, 0, 1, 1, 0, 2, 2, seed, 0))
            (path / "model").mkdir()
            (path / "model" / "model.safetensors").write_bytes(b"weights")
    (folder / "toy" / "tiny" / "unfinished" / "0123456789ab").mkdir(parents=True)
    return folder


def comparable(folder):
    return [
        (
            run.path,
            run.seed,
            run.settings,
            run.scores,
            run.history,
            run.environment,
            run.predictions.predicted.tolist(),
        )
        for run in read_runs(folder).runs
    ]


def test_a_packed_folder_reads_as_it_did(runs, tmp_path):
    archive = tmp_path / "runs.tar.xz"
    assert pack_runs(runs, archive) == 4
    with opened_runs(archive) as unpacked:
        assert comparable(unpacked) == comparable(runs)
        assert not read_runs(unpacked).problems
        assert not list(unpacked.rglob("*.safetensors"))
        assert "paths" not in next(unpacked.rglob("config.yaml")).read_text()
    assert not unpacked.exists()
    with opened_runs(runs) as folder:
        assert folder == runs


def test_equal_runs_give_equal_bytes(runs, tmp_path):
    archives = [tmp_path / f"{name}.tar.xz" for name in "ab"]
    for archive in archives:
        pack_runs(runs, archive)
    assert archives[0].read_bytes() == archives[1].read_bytes()
    # Packing what was unpacked changes nothing more.
    with opened_runs(archives[0]) as unpacked:
        pack_runs(unpacked, tmp_path / "again.tar.xz")
    assert (tmp_path / "again.tar.xz").read_bytes() == archives[0].read_bytes()


@pytest.mark.parametrize("length", [0, 10, 300, -1])
def test_an_archive_that_was_cut_is_refused(runs, tmp_path, length):
    archive = tmp_path / "runs.tar.xz"
    pack_runs(runs, archive)
    archive.write_bytes(archive.read_bytes()[:length])
    with pytest.raises(AuxtaskError, match=r"is no whole archive of runs"), opened_runs(archive):
        pass


def test_an_archive_that_leaves_its_folder_is_refused(tmp_path):
    archive = tmp_path / "runs.tar.xz"
    with tarfile.open(archive, "w:xz") as packed:
        entry = tarfile.TarInfo("../outside.txt")
        entry.size = 4
        packed.addfile(entry, io.BytesIO(b"text"))
    with pytest.raises(AuxtaskError, match=r"is no whole archive of runs.*outside"), opened_runs(archive):
        pass
    assert not (tmp_path / "outside.txt").exists()


def test_what_cannot_be_packed_is_refused(runs, tmp_path):
    with pytest.raises(AuxtaskError, match=r"another ending than \.tar\.xz"):
        pack_runs(runs, tmp_path / "runs.zip")
    (tmp_path / "empty").mkdir()
    with pytest.raises(AuxtaskError, match="no finished run"):
        pack_runs(tmp_path / "empty", tmp_path / "runs.tar.xz")
    assert not (tmp_path / "runs.tar.xz").exists()
