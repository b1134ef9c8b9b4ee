"""Parts of submissions as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from docbatch.core.limits import Cost
from docbatch.core.models import RemoteObject, ResultPlace, WorkItem


@dataclass(frozen=True, slots=True)
class Reservation:
    """What items are counted for before they are sent.

    `costs` are by key, at most; an item that is not among them is one document of which no more is known. `labels` are
    those of the jobs that send, by name: one of these pays.
    """

    costs: Mapping[str, Cost] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Frozen:
    """A submission's request as recorded before the first attempt: what may be sent again or looked for.

    `reserved` is what it counts for, None where it costs nothing.
    """

    submission: str
    recipe: int
    marker: str
    config: Mapping[str, object]
    request: bytes
    prepared: Mapping[str, RemoteObject]
    items: tuple[WorkItem, ...]
    reserved: Reservation | None = None


@dataclass(frozen=True, slots=True)
class ReadyItem:
    """An item that ended well at the vendor and whose result can be fetched."""

    key: str
    remote_id: str
    partial: bool


@dataclass(frozen=True, slots=True)
class Collected:
    """An item whose result lies durably in the spool, under its digest.

    `credits` is what the vendor charged, if it told. `warnings` are few and short, and name what a partial result lacks.
    `place` is where the result lies, None where the index has it already. `seconds` is how long the document took, where
    the provider measured that.
    """

    key: str
    result: str
    partial: bool
    credits: float | None = None
    warnings: tuple[str, ...] = ()
    place: ResultPlace | None = None
    seconds: float | None = None
