"""Hints of manifests, of what differs from what was written, and of outputs that nothing wants any more."""

import errno
from pathlib import Path
from unittest import mock

import pytest

from tests.cli.project import JOB, Project
from tests.hints.table import Hints, helps

LISTED = JOB.replace("name: job", "name: job\nmanifest: true").replace("out/{{", "out/job/{{")
PLACE = "out/job/manifest.json"


@pytest.fixture
def listed(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.write({f"in/{number}.txt": f"text {number}" for number in range(12)})
    made.job(LISTED)
    made.applied()
    return made


def without(project: Project, *numbers: int) -> None:
    for number in numbers:
        (project.root / f"in/{number}.txt").unlink()
    project.applied()


@helps(
    "'docbatch apply' writes altered outputs again, free of charge, and keeps what stood there in the trash"
)
def test_what_was_altered_is_mended_by_apply(listed: Project, hints: Hints) -> None:
    (listed.root / "out/job/1.txt.md").write_text("edited")
    told = listed.call("drift")

    assert told.code == 2
    assert "removed" not in told.out
    assert hints.follow(listed, told).code == 0
    assert listed.call("drift").code == 0
    assert [path.read_text() for path in (listed.root / ".docbatch/trash").glob("*1.txt.md")] == ["edited"]


@helps("'docbatch apply' writes removed outputs again, free of charge")
def test_what_was_removed_is_mended_by_apply(listed: Project, hints: Hints) -> None:
    (listed.root / "out/job/1.txt.md").unlink()
    told = listed.call("drift")

    assert told.code == 2
    assert "altered" not in told.out
    assert hints.follow(listed, told).code == 0
    assert listed.call("drift").code == 0


@helps(
    "'docbatch apply' writes moved outputs where they were, free of charge; what was moved stays where it is now"
)
def test_what_was_moved_is_mended_by_apply(listed: Project, hints: Hints) -> None:
    moved = listed.root / "out/job/mine.md"
    (listed.root / "out/job/1.txt.md").rename(moved)

    assert hints.follow(listed, listed.call("drift")).code == 0
    assert moved.read_bytes() == (listed.root / "out/job/1.txt.md").read_bytes()
    moved.rename(listed.root / "mine.md")
    assert listed.call("drift").code == 0


@helps("what removed documents left behind is named as added until 'docbatch prune' removes it")
def test_what_is_left_is_pruned(listed: Project, hints: Hints) -> None:
    without(listed, 1)
    told = listed.call("verify")

    assert told.code == 2
    assert hints.follow(listed, told).code == 0
    assert listed.call("verify").code == 0


@helps("{} that nothing wants any more {} not compared; 'docbatch prune --dry-run' names {}")
def test_what_drift_does_not_compare_is_named_by_prune(listed: Project, hints: Hints) -> None:
    without(listed, 1)
    told = listed.call("drift")

    assert told.code == 0
    assert "out/job/1.txt.md" in hints.follow(listed, told).out


@helps("say 'manifest: true' in a job and run 'docbatch apply', or name a file")
def test_no_job_has_a_manifest(listed: Project, hints: Hints) -> None:
    listed.job(JOB)
    told = listed.call("verify")
    listed.job(LISTED)

    assert hints.follow(listed, told).code == 0
    assert listed.call("verify").code == 0


@helps("'docbatch apply' writes it")
def test_a_manifest_that_is_not_there_yet(listed: Project, hints: Hints) -> None:
    (listed.root / PLACE).unlink()

    assert hints.follow(listed, listed.call("verify")).code == 0
    assert listed.call("verify").code == 0


@helps("put it back as it was committed, or let 'docbatch apply' write it again")
def test_a_spoilt_manifest(listed: Project, hints: Hints) -> None:
    listed.write({PLACE: "{}"})

    assert hints.follow(listed, listed.call("verify")).code == 0
    assert listed.call("verify").code == 0


@helps("outputs and results are safe; mend it and run 'docbatch apply' again")
def test_a_folder_in_the_place_of_the_manifest(listed: Project, hints: Hints) -> None:
    (listed.root / PLACE).unlink()
    (listed.root / PLACE).mkdir()
    told = listed.call("apply")
    (listed.root / PLACE).rmdir()

    assert told.code == 1
    assert hints.follow(listed, told).code == 0
    assert listed.call("verify").code == 0


@helps("  'docbatch prune --restore {}' puts them back")
def test_what_was_pruned_comes_back(listed: Project, hints: Hints) -> None:
    without(listed, 1)

    assert hints.follow(listed, listed.call("prune")).code == 0
    assert (listed.root / "out/job/1.txt.md").exists()


@helps(
    "nothing was removed; look at them with 'docbatch prune --dry-run', and say '--allow pruned' where that is meant",
    "  this would be refused; '--allow pruned' lets it pass where that is meant",
)
def test_much_is_refused_and_can_be_allowed(listed: Project, hints: Hints) -> None:
    without(listed, *range(11))
    told = listed.call("prune")
    assert told.code == 6

    shown = hints.follow(listed, told, "nothing was removed")
    hints.see(shown, "this would be refused")
    assert listed.call("prune", "--allow", "pruned").code == 0
    assert not (listed.root / "out/job/1.txt.md").exists()


@helps("what was moved can be put back by 'docbatch prune --restore'; mend it and run 'docbatch prune' again")
def test_a_full_disk_stops_a_prune(listed: Project, hints: Hints) -> None:
    without(listed, 1)
    full = OSError(errno.ENOSPC, "No space left on device")
    with mock.patch(
        "docbatch.engine.administration.outputs.trash_batches.TrashBatch.announce", side_effect=full
    ):
        told = listed.call("prune")

    assert told.code == 1
    assert hints.follow(listed, told, nth=1).code == 0
    assert not (listed.root / "out/job/1.txt.md").exists()


@helps("'docbatch prune --list' shows what can be put back")
def test_nothing_is_called_so(listed: Project, hints: Hints) -> None:
    without(listed, 1)
    listed.call("prune")

    assert "1 output" in hints.follow(listed, listed.call("prune", "--restore", "nothing")).out


@helps("say one of --list, --restore and --empty-trash")
def test_one_thing_at_a_time(listed: Project, hints: Hints) -> None:
    hints.see(listed.call("prune", "--list", "--restore"))

    assert listed.call("prune", "--list").code == 0


@helps("With --empty-trash: only what has been there for longer; 0s is all of it.")
def test_the_trash_is_emptied(listed: Project, hints: Hints) -> None:
    hints.see(listed.call("prune", "--help"))

    assert listed.call("prune", "--empty-trash", "--older-than", "0s").code == 0


@helps("job '{}' is in no spec of jobs/; its outputs stay until 'docbatch apply' has noticed that it is gone")
def test_a_job_that_is_gone_is_noticed_by_apply(listed: Project, hints: Hints) -> None:
    listed.job(LISTED.replace("name: job", "name: other").replace("out/job", "out/other"))
    told = listed.call("prune")

    assert hints.follow(listed, told).code == 0
    assert listed.call("prune", "--allow", "pruned").code == 0
    assert not (listed.root / "out/job").exists()
