"""`docbatch state backup` and `restore`, killed by the kernel at what they do: the old is there or the new, and whole."""

import random
import shutil
from collections.abc import Iterator

import pytest

from docbatch.testing import _zygote
from tests.cli.project import Project
from tests.cli.test_backup import TEXTS, lose


@pytest.fixture
def read(project: Project) -> Project:
    """A project whose documents were read."""
    project.write(TEXTS)
    project.applied()
    return project


def killed(project: Project, at: int, *arguments: str) -> tuple[int, list[str]]:
    """Run a command that dies at an effect; return how it ended, and what it did where it did not die."""
    process = _zygote.start(project.root, arguments, {}, die_at=at)
    out, err = process.communicate()
    assert "Traceback" not in out + err
    return process.returncode or 0, process.effects if process.returncode == 0 else []


def kills(project: Project, many: int, seed: int, *arguments: str) -> Iterator[int]:
    """Kill a command at its first and last effects and at others between, each time in the same project."""
    kept = shutil.copytree(project.root, project.root.with_name(f"{project.root.name}-{seed}"))
    code, effects = killed(project, 0, *arguments)
    assert code == 0
    between = random.Random(seed).sample(range(3, len(effects) - 4), min(many, len(effects) - 7))
    for at in (1, 2, *sorted(between), *range(len(effects) - 3, len(effects) + 1)):
        shutil.rmtree(project.root)
        shutil.copytree(kept, project.root)
        assert killed(project, at, *arguments)[0] == -9
        yield at


def kill_backups(project: Project, many: int) -> None:
    project.call("state", "backup", "older.tar")
    project.write({"in/later.txt": "later"})
    project.applied()
    older = (project.root / "older.tar").read_bytes()
    for at in kills(project, many, 3, "state", "backup", "older.tar", "--replace"):
        found = project.call("state", "restore", "older.tar", "--dry-run")
        assert found.code == 0, (at, found.err)
        is_older = (project.root / "older.tar").read_bytes() == older
        assert ("12 documents" in found.out) == is_older, at
        assert project.call("state", "backup", "older.tar", "--replace").code == 0
        assert "13 documents" in project.call("state", "restore", "older.tar", "--dry-run").out
        assert list(project.root.glob(".older*")) == []


def kill_restores(project: Project, many: int) -> None:
    project.call("state", "backup", "copy.tar")
    old = project.outputs()
    project.write({"in/later.txt": "later"})
    project.applied()
    new = project.outputs()
    for pack in (project.root / ".docbatch/spool/packs").iterdir():
        pack.chmod(0o600)
    for at in kills(project, many, 5, "state", "restore", "copy.tar"):
        assert project.call("state", "check").out == "the state is sound\n", at
        is_new = "later.txt" in project.call("state", "list").out
        lose(project, "out")
        if not is_new:
            (project.root / "in/later.txt").unlink()
        assert project.applied().processed == 0, at
        assert project.outputs() == (new if is_new else old), at
        assert project.call("state", "restore", "copy.tar").code == 0
        assert not (project.root / ".docbatch/restoring").exists()


def test_a_backup_that_is_killed_leaves_the_older_one_or_the_new_one(read: Project) -> None:
    kill_backups(read, 2)


def test_a_restore_that_is_killed_leaves_what_was_there_or_what_shall_be(read: Project) -> None:
    kill_restores(read, 4)


@pytest.mark.full
def test_backups_and_restores_that_are_killed_at_many_moments(read: Project) -> None:
    kill_restores(read, 40)
    lose(read, "out", ".docbatch")
    read.write(TEXTS)
    read.applied()
    kill_backups(read, 20)
