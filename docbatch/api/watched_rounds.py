"""Rounds of a project that is watched: each is an apply, and the next follows once something changed and settled."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from docbatch.api.arguments import Specs, spec_paths
from docbatch.api.project import Project
from docbatch.api.state_settling import settle_state
from docbatch.core.errors import DocbatchError, Interrupted
from docbatch.engine.watching.source_watch import LOOK, SourceWatch
from docbatch.engine.watching.watched_places import watched_places
from docbatch.naming.pathtext import escape
from docbatch.sources.settling import LongChange, Settling
from docbatch.specs.chosen_environment import NO_CHOICE, Choice
from docbatch.specs.load import load_jobs, load_project

BETWEEN = 1.0
"""Seconds for which the state is nobody's between two rounds, so that whoever waits for it gets it."""


@dataclass(frozen=True, slots=True)
class Watching:
    """What is watched from now on: so many `folders`. `unheard` names those of whose changes the system does not tell, with the reason.

    They are looked at every `often` seconds. `others` counts what tells of nothing, such as buckets, looked at `every` so many seconds.
    A file is taken once it was the same for `settle` seconds.
    """

    folders: int
    unheard: tuple[tuple[str, str], ...]
    often: float
    others: dict[str, int]
    every: float
    settle: float


@dataclass(frozen=True, slots=True)
class SettlingFiles:
    """So many files may still be written: the first of them, and in how many seconds they are looked at again."""

    files: int
    first: str
    seconds: float


@dataclass(frozen=True, slots=True)
class StillChanging:
    """A file that has been changing for so many seconds, and is not sent."""

    path: str
    seconds: float


@dataclass(frozen=True, slots=True)
class RoundRefused:
    """A round that came to nothing: what is wrong. It is tried again with the next change, or in `every` seconds."""

    error: DocbatchError
    every: float


WatchNotice = Watching | SettlingFiles | StillChanging | RoundRefused


class WatchedRounds:
    """Watches the project of a folder, in the environment of `choice`, of the jobs in `specs`, and tells of what it waits for. To be closed.

    There is a round at least `every` so many seconds. `settling` is for all of them: what may still be written is left for a later one.
    """

    def __init__(
        self,
        here: Path,
        specs: Specs,
        *,
        settle: float,
        every: float,
        tell: Callable[[WatchNotice], object],
        choice: Choice = NO_CHOICE,
    ) -> None:
        self.settling = Settling(settle)
        self._here = here
        self._specs = spec_paths(specs)
        self._choice = choice
        self._watch = SourceWatch(self.settling, every)
        self._tell = tell
        self._told: Watching | None = None
        self._told_settling = False
        self._refused: str | None = None

    def is_due(self) -> bool:
        """Say whether it is time for another round; asked while one only waits for others."""
        return self._watch.is_due()

    def close(self) -> None:
        self._watch.close()
        self.settling.close()

    def keep_on(self, apply: Callable[[Project], bool]) -> None:
        """Do rounds until `apply` returns False. Raises what is wrong with specs at the beginning, later it is told.

        What a round is refused for is told once, until another round is refused for something else, and ends nothing.
        """
        project = self._opened()
        while True:
            try:
                if not apply(project):
                    return
                self._refused = None
            except Interrupted:
                raise
            except DocbatchError as error:
                self._tell_refused(error)
            self._rest()
            project = self._next()

    def _opened(self) -> Project:
        """Open the project as its files are now, and hear of what its jobs read."""
        self._watch.begin_round()
        declared = load_project(self._here, choice=self._choice)
        settle_state(declared)
        jobs = load_jobs(declared, self._specs)
        self._watch.follow(watched_places(declared, jobs, self._specs))
        self._tell_what()
        return Project(declared)

    def _next(self) -> Project:
        """Wait for the time of a round, and for specs that can be read: nothing is done by what they said before."""
        while True:
            self._await()
            try:
                return self._opened()
            except DocbatchError as error:
                self._tell_refused(error)

    def _tell_refused(self, error: DocbatchError) -> None:
        """Tell what a round came to nothing for, unless it is what the last one did."""
        if str(error) != self._refused:
            self._refused = str(error)
            self._tell(RoundRefused(error, self._watch.every))

    def _rest(self) -> None:
        until = time.monotonic() + BETWEEN
        while time.monotonic() < until:
            time.sleep(max(0.0, until - time.monotonic()))

    def _await(self) -> None:
        while True:
            number, first = self._watch.settling.waiting
            if number and not self._told_settling:
                seconds = self._watch.settling.seconds
                self._tell(SettlingFiles(number, escape(first), seconds))
            self._told_settling = bool(number)
            if self._watch.wait(self._tell_long, time.monotonic() + BETWEEN):
                return

    def _tell_long(self, changes: Sequence[LongChange]) -> None:
        for each in changes:
            self._tell(StillChanging(escape(each.place), each.seconds))

    def _tell_what(self) -> None:
        watch = self._watch
        unheard = tuple((escape(each.folder), each.reason) for each in watch.unheard)
        now = Watching(
            folders=len(watch.places.deep),
            unheard=unheard,
            often=min(LOOK, watch.every),
            others=dict(Counter(watch.places.unheard)),
            every=watch.every,
            settle=watch.settling.seconds,
        )
        if now != self._told:
            self._told = now
            self._tell(now)
