"""Ray clusters for tests: each a process of its own, so that whatever becomes of it, the test goes on."""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.providers.local.harness import ROOT

ENVIRONMENT = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
"""What docbatch needs to be told to reach a cluster that listens on loopback."""
REQUIRED = "DOCBATCH_COUNTERPARTS"


def need_ray() -> None:
    """Skip the test where Ray is missing, unless none may be skipped."""
    if importlib.util.find_spec("ray") is None:
        assert os.environ.get(REQUIRED) != "all", "Ray is not installed"
        pytest.skip("Ray is not installed; script/ray does that")


class TestCluster:
    """Nodes are named n1, n2, … ; the head reads nothing."""

    __test__ = False

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.providers.local.on_ray.cluster_process", "quick"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
            start_new_session=True,
        )
        self.address, port, folder = self._line().split()
        self.folder = Path(folder)
        self.by_client = f"ray://127.0.0.1:{port}"
        self.nodes = 0

    @property
    def pid(self) -> int:
        return self._process.pid

    def add(self, processors: int = 1, path: str = "") -> str:
        """Add a node, whose processes look for modules in a folder first."""
        self.nodes += 1
        name = f"n{self.nodes}"
        self._tell(f"add {name} {processors} {path}")
        return name

    def kill(self, node: str) -> None:
        self._tell(f"kill {node}")

    def close(self) -> None:
        assert self._process.stdin
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(30)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, 9)
            self._process.wait()
            assert self._process.stdout
            self._process.stdout.close()

    def _tell(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        assert self._line() == "done"

    def _line(self) -> str:
        assert self._process.stdout
        while line := self._process.stdout.readline():
            if line.startswith(("done", "127.")):
                return line.strip()
        raise AssertionError("the cluster's process ended")


@contextmanager
def cluster(nodes: int) -> Iterator[TestCluster]:
    need_ray()
    made = TestCluster()
    try:
        for _ in range(nodes):
            made.add()
        yield made
    finally:
        made.close()
