"""Declarative, resumable batch runs of documents through parsing services.

Programs begin with `open_project`; docs/python.md shows what follows. Nothing is imported before it is used.
"""

__version__ = "0.1.0"

__all__ = [
    "Acceptance",
    "AcceptedDocument",
    "AcceptedDocuments",
    "Answered",
    "ApplyOutcome",
    "AwaitingLock",
    "BudgetStop",
    "CheckedJob",
    "ComingTries",
    "CostLine",
    "CostReport",
    "CountedAmount",
    "Counting",
    "CredentialsError",
    "Delivered",
    "DocbatchError",
    "Ended",
    "EnvironmentNeeded",
    "Explanation",
    "FailedDocument",
    "FailureList",
    "Fetched",
    "GuardRefused",
    "HeldBack",
    "Hindered",
    "Hindrance",
    "Intended",
    "Interruption",
    "JobOutcome",
    "JobStatus",
    "LimitExceeded",
    "LimitStanding",
    "Looked",
    "Looking",
    "NoState",
    "Notice",
    "PlanLine",
    "PlanReport",
    "Project",
    "ProviderError",
    "QueuedDocument",
    "QueuedDocuments",
    "ReadObjects",
    "Relieved",
    "Remark",
    "Replanned",
    "ReportUnwritten",
    "Result",
    "ResultsLost",
    "ResultsMoved",
    "RunReport",
    "Selectors",
    "SentOutside",
    "Settling",
    "SinkError",
    "SpecError",
    "Spending",
    "Spent",
    "StalePlan",
    "StateError",
    "StateLocked",
    "StateStatus",
    "Stopping",
    "TakenBack",
    "Trouble",
    "Uploaded",
    "UsageError",
    "Waiting",
    "__version__",
    "open_project",
]

# Spelt out, since importing typing takes longer than all of this.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from docbatch.api.checked_job import CheckedJob
    from docbatch.api.opening import open_project
    from docbatch.api.project import Project
    from docbatch.core.acceptances import Acceptance, AcceptedDocuments
    from docbatch.core.costs import CostLine, CostReport, CountedAmount, LimitStanding, Spending
    from docbatch.core.errors import (
        BudgetStop,
        CredentialsError,
        DocbatchError,
        EnvironmentNeeded,
        GuardRefused,
        NoState,
        ProviderError,
        ReportUnwritten,
        SinkError,
        SpecError,
        StalePlan,
        StateError,
        StateLocked,
        UsageError,
    )
    from docbatch.core.explanation import Explanation
    from docbatch.core.hindrance import Hindrance
    from docbatch.core.report import PlanLine, PlanReport
    from docbatch.core.results import Result
    from docbatch.core.run_reports.values import RunReport
    from docbatch.core.selectors import Selectors
    from docbatch.engine.administration.failures.accept_failures import AcceptedDocument
    from docbatch.engine.administration.failures.list_failures import FailedDocument, FailureList
    from docbatch.engine.administration.failures.retry_failures import QueuedDocument, QueuedDocuments
    from docbatch.engine.administration.failures.take_back_retries import TakenBack
    from docbatch.engine.administration.status import JobStatus, StateStatus
    from docbatch.engine.progress_notices import (
        Answered,
        AwaitingLock,
        Counting,
        Delivered,
        Ended,
        Fetched,
        Hindered,
        Intended,
        LimitExceeded,
        Looked,
        Looking,
        Notice,
        ReadObjects,
        Relieved,
        Remark,
        Replanned,
        ResultsLost,
        ResultsMoved,
        SentOutside,
        Spent,
        Stopping,
        Trouble,
        Uploaded,
        Waiting,
    )
    from docbatch.engine.running.apply import ApplyOutcome, JobOutcome
    from docbatch.engine.running.rounds.interruption import Interruption
    from docbatch.engine.running.rounds.leave_unseen_sinks import HeldBack
    from docbatch.engine.running.rounds.try_again import ComingTries
    from docbatch.sources.settling import Settling
else:
    _HOMES = {
        "docbatch.api.checked_job": "CheckedJob",
        "docbatch.api.opening": "open_project",
        "docbatch.api.project": "Project",
        "docbatch.core.costs": "CostLine CostReport CountedAmount LimitStanding Spending",
        "docbatch.core.errors": "BudgetStop CredentialsError DocbatchError EnvironmentNeeded GuardRefused NoState ProviderError ReportUnwritten SinkError"
        " SpecError StalePlan StateError StateLocked UsageError",
        "docbatch.core.hindrance": "Hindrance",
        "docbatch.core.report": "PlanLine PlanReport",
        "docbatch.core.results": "Result",
        "docbatch.core.acceptances": "Acceptance AcceptedDocuments",
        "docbatch.core.run_reports.values": "RunReport",
        "docbatch.core.selectors": "Selectors",
        "docbatch.engine.administration.failures.accept_failures": "AcceptedDocument",
        "docbatch.engine.administration.failures.list_failures": "FailedDocument FailureList",
        "docbatch.engine.administration.failures.retry_failures": "QueuedDocument QueuedDocuments",
        "docbatch.engine.administration.failures.take_back_retries": "TakenBack",
        "docbatch.engine.administration.status": "JobStatus StateStatus",
        "docbatch.core.explanation": "Explanation",
        "docbatch.engine.progress_notices": "Answered AwaitingLock Counting Delivered Ended Fetched Hindered Intended LimitExceeded"
        " Looked Looking Notice ReadObjects Relieved Remark Replanned ResultsLost ResultsMoved SentOutside Spent Stopping Trouble Uploaded"
        " Waiting",
        "docbatch.engine.running.apply": "ApplyOutcome JobOutcome",
        "docbatch.engine.running.rounds.interruption": "Interruption",
        "docbatch.engine.running.rounds.leave_unseen_sinks": "HeldBack",
        "docbatch.engine.running.rounds.try_again": "ComingTries",
        "docbatch.sources.settling": "Settling",
    }

    def __getattr__(name: str) -> object:
        import importlib  # noqa: PLC0415 - not needed by who only asks for the version

        for module, names in _HOMES.items():
            if name in names.split():
                found = getattr(importlib.import_module(module), name)
                globals()[name] = found
                return found
        raise AttributeError(f"module 'docbatch' has no attribute '{name}'", name=name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
