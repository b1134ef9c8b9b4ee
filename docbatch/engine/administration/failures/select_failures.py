"""Which of the documents that are not well a person means: of jobs, classes, paths, labels, or of some age."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol, TypeVar

from docbatch.core.errors import UsageError
from docbatch.core.models import FailureClass, ItemStatus
from docbatch.core.next_steps import typed
from docbatch.core.report import plural, span
from docbatch.core.selectors import DocumentState, Selectors
from docbatch.engine.administration.edit_state import named_jobs
from docbatch.engine.planning.narrowing.known_states import require_states
from docbatch.engine.planning.narrowing.matching_paths import matching
from docbatch.naming.pathtext import escape
from docbatch.state.standing import Unwell
from docbatch.state.store import Store
from docbatch.state.unwell_documents import UnwellDocument

CLASSES = tuple(dict.fromkeys((*map(str, FailureClass), str(ItemStatus.HELD))))
"""What documents that are not well are sorted by; `lost` are the partial ones."""
EXAMPLES = 3

JobLabels = Mapping[str, Mapping[str, str]]
"""The labels of jobs as they are declared now, by the job's name."""


def _no_labels() -> JobLabels:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureSelectors(Selectors):
    """Selectors of documents that are not well: by their `classes`, too. Of these, none is told to have changed.

    One of which is not known when it failed last is older than any time. `labels_of` is asked only where `labels` are.
    """

    classes: Collection[str] = ()
    labels_of: Callable[[], JobLabels] = _no_labels

    @property
    def is_any(self) -> bool:
        """Whether something is selected by at all."""
        return bool(self.classes) or self.are_any

    @property
    def options(self) -> str:
        """Return what a person types for it."""
        of_jobs = [each for each in self.pairs() if each[0] == "--job"]
        others = [each for each in self.pairs() if each[0] != "--job"]
        return typed([*of_jobs, *(("--class", each) for each in self.classes), *others])


class Selectable(Protocol):
    """What selectors look at: a document's path, why it is or was not well, and when it failed last (wall time)."""

    @property
    def path(self) -> bytes: ...
    @property
    def why(self) -> Unwell: ...
    @property
    def last(self) -> float | None: ...


def select(store: Store, selectors: FailureSelectors, now: float) -> list[UnwellDocument]:
    """Return the documents that are not well and meant, in order of jobs and paths; `now` is wall time.

    Raises UsageError for a state that there is not, and see `select_among`.
    """
    require_states(selectors.states)
    return [
        each
        for each in select_among(store, selectors, now, store.unwell.of)
        if (not selectors.states or each.status in selectors.states)
        and (not selectors.failed or _fails(each, now))
    ]


def _fails(document: UnwellDocument, now: float) -> bool:
    return document.status != DocumentState.HELD and not document.is_accepted(now)


_Listed = TypeVar("_Listed", bound=Selectable)


def select_among(
    store: Store, selectors: FailureSelectors, now: float, documents: Callable[[str], Iterable[_Listed]]
) -> list[_Listed]:
    """Return which of some documents, asked for by job, are meant, in order of jobs and paths; `now` is wall time.

    Raises UsageError for a job that the state does not know, a class that there is not, or a pattern that is none.
    """
    jobs = [name for each in selectors.jobs for name in named_jobs(store, each)] or named_jobs(store)
    if unknown := sorted({*selectors.classes} - {*CLASSES}):
        raise UsageError(f"there is no failure class '{unknown[0]}'", hint=f"there are {', '.join(CLASSES)}")
    matches = matching(selectors.paths)
    labelled = _labelled(jobs, selectors)
    return [
        each
        for job in dict.fromkeys(labelled)
        for each in documents(job)
        if (not selectors.classes or each.why.kind in selectors.classes)
        and matches(each.path)
        and (selectors.older_than is None or each.last is None or now - each.last > selectors.older_than)
    ]


def _labelled(jobs: Sequence[str], selectors: FailureSelectors) -> Sequence[str]:
    if not selectors.labels:
        return jobs
    known = selectors.labels_of()
    return [job for job in jobs if selectors.have(known.get(job, {}))]


def nothing_selected(
    store: Store, selectors: FailureSelectors, fits: Callable[[UnwellDocument], bool] = lambda _each: True
) -> str | None:
    """Say what would match where nothing does, of documents that fit; None where nothing is selected by, so that there is nothing."""
    if not selectors.is_any:
        return None
    return (
        f"no document that is not well matches{selectors.options}; {_what_there_is(store, selectors, fits)}"
    )


def _what_there_is(store: Store, selectors: FailureSelectors, fits: Callable[[UnwellDocument], bool]) -> str:
    every = [each for job in named_jobs(store) for each in store.unwell.of(job) if fits(each)]
    if not every:
        queued = store.unwell.queued()
        waiting = f": {plural(queued, 'document')} that failed wait to be tried again" if queued else ""
        return f"nothing would{waiting}"
    told = "; ".join(_parts(every, selectors))
    return f"{plural(len(every), 'document')} would: {told}"


def _parts(every: Sequence[UnwellDocument], selectors: FailureSelectors) -> Iterator[str]:
    classes = Counter((each.job, str(each.why.kind)) for each in every)
    shown = islice(sorted(classes.items()), 10)
    yield ", ".join(f"{count:,} {kind} of job '{job}'" for (job, kind), count in shown)
    if selectors.paths:
        yield "such as " + ", ".join(f"'{escape(each.path)}'" for each in every[:EXAMPLES])
    if selectors.states:
        states = Counter(each.status for each in every)
        yield "they are " + ", ".join(f"{count:,} {status}" for status, count in sorted(states.items()))
    if selectors.labels:
        labels = {
            f"{name}={value}" for each in selectors.labels_of().values() for name, value in each.items()
        }
        yield f"labels there are: {', '.join(sorted(labels)) or 'none'}"
    if selectors.older_than is not None:
        yield f"--older-than {span(selectors.older_than)} counts from when a document failed last"
