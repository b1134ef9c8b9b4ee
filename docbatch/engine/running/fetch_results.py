"""Fetching results side by side, and bringing them into the spool, before the one thread that records asks for them."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from docbatch.core.amounts import believed_credits
from docbatch.core.consequences import CallError, Fate, ProviderCall, consequence
from docbatch.core.errors import CredentialsError, ProviderError, Refused, Unavailable
from docbatch.core.models import Draft, Failure, FailureClass
from docbatch.core.results import Answer, DocumentInfo, offered_warnings
from docbatch.engine.code_of_others import raised
from docbatch.engine.connections.contract import broken, kept
from docbatch.engine.reading.result_reader_pool import ResultReaders
from docbatch.engine.reading.result_reader_process import Kept, keep
from docbatch.engine.reading.told_warnings import told_warnings
from docbatch.naming.signed import without_signatures
from docbatch.providers.base import Intent, Provider, Ready
from docbatch.providers.http.redaction import shape_complaint
from docbatch.spool import Spool
from docbatch.state.records import Collected, ReadyItem

Outcome = Collected | ProviderError | CredentialsError
PATIENCE = 4
"""How often a result is fetched that cannot be read: most that came spoilt come whole the next time."""


@dataclass(frozen=True, slots=True)
class Misses:
    """Results that could not be fetched: lost, of no use, to be asked for again, and what ends the use of the connection."""

    lost: Mapping[str, Failure]
    unusable: Mapping[str, Failure]
    waiting: Sequence[tuple[str, CallError]]
    ends: Sequence[CallError]


def missed(failed: Sequence[tuple[str, CallError]]) -> Misses:
    """Sort errors of fetches, by item, by what they lead to."""
    lost: dict[str, Failure] = {}
    unusable: dict[str, Failure] = {}
    waiting: list[tuple[str, CallError]] = []
    ends: list[CallError] = []
    for key, error in failed:
        leads_to = consequence(ProviderCall.FETCH, error)
        if leads_to.later:
            waiting.append((key, error))
        elif leads_to.requeue:
            lost[key] = Failure(FailureClass.EXPIRED, error.message)
        elif leads_to.fate is Fate.GOES_ON:
            unusable[key] = Failure(FailureClass.VENDOR_ERROR, error.message, getattr(error, "code", None))
        else:
            ends.append(error)
    return Misses(lost, unusable, waiting, ends)


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Fetches the results of one submission; safe to use from several threads.

    `kind` is the type of provider that reads as this one does in another process, None where none does. `soon` says
    that most results are rendered next. `flaws` counts, by item, the results that could not be read.
    """

    spool: Spool
    readers: ResultReaders | None
    connection: str
    kind: str | None
    intent: Intent
    soon: bool
    flaws: Counter[str] = field(default_factory=Counter)

    def fetch(self, provider: Provider, each: ReadyItem) -> Outcome:
        """Fetch one result, cut what is secret in it, read it, and bring it into the spool: durable after a flush."""
        try:
            return self._fetched(provider, each)
        except (ProviderError, CredentialsError) as error:
            return error

    def fetch_some(
        self, provider: Provider, wanted: Sequence[ReadyItem], seconds: float
    ) -> list[tuple[ReadyItem, Outcome]]:
        """Fetch one after the other, as many as come within so many seconds."""
        until = time.monotonic() + seconds
        outcomes = []
        for each in wanted:
            outcomes.append((each, self.fetch(provider, each)))
            if time.monotonic() >= until:
                break
        return outcomes

    def _fetched(self, provider: Provider, each: ReadyItem) -> Outcome:
        ready = Ready(each.key, each.remote_id, each.partial)
        found = kept(
            self.connection, ProviderCall.FETCH, lambda: provider.fetch(self.intent, ready), bytes | Draft
        )
        if isinstance(found, Draft):
            told = told_warnings(found.warnings, partial=each.partial)
            place = self.spool.admit(found)
            return Collected(
                each.key, found.digest, each.partial, warnings=told, place=place, seconds=found.seconds
            )
        try:
            made = self._drafted(provider, found)
        except ValueError as error:
            return self._unreadable(each, shape_complaint(without_signatures(found), error))
        partial_ = each.partial or made.partial
        told = told_warnings(made.warnings, partial=partial_)
        place = self.spool.admit(made.draft)
        return Collected(each.key, made.draft.digest, partial_, believed_credits(made.credits), told, place)

    def _drafted(self, provider: Provider, payload: bytes) -> Kept:
        drafted = None
        if self.readers is not None and self.kind is not None:
            drafted = self.readers.keep(self.kind, payload, soon=self.soon)
        return drafted or keep(partial(self._read, provider), self.spool, payload)[0]

    def _read(self, provider: Provider, payload: bytes) -> Answer:
        """Read a payload. Raises ValueError when it has the wrong shape."""
        try:
            answer = provider.read(payload)
        except ValueError:
            raise
        except Exception as error:
            raise broken(
                self.connection, ProviderCall.FETCH, f"it read a result and raised {raised(error)}"
            ) from error
        partial_, charged = getattr(answer, "is_partial", None), getattr(answer, "credits", "")
        told = isinstance(offered_warnings(answer), list | tuple)
        if not isinstance(partial_, bool) or not isinstance(charged, int | float | None) or not told:
            what = f"it read a result and returned a {type(answer).__name__} without is_partial, credits or warnings as they are to be"
            raise broken(self.connection, ProviderCall.FETCH, what)
        return answer

    def _unreadable(self, each: ReadyItem, complaint: str) -> Unavailable | Refused:
        self.flaws[each.key] += 1
        if self.flaws[each.key] < PATIENCE:
            return Unavailable(complaint)
        return Refused(complaint, code="wrong_shape")


class FoundAgain(NamedTuple):
    """A result that was not fetched: it was made of an output, and is on its way into the spool."""

    draft: Draft
    partial: bool
    warnings: tuple[str, ...]


def found_again(
    read: Callable[[bytes], Answer], spool: Spool, payload: bytes, document: DocumentInfo, *, partial: bool
) -> FoundAgain:
    """Do with a payload all that is done with one that was fetched and delivered. Raises ValueError.

    `partial` says that its provider told of its document that it is not whole.
    """
    try:
        made, answer = keep(read, spool, payload)
        answer.result(document)
    except ValueError:
        raise
    except Exception as error:
        raise ValueError(f"its provider raised {raised(error)}") from error
    is_partial = partial or made.partial
    return FoundAgain(made.draft, is_partial, told_warnings(made.warnings, partial=is_partial))
