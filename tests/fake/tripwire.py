"""Counts effects and dies, or meddles, at a chosen one: in process or for real."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field

ENDLESS = 3000


class Killed(BaseException):
    """Stands for the death of the process; derives from BaseException so that no clean-up mistakes it for an error."""


def raise_killed() -> None:
    raise Killed


def sigkill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@dataclass
class Tripwire:
    """`at` is the number of the effect to die at, from 1; 0 never dies."""

    at: int = 0
    die: Callable[[], None] = raise_killed
    names: list[str] = field(default_factory=list)

    def __call__(self, name: str) -> None:
        self.names.append(name)
        assert len(self.names) < ENDLESS, "the run does not come to an end"
        if len(self.names) == self.at:
            self.die()


@dataclass
class Meddler(Tripwire):
    """Does something each time an effect of this name has come, `times` times at most."""

    effect: str = ""
    act: Callable[[], object] = raise_killed
    times: int = 1

    def __call__(self, name: str) -> None:
        super().__call__(name)
        if name == self.effect and self.times > 0:
            self.times -= 1
            self.act()
