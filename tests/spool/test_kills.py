"""Processes killed by the kernel while they keep results, move those of before, and compact: none is ever lost."""

import gzip
import random
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from docbatch.engine.administration.check_state import check
from docbatch.spool.old_entries import OldEntries
from docbatch.testing.tripwire import Tripwire
from tests.cli.project import Project, gone
from tests.cli.test_kill_apply import JOB, comparable, documents, leftovers, rows
from tests.kept_results import kept_results, unpack_all
from tests.spool import victim
from tests.spool.opened import killed, opened, taken_up, unread
from tests.spool.test_compaction import name_results
from tests.spool.victim import ACTS, DIGESTS, PAYLOADS


def begun(folder: Path, name: str) -> Path:
    """Make a state to which one of the acts has something to do."""
    if name == "move":
        with opened(folder) as spool:
            for payload, digest in zip(PAYLOADS, DIGESTS, strict=True):
                path = spool.old.path(digest)
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(gzip.compress(payload))
    elif name == "pack":
        for half in (0, 1):
            with taken_up(folder) as (store, spool):
                waste = [random.Random(number).randbytes(3000) for number in range(half * 8, half * 8 + 8)]
                mixed = [each for pair in zip(PAYLOADS[half::2], waste * 3, strict=False) for each in pair]
                spool.record([(draft.digest, spool.admit(draft)) for draft in map(spool.draft, mixed)])
                name_results(store, DIGESTS[half::2])
    else:
        with opened(folder):
            pass
    return folder


def recorded(folder: Path) -> list[str]:
    return [each.digest for each in kept_results(folder) if each.digest in DIGESTS]


def faults(root: Path, name: str, kills: list[dict[str, float]]) -> Iterator[str]:
    """Kill an act in each of the ways, look what can be read, and let another process finish."""
    template = begun(root / "template", name)
    wire = Tripwire()
    killed(shutil.copytree(template, root / "undisturbed"), ACTS[name], wire)
    for number, kill in enumerate(kills):
        folder = shutil.copytree(template, root / str(number))
        if "at" in kill:
            ended = victim.act(folder, name, at=1 + int(kill["at"] * len(wire.names)))
        else:
            ended = victim.act(folder, name, delay=kill["delay"])
        assert ended in {0, -signal.SIGKILL}
        safe = recorded(folder) if name == "keep" else DIGESTS
        yield from (f"{kill}: {each} is lost" for each in unread(folder, safe))
        assert victim.act(folder, name) == 0
        yield from (f"{kill}: {each} is lost at the end" for each in unread(folder, DIGESTS))
        yield from (f"{kill}: {each.sentence}" for each in check(folder))
        if set(recorded(folder)) != set(DIGESTS) or list(OldEntries(folder / "spool").digests()):
            yield f"{kill}: it was not finished"


def moments(number: int, seed: int, kind: str, length: float = 1.0) -> list[dict[str, float]]:
    dice = random.Random(seed)
    return [{kind: dice.random() * length} for _ in range(number)]


@pytest.mark.parametrize("name", ACTS)
def test_killed_at_some_moments_nothing_is_lost(tmp_path: Path, name: str) -> None:
    assert list(faults(tmp_path, name, moments(5, 1, "at"))) == []


@pytest.mark.full
@pytest.mark.parametrize("name", ACTS)
@pytest.mark.parametrize(("kind", "length"), [("at", 1.0), ("delay", 0.25)])
def test_killed_at_a_hundred_moments_nothing_is_lost(
    tmp_path: Path, name: str, kind: str, length: float
) -> None:
    assert list(faults(tmp_path, name, moments(100, 2, kind, length))) == []


def older(root: Path, folders: int) -> Project:
    """Make a project of which half was read by a version before there were packs, and half is new."""
    root.mkdir()
    project = Project(root)
    project.job(JOB)
    first = documents(folders)
    project.write(first)
    project.applied()
    unpack_all(root / ".docbatch")
    texts = {path: content for path, content in first.items() if path.endswith((".csv", ".md"))}
    project.write({path.replace("in/", "in/new/"): content + b"more\n" for path, content in texts.items()})
    return project


def commands_killed(root: Path, kills: int, seed: int, folders: int) -> None:
    undisturbed = older(root / "undisturbed", folders)
    began = time.monotonic()
    assert undisturbed.run("apply").returncode == 0
    length = time.monotonic() - began
    expected, expected_rows = comparable(undisturbed.outputs()), rows(undisturbed.root)
    dice = random.Random(seed)
    for number in range(kills):
        subject = older(root / str(number), folders)
        for command in (("apply",), ("state", "compact")):
            process = subject.start(*command)
            time.sleep(dice.uniform(0.1, length))
            process.send_signal(signal.SIGKILL)
            process.communicate()
            assert gone(subject.root, process.pid)
        assert subject.run("apply").returncode == 0
        assert subject.run("state", "check").returncode == 0
        assert comparable(subject.outputs()) == expected
        assert rows(subject.root) == expected_rows
        assert leftovers(subject.root) == []


@pytest.mark.full
def test_commands_that_are_killed_at_fifty_moments_end_as_undisturbed_ones(tmp_path: Path) -> None:
    commands_killed(tmp_path, kills=50, seed=4, folders=10)
