"""What happened in one trial of runners, and what was wrong with how they ended."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from docbatch.testing.crash import CommandRun
from tests.runners.gate import Point, Strike
from tests.runners.two_runners import HELD, LOCKED, Runner, World

MOST_RUNS = 6
MOST_TOLD = 1000
"""Characters of what a run wrote that are told where it is wrong."""
Applied = TypeVar("Applied", bound=CommandRun | None)


@dataclass
class Course:
    """What happened so far in one trial."""

    world: World
    faults: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    was_held: bool = False
    by_hand: bool = False
    is_done: bool = False

    def note(self, name: str, ended: CommandRun | None, *expected: int) -> None:
        """Note how a run ended, and what is wrong with that."""
        code = "stopped" if ended is None else str(ended.code)
        self.codes.append(f"{name} {code}")
        if ended is not None and expected and ended.code not in expected:
            self.faults.append(
                f"{name} ended with {ended.code}: {ended.out[-MOST_TOLD:]}{ended.err[-MOST_TOLD:]}"
            )

    def strike(self, name: str, point: Point, strike: Strike) -> CommandRun | None:
        """Have something befall a runner that applies; return how it ended, None where it was stopped."""

        def apply() -> CommandRun | None:
            self.world.strike(point, strike)
            return self.world[name].apply_until_struck()

        return self._once_it_may(apply)

    def _once_it_may(self, apply: Callable[[], Applied]) -> Applied:
        """Apply, and again where another still has the lease: a renewal was on its way when that was struck."""
        ended = apply()
        if ended is None or ended.code != LOCKED:
            return ended
        self.world.let_lease_expire()
        return apply()

    def apply(self, name: str, *, also: str = "") -> CommandRun:
        """Have a runner take over and work to its end: it may have to hold what another may yet send."""
        runner = self.world[name]
        ended = self._once_it_may(lambda: runner.apply(also=also))
        self.is_done = ended.code == 0
        self.was_held |= ended.code == HELD and bool(runner.held())
        self.note(name, ended, 0, HELD)
        return ended

    def finish(self, runner: Runner) -> None:
        """Work until all is done; what stays held is settled by hand, once a look has not found it."""
        for number in range(MOST_RUNS):
            code = self.apply(runner.name).code
            if code != HELD:
                return
            if number and runner.held():
                self.by_hand = True
                self.world.resolve(runner)
        self.faults.append(f"{runner.name} did not come to an end: {runner.runs[-1]}")
