"""Which uploads of a connection fail, and whether that is their documents' fault or the connection's."""

import enum
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from docbatch.engine.connections.backoff import Backoff

MOST_TRIES = 5
"""How often an upload is tried at most, while others on its connection go well."""
IN_PLACE = 1
"""How often it fails before the others of its submission go without it."""


class UploadVerdict(enum.Enum):
    """What is done about an upload that failed."""

    AGAIN = "it is tried again with the others of its submission"
    ASIDE = "the others go on without it"
    WAITS = "it is set aside, and the connection rests: nobody knows yet whether other uploads go better"
    HOPELESS = "its document fails"


@dataclass(slots=True)
class _Failing:
    """`mark` is how many uploads had gone well when it failed first; `proofs` counts failures while others went well."""

    mark: int
    tries: int = 0
    proofs: int = 0
    next_at: float = 0.0
    backoff: Backoff = field(default_factory=Backoff)


@dataclass(frozen=True, slots=True)
class FailedUpload:
    """What is kept of an upload from run to run: how often it failed, and how often while others went well."""

    key: str
    tries: int
    proofs: int


class FailingUploads:
    """Those of one connection, by item. An outage of all uploads is no document's fault, so it ends none."""

    def __init__(self) -> None:
        self._good = 0
        self._failing: dict[str, _Failing] = {}

    def remember(self, kept: Iterable[FailedUpload]) -> None:
        """Take over what failed in runs before; others went well since then where any proof was found."""
        for each in kept:
            mark = -1 if each.proofs else 0
            self._failing[each.key] = _Failing(mark, each.tries, each.proofs)

    @property
    def kept(self) -> tuple[FailedUpload, ...]:
        return tuple(FailedUpload(key, each.tries, each.proofs) for key, each in self._failing.items())

    def went_well(self, keys: Collection[str], sent: int) -> None:
        """Note documents that are there, for `sent` of which their bytes were sent."""
        for key in keys:
            self._failing.pop(key, None)
        self._good += sent

    def failed(self, key: str, now: float, asked: float | None = None) -> UploadVerdict:
        """Note a failure at `now` (monotonic), `asked` being the vendor's own wait in seconds; say what follows."""
        each = self._failing.setdefault(key, _Failing(self._good))
        proven = self._good > each.mark
        each.tries += 1
        each.proofs += proven
        each.next_at = now + each.backoff.next(asked)
        if each.proofs >= MOST_TRIES - IN_PLACE:
            del self._failing[key]
            return UploadVerdict.HOPELESS
        if each.tries <= IN_PLACE:
            return UploadVerdict.AGAIN
        return UploadVerdict.ASIDE if proven else UploadVerdict.WAITS

    def tries(self, key: str) -> int:
        each = self._failing.get(key)
        return 0 if each is None else each.tries

    def aside(self, key: str) -> float | None:
        """Return from when on (monotonic) a document that was set aside is tried again, None for any other."""
        each = self._failing.get(key)
        return None if each is None or each.tries <= IN_PLACE else each.next_at

    def __bool__(self) -> bool:
        return bool(self._failing)
