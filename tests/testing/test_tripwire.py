"""A wire around the system is touched by all that changes what lies on a disk."""

import os
import shutil
from pathlib import Path

import pytest

from docbatch.testing.tripwire import Killed, Tripwire, wired


def change(folder: Path) -> None:
    """Make, cut and remove files and folders in every way that is wired."""
    (folder / "a" / "b").mkdir(parents=True)
    path = folder / "a" / "file"
    with path.open("wb") as file:
        os.pwrite(file.fileno(), b"some bytes", 0)
        os.ftruncate(file.fileno(), 5)
    os.truncate(path, 2)
    path.unlink()
    (folder / "a" / "b").rmdir()
    (folder / "c").mkdir()
    shutil.rmtree(folder / "c")


def test_what_makes_cuts_and_removes_is_seen_in_its_order(tmp_path: Path) -> None:
    wire = Tripwire()
    with wired(wire):
        change(tmp_path)

    done = [name.removeprefix("after ") for name in wire.names if name.startswith("after ")]
    assert done == [
        *("mkdir", "mkdir", "pwrite", "ftruncate", "truncate", "unlink", "rmdir"),
        *("mkdir", "rmdir"),
    ]


@pytest.mark.parametrize(("effect", "is_left"), [("before unlink", True), ("after unlink", False)])
def test_death_comes_before_or_after_what_removes(tmp_path: Path, effect: str, *, is_left: bool) -> None:
    names = Tripwire()
    with wired(names):
        change(tmp_path / "undisturbed")
    wire = Tripwire(at=names.names.index(effect) + 1)
    with pytest.raises(Killed), wired(wire):
        change(tmp_path / "killed")

    assert (tmp_path / "killed/a/file").exists() == is_left
