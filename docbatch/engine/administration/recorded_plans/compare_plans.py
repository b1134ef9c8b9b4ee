"""Making the plans of cases and comparing them with those that are recorded. No state, no network, no keys."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from docbatch import __version__
from docbatch.core.errors import GuardRefused, SinkError, UsageError
from docbatch.core.report import visible
from docbatch.engine.administration.recorded_plans.plan_cases import PlanCase
from docbatch.engine.administration.recorded_plans.plan_record import PlanRecord
from docbatch.engine.planning.plan import CountedJobs, Selection, Sight
from docbatch.engine.planning.plan_report import plan_report
from docbatch.engine.planning.read_plan import read_plan
from docbatch.specs.project_file import show_file
from docbatch.specs.text import decoded, read_bytes
from docbatch.specs.values import DeclaredProject, Job
from docbatch.spool import Spool
from docbatch.state.home import Home

if TYPE_CHECKING:
    from docbatch.engine.progress_notices import Notice

PlanVerdict = Literal["same", "differs", "new", "recorded"]
_NOTE = "#"
_NOTES = re.compile(rf"(?:{_NOTE}[^\n]*\n)+")
_LARGEST = 32 << 20


@dataclass(frozen=True, slots=True)
class ComparedPlan:
    """What became of a case: its plan as it is `recorded`, empty where none is, and as it is `now`.

    `made_by` are the lines that say what the recorded one was made by, `making` those of the present one.
    """

    case: str
    verdict: PlanVerdict
    recorded: str
    now: str
    made_by: str = ""
    making: str = ""


def compare_plans(
    cases: Sequence[PlanCase],
    jobs: Sequence[Job],
    project: DeclaredProject,
    *,
    update: bool = False,
    observe: "Callable[[Notice], object]" = lambda _notice: None,
) -> Iterator[ComparedPlan]:
    """Yield what became of each case; with `update`, plans that differ are recorded as they are now.

    Raises UsageError for what keeps a plan from being made or kept.
    """
    making = _made_by(project)
    for case in cases:
        now = _plan_text(case, jobs, project, observe)
        made_by, recorded = _recorded(case.plan, project)
        verdict: PlanVerdict = "same" if recorded == now else "differs" if recorded else "new"
        if update and verdict != "same":
            _write(case.plan, making + now)
            verdict = "recorded"
        yield ComparedPlan(case.name, verdict, recorded, now, made_by, making)


def _plan_text(
    case: PlanCase, jobs: Sequence[Job], project: DeclaredProject, observe: "Callable[[Notice], object]"
) -> str:
    folder = project.state_folder
    selection = Selection(
        case.jobs(jobs, project),
        folder,
        project.mark,
        is_all=True,
        stateless=True,
        prices=lambda: project.prices,
        counted=CountedJobs.ALL,
        guards=project.guards,
        stores=project.stores,
        offline=True,
    )
    try:
        with read_plan(selection, Sight(observe=observe)) as made:
            return PlanRecord(made, plan_report(made, Spool(Home.at(folder).spool, None), 0)).text()
    except (GuardRefused, SinkError) as error:
        return f"apply would refuse this, with exit code {error.exit_code}: {visible(error.message)}\n"


def _made_by(project: DeclaredProject) -> str:
    return (
        f"{_NOTE} The plan of all jobs where nothing is recorded. 'docbatch test' makes it again and compares.\n"
        f"{_NOTE} Made by docbatch {__version__}, prices {project.prices.version}.\n"
    )


def _recorded(file: Path, project: DeclaredProject) -> tuple[str, str]:
    """Return what is said above a recorded plan, and the plan. Raises SpecError for a file that is no text."""
    if not file.exists():
        return "", ""
    shown = show_file(file, project.here)
    text = decoded(read_bytes(file, shown, project.checkout, _LARGEST), shown).replace("\r\n", "\n")
    notes = _NOTES.match(text)
    above = notes[0] if notes else ""
    return above, text[len(above) :]


def _write(file: Path, text: str) -> None:
    """Keep a plan, whole or not at all. Raises UsageError where it cannot be written."""
    try:
        _put(file, text)
    except OSError as error:
        raise UsageError(
            f"{file}: the plan cannot be written: {error.strerror}", hint="nothing else was changed"
        ) from error


def _put(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.new")
    # What lies there may have come with the checkout: a link would be written through.
    draft.unlink(missing_ok=True)
    with draft.open("x", encoding="utf-8") as stream:
        stream.write(text)
    draft.replace(file)
