"""A pack that is truncated, altered, removed or swapped: its documents are named, they come back, and everything else goes on."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.project import Project
from tests.kept_results import kept_results, packs
from tests.spool.spoilt import SPOILS, Spoil, folder, link, pipe, remove

FIRST = {f"{number}.txt": f"first {number}" for number in range(4)}
SECOND = {f"{number}.txt": f"second {number}" for number in range(4, 8)}


def project(root: Path, word: str = "text") -> Project:
    root.mkdir()
    made = Project(root)
    made.job()
    for texts in (FIRST, SECOND):
        made.write({f"in/{name}": f"{word} {text}" for name, text in texts.items()})
        made.applied()
    return made


@dataclass(frozen=True)
class Pair:
    """A project and one of somebody else, as they were when both had been applied twice."""

    subject: Project
    stranger: Project


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with both, and with a copy of both: the state names places, so they are put back where they were."""
    folder = tmp_path_factory.mktemp("applied")
    for name, word in (("project", "text"), ("stranger", "another")):
        project(folder / name, word)
        shutil.copytree(folder / name, folder / "kept" / name, symlinks=True)
    return folder


@pytest.fixture
def pair(applied: Path) -> Pair:
    for name in ("project", "stranger"):
        shutil.rmtree(applied / name)
        shutil.copytree(applied / "kept" / name, applied / name, symlinks=True)
    return Pair(Project(applied / "project"), Project(applied / "stranger"))


def first_pack(subject: Project) -> Path:
    """Return the pack of the run before the last."""
    return min(packs(subject.root / ".docbatch"), key=lambda path: path.stat().st_mtime_ns)


@pytest.mark.parametrize("spoil", SPOILS.values())
def test_what_a_spoilt_pack_held_is_named_and_comes_back(pair: Pair, spoil: Spoil) -> None:
    subject, stranger = pair.subject, pair.stranger
    before = subject.outputs()
    spoil(first_pack(subject), first_pack(stranger))
    found = subject.call("state", "check")
    for path in (subject.root / "out").iterdir():
        path.unlink()
    ended = subject.applied()

    named = [line for line in found.out.splitlines() if "the stored result" in line]
    assert found.code == 1
    assert 1 <= len(named) <= 4
    assert all(line.startswith("item ") for line in named)
    assert subject.outputs() == before
    assert ended.processed == len(named)
    assert subject.call("state", "check").code == 0


@pytest.mark.parametrize(
    "spoil", [remove, pipe, *(pytest.param(each, marks=pytest.mark.full) for each in (folder, link))]
)
def test_a_pack_that_is_gone_is_told_by_the_plan_and_filled_again_although_all_outputs_are_there(
    tmp_path: Path, pair: Pair, spoil: Spoil
) -> None:
    subject = pair.subject
    before = subject.outputs()
    (tmp_path / "elsewhere").write_bytes(first_pack(subject).read_bytes())
    spoil(first_pack(subject), tmp_path / "elsewhere")
    planned = subject.call("plan")
    ended = subject.applied()
    again = subject.applied()

    assert "their stored results are gone: read again" in planned.out
    assert (ended.processed, again.processed) == (4, 0)
    assert '"type": "resultslost", "job": "job", "documents": 4, "read_again": 4' in ended.out
    assert subject.outputs() == before
    assert subject.call("state", "check").code == 0
    assert "Nothing is due." in subject.call("plan").out


def test_a_pack_of_another_project_beside_ours_does_no_harm(pair: Pair) -> None:
    subject, stranger = pair.subject, pair.stranger
    before = {each.digest for each in kept_results(subject.root / ".docbatch")}
    for pack in packs(stranger.root / ".docbatch"):
        shutil.copy(pack, subject.root / ".docbatch/spool/packs")
    subject.write({"in/new.txt": "new"})

    assert subject.applied().processed == 1
    assert before < {each.digest for each in kept_results(subject.root / ".docbatch")}
    assert subject.call("state", "check").code == 0


def test_a_state_that_is_put_back_and_taken_away_again_loses_nothing(tmp_path: Path, pair: Pair) -> None:
    subject = pair.subject
    state, kept = subject.root / ".docbatch/state.db", tmp_path / "kept.db"
    subject.call("state", "backup", "--without-results", str(kept))
    subject.write({f"in/later{number}.txt": f"later {number}" for number in range(5)})
    subject.applied()
    newer = tmp_path / "newer.db"
    subject.call("state", "backup", "--without-results", str(newer))
    for backup in (kept, newer):
        for path in state.parent.glob("state.db*"):
            path.unlink()
        shutil.copy(backup, state)
        ended = subject.call("apply", "--allow", "overwritten")
        assert ended.code == 0, ended.err

    assert subject.call("state", "check").code == 0
    assert "read again" not in ended.out + ended.err


def test_a_state_that_was_lost_finds_what_was_kept_when_it_comes_back(tmp_path: Path, pair: Pair) -> None:
    subject = pair.subject
    folder, kept = subject.root / ".docbatch", tmp_path / "kept.db"
    subject.call("state", "backup", "--without-results", str(kept))
    before = subject.outputs()
    for path in (*folder.glob("state.db*"), *folder.glob("serial"), folder / "README"):
        path.unlink()
    (subject.root / "in/0.txt").write_text("another")
    subject.call("apply", "--allow", "overwritten")
    for path in (*folder.glob("state.db*"), *folder.glob("serial")):
        path.unlink()
    shutil.copy(kept, folder / "state.db")

    assert subject.call("state", "check").code == 0
    (subject.root / "in/0.txt").write_text("text first 0")
    shutil.rmtree(subject.root / "out")
    assert subject.applied().processed == 0
    assert subject.outputs() == before
