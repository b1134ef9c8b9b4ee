"""A run of which others are told once it has ended, as docbatch.yaml says."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from docbatch.api.arguments import Place
from docbatch.api.reports.project_reports import applied
from docbatch.core.errors import BudgetStop, DocbatchError, StateLocked
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


class _Watched:
    """What a run did, as far as it gives occasion to tell somebody; hands on what it is told."""

    def __init__(self, on_event: OnEvent, agree: "Callable[[PlanReport], bool] | None") -> None:
        self._on_event = on_event
        self._agree = agree
        self._sent: dict[str, int] = {}
        self.did_anything = False
        self.failed = 0

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
            self._on_event(notice)

    def agree(self, plan: "PlanReport") -> bool:
        agreed = self._agree is None or self._agree(plan)
        if agreed:
            self.failed += sum(line.documents for line in plan.lines if line.kind == "fail")
        return agreed


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
    except StateLocked:
        # Another run is at work, and will tell of itself.
        raise
    except DocbatchError as error:
        _tell(project, watched, _ended_by(project, watched, error))
        raise
    if not outcome.declined:
        _tell(project, watched, _of(project, watched, outcome))
    return outcome


def _tell(project: DeclaredProject, watched: _Watched, told: Notification) -> None:
    from docbatch.engine.administration.notifications.send_notifications import notify

    if told.on:
        for trouble in notify(project.subscribers, told, project.root):
            watched.tell(trouble)


def _ended_by(project: DeclaredProject, watched: _Watched, error: DocbatchError) -> Notification:
    on = occasions(did_anything=True, failed=watched.failed, is_stopped=isinstance(error, BudgetStop))
    return Notification(
        project.root.name, tuple(on), error.exit_code, watched.failed, errors=(error.message,)
    )


def _of(project: DeclaredProject, watched: _Watched, outcome: "ApplyOutcome") -> Notification:
    stops = any(isinstance(error, BudgetStop) for error in outcome.errors)
    did_anything = watched.did_anything or bool(outcome.errors)
    return Notification(
        project=project.root.name,
        on=tuple(occasions(did_anything=did_anything, failed=watched.failed, is_stopped=stops)),
        exit_code=outcome.exit_code,
        failed=watched.failed,
        jobs=tuple(map(_job, outcome.jobs)),
        spent=tuple(_costs(outcome)),
        errors=tuple(error.message for error in outcome.errors),
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
