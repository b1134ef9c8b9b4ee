"""Folders that cannot be written to, and disks that are full."""

import ctypes
import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.project import JOB, Project

PR_CAPBSET_DROP = 24
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER = 1, 2, 3


def ordinary() -> None:
    """Take from the administrator, in a child about to become the command, what lets him pass over permissions."""
    if os.geteuid() == 0:
        library = ctypes.CDLL(None, use_errno=True)
        for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER):
            library.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Take the right to write from everything below a folder."""
    paths = [folder, *folder.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        yield
    finally:
        for path in paths:
            path.chmod(0o755 if path.is_dir() else 0o644)


def test_a_plan_needs_no_right_to_write(project: Project) -> None:
    project.write({"in/a.txt": "one"})
    project.applied()
    project.write({"in/b.txt": "two"})

    with read_only(project.root):
        planned = project.run("plan", preexec_fn=ordinary)
        listed = project.run("status", preexec_fn=ordinary)

    assert (planned.returncode, planned.stderr) == (0, "")
    assert "1 unchanged and delivered" in planned.stdout
    assert "Will send 1 document" in planned.stdout
    assert (listed.returncode, listed.stderr) == (0, "")


def test_a_plan_of_a_checkout_without_state_needs_no_right_to_write(project: Project) -> None:
    project.write({"in/a.txt": "one"})

    with read_only(project.root):
        planned = project.run("plan", preexec_fn=ordinary)

    assert (planned.returncode, planned.stderr) == (0, "")


def test_an_apply_that_may_not_write_its_state_says_so(project: Project) -> None:
    project.write({"in/a.txt": "one"})

    with read_only(project.root):
        refused = project.run("apply", preexec_fn=ordinary)

    assert refused.returncode == 1
    assert "the state folder cannot be made: Permission denied" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_an_apply_that_may_not_write_to_its_state_says_so(project: Project) -> None:
    project.write({"in/a.txt": "one"})
    project.applied()

    with read_only(project.root):
        refused = project.run("apply", preexec_fn=ordinary)

    assert refused.returncode == 1
    assert ".docbatch" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_an_unreadable_document_fails_with_its_reason_and_the_others_go_on(project: Project) -> None:
    project.write({"in/a.txt": "one", "in/secret.txt": "two"})
    (project.root / "in/secret.txt").chmod(0)

    ended = project.run("apply", preexec_fn=ordinary)

    assert ended.returncode == 3
    assert "cannot be sent: secret.txt: unreadable" in ended.stdout
    assert project.outputs() == {"a.txt.md": b"one\n"}


def test_what_lies_in_a_folder_that_cannot_be_read_is_not_taken_for_gone(project: Project) -> None:
    project.write({"in/a.txt": "one", "in/sub/b.txt": "two"})
    project.applied()
    closed = project.root / "in/sub"
    closed.chmod(0)

    planned = project.run("plan", preexec_fn=ordinary)
    ended = project.run("apply", preexec_fn=ordinary)
    closed.chmod(0o755)

    assert "no longer found" not in planned.stdout
    assert ended.returncode == 3
    assert "cannot be sent: sub/: unreadable" in ended.stdout
    assert "1 unchanged" in planned.stdout
    assert "2 unchanged and delivered" in project.call("plan").out


def test_a_result_is_written_though_its_document_cannot_be_looked_at_any_more(project: Project) -> None:
    project.write({"in/sub/large.txt": "x" * 3_000_000, "in/small.txt": "small"})
    project.run("apply", preexec_fn=too_small)
    closed = project.root / "in/sub"
    closed.chmod(0)

    ended = project.run("apply", preexec_fn=ordinary)
    closed.chmod(0o755)

    assert ended.returncode == 3
    assert len(project.outputs()["sub/large.txt.md"]) == 3_000_001


def too_small() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))


def test_an_output_that_cannot_be_written_comes_with_the_next_run(project: Project) -> None:
    project.write({"in/large.txt": "x" * 3_000_000, "in/small.txt": "small"})

    ended = project.run("apply", preexec_fn=too_small)

    assert ended.returncode == 1
    assert "large.txt.md cannot be written: file too large" in ended.stderr
    assert project.outputs() == {"small.txt.md": b"small\n"}
    assert "its result is not written yet\n      large.txt\n" in project.call("plan", "--verbose").out
    assert project.applied().processed == 0
    assert len(project.outputs()["large.txt.md"]) == 3_000_001


def test_what_a_sink_lacked_is_not_written_once_the_job_has_another(project: Project) -> None:
    project.write({"in/large.txt": "x" * 3_000_000, "in/small.txt": "small"})
    project.run("apply", preexec_fn=too_small)
    project.job(JOB.replace("out/", "new/"))

    assert project.applied().processed == 0
    assert sorted(project.outputs("new")) == ["large.txt.md", "small.txt.md"]
    assert sorted(project.outputs()) == ["small.txt.md"]


@contextmanager
def disk(folder: Path) -> Iterator[None]:
    """Put a file system of one megabyte at a folder."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root may make a small disk")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def grow(folder: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=50m", str(folder)], check=True)


@pytest.mark.parametrize(
    "sink", ["", "  - {type: jsonl, path: out/all.jsonl}\n  - {type: sqlite, path: out/all.db}\n"]
)
def test_a_full_disk_stops_the_delivery_and_loses_nothing(project: Project, sink: str) -> None:
    project.job(JOB + sink)
    project.write({f"in/{number}.txt": os.urandom(400_000).hex() for number in range(3)})

    with disk(project.root / "out"):
        ended = project.call("apply")
        assert ended.code == 1
        assert "no space left on device" in ended.err
        assert "free space and run `docbatch apply` again" in ended.err
        grow(project.root / "out")
        assert project.applied().processed == 0
        assert len([name for name in project.outputs() if name.endswith(".md")]) == 3
