"""The lease: who owns the state. It keeps owners from waiting on each other in vain; what keeps them apart is the log."""

from dataclasses import dataclass, field
from typing import Any

from docbatch.core.errors import OwnerReplaced, StateLocked
from docbatch.state.remote.log_records import START, LogEnd, read_end, read_key_id
from docbatch.state.remote.object_names import LEASE
from docbatch.state.remote.sealed_text import altered, opened, sealed

RENEWED_EVERY = 20.0
EXPIRES_AFTER = 120.0
"""Seconds by the dates of the store alone: no clock of a machine decides when another may take over."""


@dataclass(frozen=True, slots=True)
class StateOwner:
    """Who holds the state. The token decides; the rest is for people. `run` is a link to the run, where there is one."""

    token: str
    host: str = ""
    process: int = 0
    run: str | None = None

    def __str__(self) -> str:
        link = "" if self.run is None else f", {self.run}"
        return f"process {self.process} on {self.host} (lease {self.token}{link})"


@dataclass(frozen=True, slots=True)
class Lease:
    """`reached` is a record that is known to stand: all of them where it was released. `renewals` makes each content a new one.

    `quiet` says of a released one that its owner ended its log, too: nothing that it sent is under way. `key` is the id of the key
    that the state is encrypted with.
    """

    project: str
    epoch: int
    owner: StateOwner
    reached: LogEnd = START
    renewals: int = 0
    released: bool = field(default=False, kw_only=True)
    quiet: bool = field(default=False, kw_only=True)
    key: str | None = field(default=None, kw_only=True)

    def written(self) -> bytes:
        owner = {
            "token": self.owner.token,
            "host": self.owner.host,
            "process": self.owner.process,
            "run": self.owner.run,
        }
        return sealed(
            {
                "project": self.project,
                "epoch": self.epoch,
                "owner": owner,
                "reached": self.reached.described(),
                "renewals": self.renewals,
                "released": self.released,
                "quiet": self.quiet,
                "key": self.key,
            }
        )


def read_lease(content: bytes, project: str) -> Lease:
    """Return what the object says. Raises AlteredState, ForeignState, NewerState."""
    head = opened(content, LEASE, project).head
    try:
        return Lease(
            project=project,
            epoch=int(head["epoch"]),
            owner=_owner(head["owner"]),
            reached=read_end(head["reached"]),
            renewals=int(head["renewals"]),
            released=head["released"] is True,
            quiet=head["quiet"] is True,
            key=read_key_id(head),
        )
    except (KeyError, TypeError, ValueError):
        raise altered(LEASE, "it is not what docbatch writes") from None


def _owner(said: Any) -> StateOwner:
    run = said["run"]
    return StateOwner(
        str(said["token"]), str(said["host"]), int(said["process"]), None if run is None else str(run)
    )


def held(owner: StateOwner) -> StateLocked:
    """Return the error of who wants a state that another holds."""
    return StateLocked(
        f"the state is held by {owner}",
        hint=what_ends(owner),
    )


def what_ends(owner: StateOwner) -> str:
    """Return what who wants the state may do about its owner, as a phrase."""
    return (
        f"wait for it; where it is gone for certain, 'docbatch state unlock --lease {owner.token}' ends what it began,"
        f" and else the next run does so once the lease was not renewed for {EXPIRES_AFTER:g} s"
    )


def replaced(by: str) -> OwnerReplaced:
    """Return the error of an owner that another took over from. `by` says who or what, for people."""
    return OwnerReplaced(
        f"this run does not own the state any more: {by}",
        hint="it sends nothing more, and what it sent is recorded; see that one run works on the state, and run the same command again",
    )
