"""What a project remembers, and every result, can be read by their owner alone."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.project import Project


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def open_to_others(folder: Path) -> list[str]:
    """Return what others may look into, and what its owner may not use."""
    found = []
    for path in [folder, *folder.rglob("*")]:
        mode = stat.S_IMODE(path.lstat().st_mode)
        if mode != (0o700 if path.is_dir() else 0o600):
            found.append(f"{path.relative_to(folder)} {mode:o}")
    return found


def edited(project: Project) -> None:
    """Let an output be edited and written again, so that there is something in the trash."""
    (project.root / "out/a.txt.md").chmod(0o644)
    (project.root / "out/a.txt.md").write_text("edited")
    project.write({"in/a.txt": "one more"})


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o277])
def test_no_umask_lets_others_in_or_the_owner_out(project: Project, mask: int) -> None:
    project.write({"in/a.txt": "one", "in/b.txt": "two"})

    with umask(mask):
        project.call("plan")
        project.applied()
    edited(project)
    with umask(mask):
        project.call("apply")
        copied = project.call("state", "backup", "copy.db")

    assert copied.code == 0
    assert list((project.root / ".docbatch/trash").iterdir())
    assert open_to_others(project.root / ".docbatch") == []
    assert stat.S_IMODE((project.root / "copy.db").stat().st_mode) == 0o600


def test_outputs_are_as_the_umask_says(project: Project) -> None:
    project.write({"in/a.txt": "one"})

    with umask(0o022):
        project.applied()

    assert stat.S_IMODE((project.root / "out/a.txt.md").stat().st_mode) == 0o644


def test_a_folder_that_others_may_read_is_taken_from_them_once(project: Project) -> None:
    project.write({"in/a.txt": "one"})
    project.applied()
    folder = project.root / ".docbatch"
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)

    project.applied()
    tightened = open_to_others(folder)
    (folder / "README").chmod(0o644)
    project.applied()

    assert tightened == []
    assert open_to_others(folder) == ["README 644"]
