"""How long a run waits before it asks again: longer each time, never longer than a minute of its own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import pytest

from docbatch.core.errors import NotSent, Unavailable
from docbatch.engine.connections.backoff import Backoff
from docbatch.providers.base import Accepted, Intent, Progress
from docbatch.testing.fake.provider import FakeProvider
from tests.fake.project import Project
from tests.fake.table import TEXTS

OUTAGE = 600.0
LONGEST = 60.0
WENT_WELL = -1.0


@dataclass(frozen=True)
class Waits:
    """`asked` are the vendor's own waits, None where it names none; `lengths` how long the run waits."""

    asked: Sequence[float | None]
    lengths: Sequence[float]

    def check(self, root: Path) -> None:
        assert list(self._lengths()) == self.lengths

    def _lengths(self) -> Iterator[float]:
        pauses = Backoff()
        for each in self.asked:
            if each == WENT_WELL:
                pauses.relax()
            else:
                yield pauses.next(each)


@dataclass(frozen=True)
class Outage:
    """A vendor answers no call of a kind for ten minutes, and names no wait."""

    call: str

    def check(self, root: Path) -> None:
        project = Project(root, trait_options={"max_items": 10})
        project.write(TEXTS)
        if self.call == "look":
            project.cloud.expect("create", 1, "after uncertain")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("tests.fake.project.FakeProvider", out_of_order(self.call))
            project.apply()
        times = project.cloud.times("out")
        assert OUTAGE <= next(at for at in times if at >= OUTAGE) <= OUTAGE + LONGEST
        assert max(after - before for before, after in pairwise(times)) <= LONGEST
        assert len(set(times)) < 20
        assert project.statuses() == {"succeeded": 3}


def out_of_order(call: str) -> type[FakeProvider]:
    class Out(FakeProvider):
        def create(self, intent: Intent) -> Accepted:
            if call == "create":
                self.cloud.fault("out")
                if self.cloud.now < OUTAGE:
                    raise NotSent("out of order")
            return super().create(intent)

        def _break(self, kind: str, steps: Sequence[str] = ()) -> None:
            if kind == call:
                self.cloud.fault("out")
                if self.cloud.now < OUTAGE:
                    raise Unavailable("out of order")
            super()._break(kind, steps)

    return Out


ROWS: dict[str, Waits | Outage] = {
    "grow": Waits([None] * 4, [1.0, 2.0, 4.0, 8.0]),
    "have a bound": Waits([None] * 9, [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]),
    "are the vendor's own": Waits([0.5, 300.0], [0.5, 300.0]),
    "do not grow with the vendor's own": Waits([None, 9.0, 90.0, None], [1.0, 9.0, 90.0, 2.0]),
    "are ours where the vendor names nought": Waits([0.0, 0.0], [1.0, 2.0]),
    "are forgotten": Waits([None, None, WENT_WELL, None], [1.0, 2.0, 1.0]),
    **{
        f"in an outage, {call}": Outage(call)
        for call in ("survey", "perform", "create", "look", "poll", "fetch")
    },
}


@pytest.mark.parametrize("name", ROWS)
def test_pauses(tmp_path: Path, name: str) -> None:
    ROWS[name].check(tmp_path)


class Uneven(FakeProvider):
    """Ends one document at once, tells of it each time it is asked, and takes long for the others."""

    def poll(self, intent: Intent, remote_id: str | None) -> Progress:
        self.cloud.fault("polled")
        seen = super().poll(intent, remote_id)
        return seen if self.cloud.now >= OUTAGE else replace(seen, ended=seen.ended[:1])


def test_what_ended_before_is_no_reason_to_ask_soon_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(tmp_path, trait_options={"max_items": 10})
    project.write(TEXTS)
    monkeypatch.setattr("tests.fake.project.FakeProvider", Uneven)

    project.apply()

    times = project.cloud.times("polled")
    lengths = [after - before for before, after in pairwise(times) if after < OUTAGE]
    assert lengths[-1] == max(lengths) > 10 * min(lengths)
    assert project.statuses() == {"succeeded": 3}
