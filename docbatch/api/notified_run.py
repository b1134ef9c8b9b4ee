"""A run of which others are told once it has ended, as docbatch.yaml says."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from docbatch.api.arguments import Place
from docbatch.api.reports.project_reports import applied
from docbatch.core.errors import BudgetStop, DocbatchError, Interrupted
from docbatch.core.notifications import (
    NotedCost,
    NotedFailure,
    NotedJob,
    Notification,
    occasions,
)
from docbatch.engine.progress_notices import Answered, Delivered, Ended, Fetched, Intended, Notice
from docbatch.specs.values import DeclaredProject

if TYPE_CHECKING:
    from docbatch.core.report import PlanReport
    from docbatch.engine.running.apply import ApplyOutcome, Assignment, JobOutcome

OnEvent = Callable[[Notice], object] | None
INTERRUPTED_PATIENCE = 0.8
"""Seconds that a run waits for those who are told where somebody asked it to end: less than it is given to do so."""


class _Watched:
    """What a run did, as far as it gives occasion to tell somebody; hands on what it is told."""

    def __init__(self, on_event: OnEvent, agree: "Callable[[PlanReport], bool] | None") -> None:
        self._on_event = on_event
        self._agree = agree
        self._sent: dict[str, int] = {}
        self.did_anything = False
        self.failed = 0
        self.raised: Exception | None = None

    def tell(self, notice: Notice) -> None:
        match notice:
            case Intended():
                self._sent[notice.submission] = notice.documents
            case Ended():
                self.failed += notice.failed if self._sent.pop(notice.submission, 1) else 0
            case Answered(outcome="refused"):
                self.failed += self._sent.get(notice.submission, 0)
                # Where the end of these is told as well, it counts once.
                self._sent[notice.submission] = 0
        if isinstance(notice, Intended | Ended | Fetched | Delivered):
            self.did_anything = True
        if self._on_event is not None:
            with self._noting():
                self._on_event(notice)

    def agree(self, plan: "PlanReport") -> bool:
        with self._noting():
            agreed = self._agree is None or self._agree(plan)
        if agreed:
            self.failed += sum(line.documents for line in plan.lines if line.kind == "fail")
        return agreed

    @contextmanager
    def _noting(self) -> Iterator[None]:
        """Keep what is raised here."""
        try:
            yield
        except Exception as error:
            self.raised = error
            raise


def notified(
    project: DeclaredProject,
    report: Place | None,
    work: "Assignment",
    on_event: OnEvent,
    agree: "Callable[[PlanReport], bool] | None",
) -> "ApplyOutcome":
    """Do a run and tell of it, also where an error ends it. Whoever is told changes nothing of what it comes to."""
    if not project.subscribers:
        return applied(project, report, work, on_event, agree)
    watched = _Watched(on_event, agree)
    try:
        outcome = applied(project, report, work, watched.tell, watched.agree)
    except BaseException as error:
        # What a program raises, when it is asked or told, it knows of.
        if error is watched.raised:
            raise
        _tell(project, watched, _ended_by(project, watched, error))
        raise
    if not outcome.declined:
        _tell(project, watched, _of(project, watched, outcome))
    return outcome


def _tell(project: DeclaredProject, watched: _Watched, told: Notification) -> None:
    from docbatch.engine.administration.notifications.send_notifications import PATIENCE, notify

    patience = INTERRUPTED_PATIENCE if told.exit_code == Interrupted.exit_code else PATIENCE
    if told.on:
        for trouble in notify(project.subscribers, told, project.root, patience):
            watched.tell(trouble)


def _ended_by(project: DeclaredProject, watched: _Watched, error: BaseException) -> Notification:
    errors: tuple[str, ...]
    match error:
        case KeyboardInterrupt() | Interrupted():
            code, errors = Interrupted.exit_code, ()
        case DocbatchError():
            code, errors = error.exit_code, (error.message,)
        case _:
            # Its message may quote anything.
            code, errors = 1, (f"something that is not expected ended the run: {type(error).__name__}",)
    is_stopped = isinstance(error, BudgetStop)
    goes_wrong = bool(errors) and not is_stopped
    on = occasions(is_end=True, goes_wrong=watched.failed > 0 or goes_wrong, is_stopped=is_stopped)
    return Notification(
        project.root.name,
        tuple(on),
        code,
        watched.failed,
        errors=errors,
        environment=project.environment.name,
    )


def _of(project: DeclaredProject, watched: _Watched, outcome: "ApplyOutcome") -> Notification:
    stops = [isinstance(error, BudgetStop) for error in outcome.errors]
    on = occasions(
        is_end=watched.did_anything or bool(outcome.errors) or outcome.interrupted,
        goes_wrong=watched.failed > 0 or not all(stops),
        is_stopped=any(stops),
    )
    return Notification(
        project=project.root.name,
        on=tuple(on),
        exit_code=outcome.exit_code,
        failed=watched.failed,
        jobs=tuple(map(_job, outcome.jobs)),
        spent=tuple(_costs(outcome)),
        errors=tuple(error.message for error in outcome.errors),
        environment=project.environment.name,
    )


def _job(job: "JobOutcome") -> NotedJob:
    failures = (NotedFailure(path, status, kind) for path, status, kind, _ in job.failures)
    return NotedJob(job.job, job.documents, dict(job.standing), tuple(failures))


def _costs(outcome: "ApplyOutcome") -> list[NotedCost]:
    found = []
    for line in outcome.spent:
        values = line.all.values()
        usd, credits_ = values["usd"], values["credits"]
        documents = line.all.documents
        exact = not (usd["estimated"] or credits_["estimated"])
        dollars, told = (_known(each, documents) for each in (usd, credits_))
        unknown = (usd if dollars else credits_)["unknown"]
        found.append(NotedCost(line.by["connection"] or "", documents, dollars, told, exact, unknown))
    return found


def _known(amount: Mapping[str, Any], documents: int) -> float | None:
    """Return what is known of an amount, None where that is nothing of any document."""
    return None if amount["unknown"] == documents else amount["exact"] + amount["estimated"]
