"""What befalls two runners, at which points, and what has to be true afterwards."""

import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple, cast

from docbatch.testing.crash import Ending
from docbatch.testing.matrix import essence
from tests.runners.course import Course
from tests.runners.gate import Asked, Point, after, before, held, late, lost
from tests.runners.two_runners import GENERAL, HELD, KEYED, LOCKED, SERVICES, STATE, World, world

Mode = str


class Trial(NamedTuple):
    """What came of one point. `struck` is the request as it was; without one the run was over before."""

    scenario: str
    store: str
    service: str
    point: str
    struck: str
    codes: str
    paid_twice: int
    lost: int
    was_held: bool
    by_hand: bool
    faults: tuple[str, ...]


Happening = Callable[[Course, Point, Mode], None]
"""Has things happen up to the end of the first runner, and of the last that took over from it."""


def killed(course: Course, point: Point, mode: Mode) -> None:
    strike = (before if mode == "before" else after)(signal.SIGKILL)
    course.note("a", course.strike("a", point, strike), -signal.SIGKILL, 0)
    course.world.let_lease_expire()
    course.apply("b")


def _stop(course: Course, point: Point, mode: Mode) -> bool:
    """Let A work until it is stopped; say whether it was."""
    strike = (held if mode == "before" else after)(signal.SIGSTOP)
    ended = course.strike("a", point, strike)
    course.note("a", ended, 0)
    course.world.let_lease_expire()
    return ended is None


def _go_on(course: Course) -> None:
    ended = course.world["a"].go_on()
    # To one that was stopped while it waited for the store, no answer came in time.
    is_silence = ended.code == GENERAL and "no answer came in time" in ended.err
    course.note("a", ended, *((GENERAL,) if is_silence else (0, LOCKED)))


def stopped(course: Course, point: Point, mode: Mode) -> None:
    is_stopped = _stop(course, point, mode)
    course.apply("b")
    if is_stopped:
        _go_on(course)


def covered(course: Course, point: Point, mode: Mode) -> None:
    """The one who takes over removes all that its snapshot covers."""
    is_stopped = _stop(course, point, mode)
    course.apply("b", also="covers")
    if is_stopped:
        _go_on(course)


def twice(course: Course, point: Point, mode: Mode) -> None:
    """The first takeover is killed after one of its requests, which `mode` names as `before:store 12`."""
    mode, _, other = mode.partition(":")
    is_stopped = _stop(course, point, mode)
    ended = course.strike("b", _point("b", other), after(signal.SIGKILL))
    course.note("b", ended, -signal.SIGKILL, 0, HELD)
    course.world.let_lease_expire()
    course.apply("c")
    if is_stopped:
        _go_on(course)


def answer_lost(course: Course, point: Point, _mode: Mode) -> None:
    course.world.strike(point, lost)
    course.note("a", course.world["a"].apply(), 0)
    course.apply("b")


def put_late(course: Course, point: Point, mode: Mode) -> None:
    """A put is done late: soon, when its runner has ended, or, where that was killed, in or after the takeover."""
    gate = course.world.gate
    course.world.strike(point, late(signal.SIGKILL if mode.startswith("killed") else None))
    if mode == "soon":
        gate.due = Point("a", "put", point.number + 2)
    course.note("a", course.world["a"].apply_until_struck(), -signal.SIGKILL, 0)
    if mode == "ended":
        gate.deliver_late()
    elif mode.startswith("killed"):
        course.world.let_lease_expire()
        _, _, other = mode.partition(":")
        gate.due = _point("b", other) if other else None
    course.apply("b")
    gate.deliver_late()


def begun(course: Course, point: Point, mode: Mode) -> None:
    """Nobody has worked on the project before: the store is tried, and the state is made."""
    what, _, when = mode.partition(" ")
    (killed if what == "killed" else stopped)(course, point, when)


def _point(runner: str, named: str) -> Point:
    """Return the point that `Point.named` gave the name."""
    what, _, number = named.partition(" ")
    return Point(runner, cast("Any", what), int(number))


SCENARIOS: dict[str, Happening] = {
    "killed": killed,
    "stopped": stopped,
    "twice": twice,
    "covered": covered,
    "answer_lost": answer_lost,
    "put_late": put_late,
    "begun": begun,
}
OF_PUTS = frozenset({"answer_lost", "put_late"})
MODES: dict[str, Sequence[Mode]] = {
    "killed": ("before", "after"),
    "stopped": ("before", "after"),
    "covered": ("before", "after"),
    "answer_lost": ("",),
    "put_late": ("soon", "ended", "killed"),
    "begun": ("killed after", "stopped before"),
}
OF_NEW = frozenset({"begun"})
"""Where nobody has worked before: elsewhere another runner has read one of the documents, and knows the state."""
_PROBES = f"{STATE}probes/"
_MOST_PROBES = 12
"""Requests of a store's trial that are struck. There are three of these, each with one object that many want to make."""


class Undisturbed(NamedTuple):
    """What A asks, what B asks who takes over when A was stopped before its create was answered, and the outputs."""

    asked: list[Asked]
    outputs: dict[str, bytes]
    documents: frozenset[str]


@dataclass
class RunnerMatrix:
    """One store, one vendor."""

    store: str
    service: str
    folder: Path
    numbers: Iterator[int] = field(default_factory=count)

    @contextmanager
    def world(self, scenario: str = "") -> Iterator[World]:
        folder, is_used = self.folder / str(next(self.numbers)), scenario not in OF_NEW
        with world(self.store, self.service, folder, "a", "b", "c", used=is_used) as made:
            yield made

    @cached_property
    def undisturbed(self) -> Undisturbed:
        return self._undisturbed("")

    @cached_property
    def first(self) -> Undisturbed:
        """The same where nobody has worked before."""
        return self._undisturbed("begun")

    def _undisturbed(self, scenario: str) -> Undisturbed:
        with self.world(scenario) as made:
            ended = made["a"].apply()
            assert ended.code == 0, ended
            twice = {document for document, times in made.paid.items() if times > 1}
            assert not twice, twice
            return Undisturbed(made.gate.of("a"), made.outputs(), frozenset(made.paid))

    @cached_property
    def sending(self) -> tuple[Point, Point]:
        """The put of the record before the first request that costs money, and that request."""
        creates = SERVICES[self.service]().creates
        put = 0
        for each in self.undisturbed.asked:
            if each.put and each.path.startswith(f"{STATE}log/"):
                put = each.put
            if each.service == "vendor" and creates(each.request):
                return Point("a", "put", put), Point("a", "vendor", each.number)
        raise AssertionError("nothing was sent")

    @cached_property
    def takeover(self) -> list[Asked]:
        """What B asks when A was stopped at its create."""
        with self.world() as made:
            course = Course(made)
            _stop(course, self.sending[1], "after")
            course.apply("b")
            return made.gate.of("b")

    def points(self, scenario: str) -> list[tuple[Point, Mode]]:
        """Return all points of a scenario, with all that befalls them."""
        if scenario == "twice":
            return list(self._of_two())
        asked = self.undisturbed.asked
        if scenario in OF_NEW:
            probes = [each for each in self.first.asked if each.path.startswith(_PROBES)]
            asked = [each for each in self.first.asked if each not in probes[_MOST_PROBES:]]
        if scenario in OF_PUTS:
            points = [Point("a", "put", each.put) for each in asked if each.put]
        else:
            points = [Point("a", each.service, each.number) for each in asked]
        found = [(point, mode) for point in points for mode in MODES[scenario]]
        if scenario == "put_late":
            # The record of what is about to be sent arrives in the midst of the takeover.
            during = [each for each in self.takeover if each.service == "store"]
            found += [(self.sending[0], f"killed:{each.points[0].named}") for each in during]
        return found

    def _of_two(self) -> Iterator[tuple[Point, Mode]]:
        """Yield the points around the first request that costs money, with each request of who takes over."""
        record, create = self.sending
        for each in self.takeover:
            for point, mode in ((record, "after"), (create, "before"), (create, "after")):
                yield point, f"{mode}:{each.points[0].named}"

    def trial(self, scenario: str, point: Point, mode: Mode) -> Trial:
        """Have it happen, finish, and judge."""
        wanted = self.undisturbed
        with self.world(scenario) as made:
            course = Course(made)
            SCENARIOS[scenario](course, point, mode)
            course.faults.extend(self._wrong(course))
            paid_twice = sum(times > 1 for times in made.paid.values())
            found = made.outputs()
            missing = sum(name not in found for name in wanted.outputs)
            return Trial(
                scenario,
                self.store,
                self.service,
                f"{point.named} {mode}".strip(),
                "; ".join(made.gate.struck),
                ", ".join(course.codes),
                paid_twice,
                missing,
                course.was_held,
                course.by_hand,
                tuple(course.faults),
            )

    def _wrong(self, course: Course) -> Iterator[str]:
        """Have the first runner finish what is left, and yield what is wrong then."""
        made, wanted = course.world, self.undisturbed
        is_done, paid, before_it = course.is_done, made.paid, made.outputs()
        course.finish(made["a"])
        if is_done and (made.paid != paid or made.outputs() != before_it):
            yield f"nothing was left to do, and it was done: {made['a'].runs[-1]}, {made.paid - paid}"
        if twice := {name: times for name, times in made.paid.items() if times > 1}:
            yield f"paid twice: {twice}"
        if unpaid := wanted.documents - made.paid.keys():
            yield f"never paid: {sorted(unpaid)}"
        found = made.outputs()
        names = sorted(found.keys() | wanted.outputs.keys())
        if differing := [name for name in names if _content(found, name) != _content(wanted.outputs, name)]:
            yield f"outputs differ: {differing}"
        if course.was_held and self.service in KEYED:
            yield "work is held at a vendor with keys"
        checked = made["b"].run("state", "check")
        if checked.code != 0:
            yield f"state check ended with {checked.code}: {checked.out}{checked.err}"
        yield from made.errors()


def _content(outputs: dict[str, bytes], name: str) -> Any:
    content = outputs.get(name)
    return essence(Ending(Counter(), {} if content is None else {name: content}, (), (), (), ()), name)
