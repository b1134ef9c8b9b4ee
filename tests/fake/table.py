"""Tables of what a fault at the vendor leads to: a row is checked on a project of its own."""

import functools
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from docbatch.core.models import Recovery
from docbatch.state import files
from docbatch.testing.fake.cloud import Cloud
from docbatch.testing.fake.provider import FakeProvider
from tests.fake.observed import Seen, observe
from tests.fake.project import Project

TEXTS = {"a.txt": "apple", "b.txt": "banana", "c.txt": "cherry"}


@dataclass(frozen=True)
class Row:
    """Three documents, two to a submission, two submissions at a time.

    `faults` are those of the first calls of a kind, one after the other, empty where there is none. `seen` is what the
    run does and `then` what the next does, where anything is left; with `repeats` every later one does that too. `at` are
    the times of calls in the first run. `paid` is how many documents were paid for in the end, none more than once but
    where they are `free`. `before` is done before the first run, `between` before the second.
    """

    faults: Mapping[str, Sequence[str]]
    seen: Seen
    then: Seen | None = None
    repeats: bool = False
    at: Mapping[str, Sequence[float]] = field(default_factory=dict)
    paid: int = 3
    kind: Recovery = Recovery.FINDABLE
    traits: Mapping[str, Any] = field(default_factory=dict)
    cloud: Mapping[str, float] = field(default_factory=dict)
    speaks_as: type[FakeProvider] = FakeProvider
    before: Callable[[Project], object] = lambda _project: None
    between: Callable[[Project], object] = lambda _project: None

    def check(self, root: Path) -> None:
        project = self._project(root)
        calls = [each.split()[0] for each in self.seen.calls.split(", ")]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("tests.fake.project.FakeProvider", self.speaks_as)
            assert observe(project, *calls) == self.seen
            cloud = project.cloud
            assert {call: cloud.times(call) for call in self.at} == self.at
            self.between(project)
            last = self.seen
            if self.then is not None:
                assert observe(project, *calls) == self.then
                last = self.then
            assert observe(project, *calls) == (last if self.repeats else last.again())
        paid = project.paid()
        assert self.traits.get("free") or set(paid.values()) <= {1}
        assert len(paid) == self.paid

    def _project(self, root: Path) -> Project:
        project = Project(
            root,
            self.kind,
            cloud_options=dict(self.cloud),
            trait_options={"max_items": 2, "max_in_flight": 2, **self.traits},
        )
        project.write(TEXTS)
        project.folder.mkdir()
        (project.folder / "state.db").write_bytes(_empty_state())
        self.before(project)
        script(project.cloud, self.faults)
        return project


def script(cloud: Cloud, faults: Mapping[str, Sequence[str]]) -> None:
    """Let the next calls of each kind go wrong, one after the other; an empty name lets one go well."""
    for call, names in faults.items():
        for nth, fault in enumerate(names, start=cloud.calls(call) + 1):
            if fault:
                cloud.expect(call, nth, fault)


@functools.cache
def _empty_state() -> bytes:
    """Return the state that a first run makes, made once: the flushes of its making take longer than most rows."""
    with tempfile.TemporaryDirectory() as folder:
        files.create(Path(folder))
        return (Path(folder) / "state.db").read_bytes()
