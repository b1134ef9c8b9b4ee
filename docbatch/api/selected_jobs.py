"""Which of the jobs of a project selectors mean, and what is said where they mean none."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from docbatch.core.errors import UsageError
from docbatch.core.selectors import EVERYTHING, Selectors, values
from docbatch.engine.planning.narrowing.known_states import require_states
from docbatch.engine.planning.plan import Selection
from docbatch.engine.planning.saved.saved_selectors import SavedSelectors
from docbatch.naming.closest import closest, listed
from docbatch.specs.values import Job

if TYPE_CHECKING:
    from docbatch.engine.planning.saved.plan_file import SavedPlan
    from docbatch.state.store import Store

Work = TypeVar("Work", bound=Selection)


def narrowed(work: Work, selectors: Selectors | None, saved: "SavedPlan | None" = None) -> Work:
    """Return what is to be looked at without what is not selected; a saved plan has selectors of its own.

    Jobs that are not selected are left alone, as those are whose specs nobody named: none counts as removed. Raises UsageError.
    """
    selectors = selectors or EVERYTHING
    if saved is not None and selectors.are_any:
        raise UsageError(
            "a saved plan is of what was selected when it was made",
            hint="leave selectors out beside it, or make a plan of what they select",
        )
    chosen = SavedSelectors(selectors) if saved is None else saved.selected
    if not chosen.selectors.are_any:
        return work
    jobs = selected_jobs(work.jobs, chosen.selectors)
    _require_upgraded(work.upgrade, jobs)
    return replace(
        work,
        jobs=jobs,
        is_all=False,
        connections=() if chosen.selectors.are_of_jobs else work.connections,
        selectors=chosen.selectors,
        selected_at=chosen.at,
        others=len(work.jobs) - len(jobs),
    )


def selected_jobs(jobs: Sequence[Job], selectors: Selectors) -> tuple[Job, ...]:
    """Return the jobs that are meant. Raises UsageError for a name or a label that none has, and a state that there is not."""
    require_states(selectors.states)
    _require_names(selectors.jobs, [job.name for job in jobs])
    named = [job for job in jobs if not selectors.jobs or job.name in selectors.jobs]
    found = tuple(job for job in named if selectors.have(job.labels))
    if named and not found:
        raise _no_job(selectors, [job.labels for job in named])
    return found


def recorded_jobs(
    store: "Store",
    job: str | None,
    selectors: Selectors | None,
    declared: Callable[[Sequence[Path]], Sequence[Job]],
) -> tuple[str, ...] | None:
    """Return the names of recorded jobs that are meant, None for all. Raises UsageError as above.

    Labels are those that jobs have now, as they are `declared`.
    """
    selectors = selectors or EVERYTHING
    require_states(selectors.states)
    named = tuple(dict.fromkeys((*([] if job is None else [job]), *selectors.jobs)))
    if not selectors.labels:
        return named or None
    recorded = {each.name for each in store.documents.jobs()}
    found = selected_jobs(declared(()), replace(selectors, jobs=named))
    return tuple(each.name for each in found if each.name in recorded)


def _require_names(names: Iterable[str], known: Collection[str]) -> None:
    for name in names:
        if name not in known:
            meant = closest(name, known)
            raise UsageError(
                f"there is no job '{name}'",
                hint=f"did you mean '{meant}'?" if meant else f"there are {listed(sorted(known)) or 'none'}",
            )


def _require_upgraded(names: Iterable[str], jobs: Collection[Job]) -> None:
    for name in names:
        if name not in {job.name for job in jobs}:
            raise UsageError(
                f"job '{name}' is to be upgraded and is not selected",
                hint="select it as well, or leave it out",
            )


def _no_job(selectors: Selectors, labels: Sequence[Mapping[str, str]]) -> UsageError:
    asked = ", ".join(f"{name}={each}" for name, value in selectors.labels.items() for each in values(value))
    known = sorted({f"{name}={value}" for each in labels for name, value in each.items()})
    whose = "none of these jobs has" if selectors.jobs else "no job has"
    return UsageError(f"{whose} the labels {asked}", hint=f"labels there are: {listed(known) or 'none'}")
