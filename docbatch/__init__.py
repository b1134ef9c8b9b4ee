"""Declarative, resumable batch runs of documents through parsing services.

Programs begin with `open_project`; docs/python.md shows what follows. Nothing is imported before it is used.
"""

__version__ = "0.1.0"

__all__ = [
    "Answered",
    "ApplyOutcome",
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
    "Explanation",
    "Fetched",
    "GuardRefused",
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
    "Relieved",
    "Remark",
    "Replanned",
    "Result",
    "ResultsLost",
    "ResultsMoved",
    "SentOutside",
    "SinkError",
    "SpecError",
    "Spending",
    "StalePlan",
    "StateError",
    "StateLocked",
    "StateStatus",
    "Stopping",
    "Trouble",
    "UsageError",
    "Waiting",
    "__version__",
    "open_project",
]

# Spelt out, since importing typing takes longer than all of this.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from docbatch.api.checked_job import CheckedJob
    from docbatch.api.project import Project, open_project
    from docbatch.core.costs import CostLine, CostReport, CountedAmount, LimitStanding, Spending
    from docbatch.core.errors import (
        BudgetStop,
        CredentialsError,
        DocbatchError,
        GuardRefused,
        NoState,
        ProviderError,
        SinkError,
        SpecError,
        StalePlan,
        StateError,
        StateLocked,
        UsageError,
    )
    from docbatch.core.hindrance import Hindrance
    from docbatch.core.report import PlanLine, PlanReport
    from docbatch.core.results import Result
    from docbatch.engine.administration.edit_state import QueuedDocument
    from docbatch.engine.administration.status import JobStatus, StateStatus
    from docbatch.engine.planning.explain_document import Explanation
    from docbatch.engine.progress_notices import (
        Answered,
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
        Relieved,
        Remark,
        Replanned,
        ResultsLost,
        ResultsMoved,
        SentOutside,
        Stopping,
        Trouble,
        Waiting,
    )
    from docbatch.engine.running.apply import ApplyOutcome, JobOutcome
    from docbatch.engine.running.rounds.interruption import Interruption
    from docbatch.engine.running.rounds.try_again import ComingTries
else:
    _HOMES = {
        "docbatch.api.checked_job": "CheckedJob",
        "docbatch.api.project": "Project open_project",
        "docbatch.core.costs": "CostLine CostReport CountedAmount LimitStanding Spending",
        "docbatch.core.errors": "BudgetStop CredentialsError DocbatchError GuardRefused NoState ProviderError SinkError"
        " SpecError StalePlan StateError StateLocked UsageError",
        "docbatch.core.hindrance": "Hindrance",
        "docbatch.core.report": "PlanLine PlanReport",
        "docbatch.core.results": "Result",
        "docbatch.engine.administration.edit_state": "QueuedDocument",
        "docbatch.engine.administration.status": "JobStatus StateStatus",
        "docbatch.engine.planning.explain_document": "Explanation",
        "docbatch.engine.progress_notices": "Answered Counting Delivered Ended Fetched Hindered Intended LimitExceeded"
        " Looked Looking Notice Relieved Remark Replanned ResultsLost ResultsMoved SentOutside Stopping Trouble Waiting",
        "docbatch.engine.running.apply": "ApplyOutcome JobOutcome",
        "docbatch.engine.running.rounds.interruption": "Interruption",
        "docbatch.engine.running.rounds.try_again": "ComingTries",
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
