"""What a run says in a store of its use of an account, for runs on other machines. What others say is believed as far as it is sound."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from docbatch.core.report import visible
from docbatch.providers.accounts.account_users import AccountUser

LONGEST_WAIT = 120.0
"""Seconds of another run's wait that are believed. Who lives says again what is left of a longer one before they are over."""
_MOST_SORTS = 16
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class AccountRun:
    """A run at one moment: its process, on which `host`, what it has and would have in flight. `token` is that of its process.

    `waits` are the seconds from that moment on for which the service wants no request of it, by sort of request.
    """

    host: str = ""
    process: int = 0
    token: str = ""
    held: int = 0
    wanted: int = 0
    waits: Mapping[str, float] = field(default_factory=dict)

    @property
    def user(self) -> AccountUser:
        """The run as one of those that share what may be in flight."""
        return AccountUser(self.process, self.host, self.held, self.wanted, self.token)

    def written(self) -> bytes:
        said = {
            "host": self.host,
            "process": self.process,
            "token": self.token,
            "held": self.held,
            "wanted": self.wanted,
            "waits": {sort: round(seconds, 3) for sort, seconds in self.waits.items()},
        }
        return json.dumps(said).encode()


def read_run(content: bytes | None) -> AccountRun:
    """Return what a run says. One of which nothing can be read lives all the same, and has nothing in flight."""
    try:
        found = json.loads(content or b"")
        return AccountRun(
            host=str(found["host"])[:_LONGEST_NAME],
            process=int(found["process"]),
            token=str(found["token"])[:_LONGEST_NAME],
            held=max(0, int(found["held"])),
            wanted=max(0, int(found["wanted"])),
            waits=_waits(found["waits"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return AccountRun()


def _waits(found: Any) -> Mapping[str, float]:
    sound = ((str(sort), float(seconds)) for sort, seconds in list(found.items())[:_MOST_SORTS])
    return {sort: seconds for sort, seconds in sound if math.isfinite(seconds) and seconds > 0}


def runs_text(runs: tuple[AccountRun, ...]) -> str:
    """Say which runs on other machines use an account; empty where none does."""
    if not runs:
        return ""
    subject = "a run on another machine uses" if len(runs) == 1 else f"{len(runs)} runs on other machines use"
    who = "; ".join(visible(f"process {each.process} on {each.host}") for each in runs[:3] if each.process)
    return f"{subject} the account" + (f": {who}" if who else "")
