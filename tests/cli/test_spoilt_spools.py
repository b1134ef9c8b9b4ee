"""Folders of the spool in whose place something else lies: whoever looks is told, nothing waits for ever, nothing is given up."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.project import Project
from tests.kept_results import packs

LOOKING = (
    ("status",),
    ("plan",),
    ("explain", "in/0.txt"),
    ("state", "check"),
    ("state", "compact", "--dry-run"),
)


@pytest.fixture
def spool(project: Project) -> Path:
    project.write({f"in/{number}.txt": f"text {number}" for number in range(3)})
    project.applied()
    return project.root / ".docbatch/spool"


def file_for_packs(spool: Path) -> None:
    (spool / "packs").write_text("somebody's own")


def file_for_all(spool: Path) -> None:
    shutil.rmtree(spool)
    spool.write_text("somebody's own")


@pytest.mark.parametrize("spoil", [file_for_packs, file_for_all])
def test_without_a_place_for_packs_a_run_refuses_and_gives_no_result_up(
    project: Project, spool: Path, spoil: Callable[[Path], None]
) -> None:
    kept = shutil.move(spool / "packs", project.root / "kept")
    spoil(spool)
    looked = [project.call(*command) for command in LOOKING]
    project.write({"in/new.txt": "new"})
    refused = [project.call("apply"), project.call("state", "compact")]
    if spool.is_file():
        spool.unlink()
        spool.mkdir()
    else:
        (spool / "packs").unlink()
    shutil.move(kept, spool / "packs")

    assert [each.code for each in looked] == [0, 0, 0, 1, 0]
    assert [(each.code, "cannot be written" in each.err) for each in refused] == [(1, True)] * 2
    assert project.applied().processed == 1
    assert project.call("state", "check").code == 0


def test_a_pipe_in_the_place_of_what_readers_hold_is_not_waited_for(project: Project, spool: Path) -> None:
    (spool / "readers").unlink()
    os.mkfifo(spool / "readers")
    ended = [project.call(*command) for command in (*LOOKING, ("apply",), ("state", "compact"))]

    assert {each.code for each in ended} <= {0, 1}
    (spool / "readers").unlink()
    assert project.call("state", "check").code == 0


def test_folders_and_pipes_among_results_on_their_way_and_of_before_are_left_alone(
    project: Project, spool: Path
) -> None:
    (spool / "incoming/somebody's").mkdir()
    (spool / "ab").mkdir()
    (spool / "ab" / f"{'ab' * 32}.gz").mkdir()
    os.mkfifo(spool / "ab" / f"{'ab' * 31}cd.gz")
    project.write({"in/new.txt": "new"})

    assert [project.call(*command).code for command in LOOKING] == [0] * 5
    assert project.applied().processed == 1
    assert project.call("state", "compact").code == 0
    assert len(list((spool / "ab").iterdir())) == 2
    assert (spool / "incoming/somebody's").is_dir()
    assert len(packs(project.root / ".docbatch")) == 2
