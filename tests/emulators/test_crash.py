"""The crash matrix notices what it is for: a client that pays twice, and one that loses a document."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from docbatch.emulators.server import Emulator
from docbatch.testing.crash import MODES, Crash, Mode, enumerate_requests, some
from tests.emulators.test_server import Shop

BUY = """
import json, pathlib, sys, urllib.request

def ask(method, path, value=None):
    body = None if value is None else json.dumps(value).encode()
    request = urllib.request.Request(sys.argv[1] + path, data=body, method=method)
    return json.load(urllib.request.urlopen(request))

folder = pathlib.Path("out")
folder.mkdir(exist_ok=True)
for name in ("apple", "pear"):
    done = folder / name
    if done.exists():
        continue
    {buy}
    done.write_text("bought")
sys.exit(3)
"""
BUYERS = {
    "careful": 'if name not in ask("GET", "/orders")["orders"]: ask("POST", "/orders", {"name": name})',
    "naive": 'ask("POST", "/orders", {"name": name})',
    "careless": 'done.write_text("bought"); ask("POST", "/orders", {"name": name})',
}


@dataclass(frozen=True)
class Script:
    """A project that buys with a script instead of docbatch."""

    root: Path
    url: str
    buyer: str

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-c", BUY.replace("{buy}", BUYERS[self.buyer]), self.url, *arguments],
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def outputs(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted(self.root.glob("out/*"))}


def bought_by(buyer: str, folder: Path) -> Callable[[Emulator], Script]:
    def project(emulator: Emulator) -> Script:
        root = folder / str(len(list(folder.iterdir())))
        root.mkdir()
        return Script(root, emulator.url, buyer)

    return project


def crash(buyer: str, folder: Path) -> Crash:
    return Crash(Shop, bought_by(buyer, folder))


def test_an_undisturbed_run_is_one_run(tmp_path: Path) -> None:
    ending = crash("careful", tmp_path).undisturbed()

    assert [run.code for run in ending.runs] == [3]
    assert ending.paid == {"apple": 1, "pear": 1}
    assert ending.outputs == {"apple": b"bought", "pear": b"bought"}
    assert len(ending.requests) == 4
    assert enumerate_requests(Shop, bought_by("naive", tmp_path)) == 2


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("number", range(1, 5))
def test_a_careful_client_survives_every_point(tmp_path: Path, number: int, mode: Mode) -> None:
    ending = crash("careful", tmp_path).kill_at(number, mode)

    assert ending.killed
    assert [run.code for run in ending.runs[1:]] == [3]
    assert (ending.paid, ending.paid_twice) == ({"apple": 1, "pear": 1}, {})
    assert len(ending.outputs) == 2


def test_a_client_that_sends_again_is_seen_to_pay_twice(tmp_path: Path) -> None:
    before = crash("naive", tmp_path).kill_at(2, "kill_before")
    after = crash("naive", tmp_path).kill_at(2, "kill_after")

    assert before.paid_twice == {}
    assert after.paid_twice == {"pear": 2}


def test_a_client_that_records_too_early_is_seen_to_lose(tmp_path: Path) -> None:
    ending = crash("careless", tmp_path).kill_at(1, "kill_before")

    assert ending.paid == {"pear": 1}


def test_a_point_that_is_never_reached_kills_nobody(tmp_path: Path) -> None:
    assert not crash("careful", tmp_path).kill_at(99, "kill_after").killed


def test_other_faults_are_acted_out_too(tmp_path: Path) -> None:
    ending = crash("naive", tmp_path).run({1: "lost"})

    assert [run.code for run in ending.runs] == [1, 3]
    assert "RemoteDisconnected" in ending.runs[0].err
    assert ending.paid_twice == {"apple": 2}


@pytest.mark.parametrize(
    ("total", "count", "length"), [(1, 5, 1), (2, 5, 2), (3, 2, 2), (30, 6, 6), (4, 9, 4)]
)
def test_some_points_are_the_ends_and_seeded_ones_between(total: int, count: int, length: int) -> None:
    points = some(total, count, seed=1)

    assert points == some(total, count, seed=1)
    assert (points[0], points[-1], len(points)) == (1, total, length)
