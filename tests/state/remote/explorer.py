"""Every interleaving of owners over one store and one vendor, at every request, with answers lost and puts done late.

An owner is stopped, or killed, by not being taken on: whatever was reached without it is a world in which it was. What it
does next depends on the answers it got alone, so it is known by these, and a world by what its owners, its store and its
vendor are: each world is gone on from once. Steps that nobody else can see, or that find the same whenever they are taken,
are taken at once.
"""

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, NamedTuple

from docbatch.core.errors import StateLocked
from docbatch.sending_fence import FenceTime, may_leave
from docbatch.state.remote.log_records import ENDS, START, RecordKind, read_end, read_record
from docbatch.state.remote.object_names import (
    LOG,
    PROBES,
    Position,
    log_name,
    log_position,
    snapshot_name,
    snapshot_position,
)
from docbatch.state.remote.sealed_text import opened
from docbatch.state.remote.sending_fence import STILL_FOR
from docbatch.state.remote.store_requests import Get, ListBelow, Pause, Put, Remove, Together
from tests.state.remote.model_store import ModelStore, Stored
from tests.state.remote.owner_program import (
    PROJECT,
    Acts,
    Create,
    Ledger,
    LookFor,
    MakeOwner,
    Now,
    Owner,
    Plan,
    Stage,
)

NAMES = ("one-", "two-", "three-")
COSTLY = frozenset({"twice", "lost", "unseen", "late"})
"""What is worse than a run that ends without need."""
MOST_SHOWN = 10
WRONG = COSTLY | {"refused", "stuck"}
Taken = tuple[int | None, object, object]
"""Which owner asked, what, and what was answered."""
DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """`lost` answers of a put or a create are lost in all, at most; a put whose answer is lost may be done at any later time.

    `gap`: an owner may be stopped between the last look at the clock and the send. Else both are one step, and time counts:
    who takes over waits, and with `days` a day may pass, after which the vendor knows no key any more.
    """

    plan: Plan = field(default_factory=Plan)
    owners: int = 2
    lost: int = 1
    gap: bool = True
    days: int = 0
    make: MakeOwner = Owner


class Point:
    """An owner that got certain answers: what it asks next, or what it came to."""

    __slots__ = (
        "_alive",
        "_parent",
        "_stages",
        "_start",
        "after",
        "answer",
        "depth",
        "error",
        "index",
        "request",
        "result",
    )

    def __init__(
        self,
        index: int,
        start: Callable[[], Acts],
        parent: "Point | None" = None,
        answer: object = None,
        *,
        stages: "dict[Hashable, Point] | None" = None,
    ) -> None:
        self.index = index
        self._stages: dict[Hashable, Point] = stages if parent is None and stages is not None else {}
        if parent is not None:
            self._stages = parent._stages
        self.after: dict[Hashable, Point] = {}
        self.answer = answer
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.request: object = None
        self.result: Ledger | None = None
        self.error: Exception | None = None
        self._start = start
        self._parent = parent
        self._alive: Acts | None = None
        self._reach()

    def go(self, answer: Hashable) -> "Point":
        found = self.after.get(answer)
        if found is None:
            found = Point(self.index, self._start, self, answer)
            if isinstance(found.request, Stage):
                found = found._at_stage(found.request)
            self.after[answer] = found = found._as_others_ended()
        return found

    def _as_others_ended(self) -> "Point":
        """Return the one point that stands for all in which this owner is over in the same way."""
        if self.result is not None:
            return self._stages.setdefault(tuple(sorted(self.result.items())), self)
        if isinstance(self.error, StateLocked):
            return self._stages.setdefault(self.index, self)
        return self

    def _at_stage(self, stage: Stage) -> "Point":
        known = (self.index, stage.known)
        if known not in self._stages:
            self._stages[known] = Point(self.index, stage.resume, stages=self._stages)
            self._stages[known].depth = self.depth
            next_one = self._stages[known].request
            if isinstance(next_one, Stage):
                self._stages[known] = self._at_stage(next_one)
        return self._stages[known]

    @property
    def is_over(self) -> bool:
        return self.result is not None or self.error is not None

    def _reach(self) -> None:
        try:
            if self._parent is None:
                acts = _one_by_one(self._start())
                self.request = next(acts)
            else:
                acts = self._parent.taken()
                self.request = acts.send(self.answer)
        except StopIteration as end:
            self.result = end.value
        except Exception as error:  # noqa: BLE001 - each is judged
            self.error = error
        else:
            self._alive = acts

    def taken(self) -> Acts:
        """Return a program at this point, which is the caller's."""
        acts, self._alive = self._alive, None
        if acts is None:
            acts = _one_by_one(self._start()) if self._parent is None else self._parent.taken()
            acts.send(None if self._parent is None else self.answer)
        return acts


def _one_by_one(acts: Acts) -> Acts:
    """Ask for one thing after the other where a store may be asked for several at once: any order is an order of theirs."""
    answer: Any = None
    while True:
        try:
            request = acts.send(answer)
        except StopIteration as end:
            return end.value
        if isinstance(request, Together):
            answer = []
            for each in request.requests:
                answer.append((yield each))
        else:
            answer = yield request


class World(NamedTuple):
    """`works` are what the vendor made and is paid for, (document, mark) each; `keys` the marks it knows as keys."""

    points: tuple[Point, ...]
    stored: Stored = 0
    works: tuple[tuple[str, str], ...] = ()
    keys: frozenset[str] = frozenset()
    under_way: frozenset[Put | Remove] = frozenset()
    time: float = 0.0
    lost: int = 0
    days: int = 0


@dataclass(slots=True)
class Explored:
    """`broken` are the worlds in which something is wrong, each with what and with the steps that lead there."""

    worlds: int = 0
    steps: int = 0
    finished: int = 0
    broken: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    kinds: set[str] = field(default_factory=set)

    def add(self, wrong: str, way: tuple[str, ...]) -> None:
        """Note what is wrong; of each kind the first few are enough."""
        self.kinds.add(wrong.partition(":")[0])
        if len(self.broken) < MOST_SHOWN:
            self.broken.append((wrong, way))


class Explorer:
    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.store = ModelStore()
        self.removes = scenario.plan.snapshots
        self._visible: dict[tuple[Stored, Position], bool] = {}
        self._openers: dict[Stored, int] = {}

    def explore(self, *, until: Collection[str] = ()) -> Explored:
        """Go on from every world once, or until something is wrong in one of the ways given."""
        found = Explored()
        first = self._first()
        came: dict[World, tuple[World, Taken] | None] = {first: None}
        left = [first]
        while left and not found.kinds.intersection(until):
            world = left.pop()
            found.worlds += 1
            is_last = True
            for step, after, wrong in self._steps(world):
                is_last = False
                found.steps += 1
                is_new = after not in came
                if is_new:
                    came[after] = (world, step)
                    left.append(after)
                # A wrong step may lead to a world that others reach by right ones.
                fault = wrong or (self._wrong(world, after) if is_new else None)
                if fault:
                    found.add(fault, (*_way(came, world), _said(step)))
            if is_last:
                found.finished += 1
                if (wrong := self._unfinished(world)) is not None:
                    found.add(wrong, _way(came, world))
        return found

    def wander(self, times: int, drawn: Random) -> Explored:
        """Go one way after the other from the beginning to an end, drawn step by step: for more worlds than can be kept."""
        found = Explored()
        first = self._first()
        for _ in range(times):
            world, way = first, tuple[Taken, ...]()
            while steps := list(self._steps(world)):
                step, after, wrong = drawn.choice(steps)
                found.steps += 1
                way = (*way, step)
                fault = wrong or self._wrong(world, after)
                if fault:
                    found.add(fault, tuple(map(_said, way)))
                world = after
            found.finished += 1
            if (fault := self._unfinished(world)) is not None:
                found.add(fault, tuple(map(_said, way)))
        return found

    def _first(self) -> World:
        return self._settle(
            World(tuple(self._start(name, index) for index, name in enumerate(self._names())))
        )

    def _names(self) -> tuple[str, ...]:
        return NAMES[: self.scenario.owners]

    def _start(self, name: str, index: int) -> Point:
        scenario = self.scenario
        return Point(index, lambda: scenario.make(name, scenario.plan).run())

    def _steps(self, world: World) -> Iterator[tuple[Taken, World, str | None]]:
        """Yield every step that may be next: what it is, what it leads to, and what is wrong about it."""
        for index, point in enumerate(world.points):
            # They are alike, so that they begin in one order.
            if point.is_over or (point.depth == 0 and index and world.points[index - 1].depth == 0):
                continue
            for changed, answer, wrong in self._answers(world, point):
                after = changed._replace(points=_with(world.points, index, point.go(answer)))
                yield (index, point.request, answer), self._settle(after), wrong
        for late in world.under_way:
            stored, _ = self.store.answer(world.stored, late)
            changed = world._replace(stored=stored, under_way=world.under_way - {late})
            yield (None, late, None), self._settle(changed), None
        if world.days < self.scenario.days:
            yield (
                (None, None, None),
                self._settle(world._replace(time=world.time + DAY, keys=frozenset(), days=world.days + 1)),
                None,
            )

    def _answers(self, world: World, point: Point) -> Iterator[tuple[World, Hashable, str | None]]:
        lossy = world.lost < self.scenario.lost
        match point.request:
            case Put() as put:
                stored, tag = self.store.answer(world.stored, put)
                yield world._replace(stored=stored), _hashable(tag), None
                if lossy:
                    # One that is done at once, and the answer lost, is one that is late and first of all.
                    yield world._replace(under_way=world.under_way | {put}, lost=world.lost + 1), None, None
            case Remove() as request if lossy and not request.name.startswith(PROBES):
                stored, _ = self.store.answer(world.stored, request)
                yield world._replace(stored=stored), None, None
                yield world._replace(under_way=world.under_way | {request}, lost=world.lost + 1), None, None
            case Get() | ListBelow() | Remove() as request:
                stored, answer = self.store.answer(world.stored, request)
                yield world._replace(stored=stored), _hashable(answer), None
            case Pause(seconds):
                yield world if self.scenario.gap else world._replace(time=world.time + seconds), None, None
            case Now():
                yield world, FenceTime(world.time, world.time), None
            case LookFor(mark):
                yield world, any(mark == each for _, each in world.works), None
            case Create() as create:
                yield from self._creates(world, create, lossy=lossy)
            case other:
                raise AssertionError(other)

    def _creates(
        self, world: World, create: Create, *, lossy: bool
    ) -> Iterator[tuple[World, Hashable, str | None]]:
        if not self.scenario.gap and not may_leave(create.began, FenceTime(world.time, world.time)):
            yield world, "late", None
            return
        made = self._made(world, create)
        wrong = self._wrong_create(world, create)
        yield made, "made", wrong
        if lossy:
            yield made._replace(lost=world.lost + 1), "unclear", wrong
            yield world._replace(lost=world.lost + 1), "unclear", None

    def _made(self, world: World, create: Create) -> World:
        keyed = self.scenario.plan.recovery == "keyed"
        if keyed and create.mark in world.keys:
            return world
        works = tuple(sorted((*world.works, (create.item, create.mark))))
        return world._replace(works=works, keys=world.keys | {create.mark} if keyed else world.keys)

    def _settle(self, world: World) -> World:
        """Take the steps that are as good now as at any other time, and forget puts that nothing can come of any more."""
        for index, point in enumerate(world.points):
            while point.depth and not point.is_over and self._is_private(world, point.request):
                ((changed, answer, _),) = self._answers(world._replace(lost=self.scenario.lost), point)
                point = point.go(answer)  # noqa: PLW2901 - it is the same owner
                world = world._replace(points=_with(world.points, index, point), stored=changed.stored)
        if world.under_way and not self.removes:
            able = frozenset(
                put for put in world.under_way if self.store.answer(world.stored, put)[1] is not None
            )
            world = world._replace(under_way=able)
        return world

    def _is_private(self, world: World, request: object) -> bool:
        match request:
            case Put(name) | Remove(name):
                return name.startswith(("probes/", "chunks/"))
            case Get(name):
                there = name in self.store.content(world.stored)
                return name.startswith(("probes/", "chunks/")) or (
                    there and not self.removes and name.startswith(LOG)
                )
            case ListBelow(folder):
                return folder == PROBES or (folder == "snapshots/" and not self.removes)
            case Pause(seconds):
                return self.scenario.gap or seconds < STILL_FOR
            case Now():
                return self.scenario.gap
            case _:
                return False

    def _wrong_create(self, world: World, create: Create) -> str | None:
        if not self._is_visible(world.stored, create.record):
            return f"unseen: {create.item} is sent, and its record at {create.record} stands behind an end or not at all"
        if not self.scenario.gap and self._newest_opened(world.stored) > create.record.epoch:
            return f"late: {create.item} is sent by an owner that another has followed"
        return None

    def _is_visible(self, stored: Stored, place: Position) -> bool:
        """Say whether whoever ends this log later reads a record, or has read it."""
        key = (stored, place)
        if key not in self._visible:
            there = self.store.content(stored)
            covered = _covered(there)
            places = [found for name in there if (found := log_position(name)) is not None]
            # What is put late where a record was removed is no end of anything.
            before = [found for found in places if covered < found < place and found.epoch == place.epoch]
            ended = any(read_record(there[log_name(found)], found, PROJECT).kind in ENDS for found in before)
            self._visible[key] = place <= covered or (place in places and not ended)
        return self._visible[key]

    def _newest_opened(self, stored: Stored) -> int:
        if stored not in self._openers:
            there = self.store.content(stored)
            opened = [
                place.epoch
                for name in there
                if (place := log_position(name)) is not None
                and place.sequence == 1
                and read_record(there[name], place, PROJECT).kind is RecordKind.OPEN
            ]
            self._openers[stored] = max(opened, default=0)
        return self._openers[stored]

    def _wrong(self, before: World, world: World) -> str | None:
        """Return what is wrong with a world that was reached, or None."""
        items = [item for item, _ in world.works]
        if len(set(items)) < len(items):
            return f"twice: {world.works} are paid"
        for index, point in enumerate(world.points):
            if before.points[index] is point:
                continue
            if point.error is not None and not isinstance(point.error, StateLocked):
                return f"refused: {type(point.error).__name__} {getattr(point.error, 'message', point.error)}"
            if point.result is not None and (lost := _lost(world, point.result)):
                return f"lost: {lost} is paid, and who ended last does not know it"
        return None

    def _unfinished(self, world: World) -> str | None:
        if all(point.result is None for point in world.points):
            return "stuck: nobody came to an end"
        return None


def _covered(there: Mapping[str, bytes]) -> Position:
    """Return up to where the newest snapshot goes that a record names."""
    named = [
        place
        for name in there
        if (place := snapshot_position(name)) is not None
        and log_name(place) in there
        and read_record(there[log_name(place)], place, PROJECT).kind is RecordKind.SNAPSHOT
    ]
    if not named:
        return START.position
    content = there[snapshot_name(max(named))]
    return read_end(opened(content, "", PROJECT).head["covers"]).position


def _lost(world: World, ledger: Mapping[str, object]) -> list[str]:
    known = {getattr(entry, "mark", None) for entry in ledger.values()}
    return [item for item, mark in world.works if mark not in known]


def _with(points: tuple[Point, ...], index: int, point: Point) -> tuple[Point, ...]:
    return (*points[:index], point, *points[index + 1 :])


def _hashable(answer: object) -> Hashable:
    assert isinstance(answer, Hashable)
    return answer


def _way(came: Mapping[World, tuple[World, Taken] | None], world: World) -> tuple[str, ...]:
    way = []
    step = came[world]
    while step is not None:
        world, said = step
        way.append(_said(said))
        step = came[world]
    return tuple(reversed(way))


def _said(step: Taken) -> str:
    index, request, answer = step
    if request is None:
        return "a day passes"
    return (
        f"late {_named(request)}"
        if index is None
        else f"{NAMES[index]} {_named(request)} -> {_short(answer)}"
    )


def _named(request: object) -> str:
    match request:
        case Put(name, content):
            kind = content.partition(b'"kind":"')[2].partition(b'"')[0].decode()
            return f"put {name.replace('0000000', '')} {kind}"
        case Get(name) | Remove(name):
            return f"{type(request).__name__.lower()} {name.replace('0000000', '')}"
        case Create(item, mark):
            return f"create {item} ({mark})"
        case _:
            return str(request)


def _short(answer: object) -> str:
    text = str(answer)
    return text if len(text) < 60 else f"{text[:57]}..."


def explore(scenario: Scenario, *, until: Collection[str] = ()) -> Explored:
    return Explorer(scenario).explore(until=until)
