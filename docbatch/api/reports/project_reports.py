"""Reports of a project: of a run of it, and of how it stands."""

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from os import fspath
from pathlib import Path
from typing import TYPE_CHECKING

from docbatch.api.arguments import Place
from docbatch.core.errors import SpecError, UsageError
from docbatch.specs.load import load_jobs
from docbatch.specs.values import DeclaredProject, Job

if TYPE_CHECKING:
    from docbatch.core.report import PlanReport
    from docbatch.core.run_reports.values import RunReport
    from docbatch.engine.progress_notices import Notice
    from docbatch.engine.running.apply import ApplyOutcome, Assignment


def applied(
    project: DeclaredProject,
    place: Place | None,
    work: "Assignment",
    on_event: "Callable[[Notice], object] | None",
    agree: "Callable[[PlanReport], bool] | None",
) -> "ApplyOutcome":
    """Return how jobs stand after a run, of which a report is written where there is a place for it.

    Raises UsageError, before anything is done, where it cannot lie there.
    """
    from docbatch.api.callbacks import applied_unreported

    if place is None:
        return applied_unreported(work, on_event, agree)
    from docbatch.api.reports.read_report import scope_of
    from docbatch.api.reports.report_folder import ReportFolder
    from docbatch.api.reports.reported_run import ReportedRun

    folder = ReportFolder(project.here / place, fspath(place))
    folder.check([*work.jobs, *_readable(project)])
    scope = scope_of(work.jobs, [job.name for job in work.jobs])
    scope = replace(scope, selected=work.selectors.options.strip())
    run = ReportedRun(work.folder, folder, scope, on_event)
    return run.run(lambda watch: applied_unreported(work, watch, agree))


def write_standing(project: DeclaredProject, place: Place, job: str | None) -> "RunReport":
    """Write a report of how jobs stand, and return it. Raises NoState, UsageError, SinkError."""
    from docbatch.api.reports.read_report import read_report, scope_of
    from docbatch.api.reports.report_folder import ReportFolder
    from docbatch.core.moments import iso_moment
    from docbatch.core.run_reports.values import RunReport
    from docbatch.engine.administration.edit_state import named_jobs
    from docbatch.state.home import Home

    state = project.state_folder
    folder = ReportFolder(project.here / place, fspath(place))
    declared = list(_declared(project))
    folder.check(declared)
    with Home.at(state).readable() as store:
        names = named_jobs(store, job)
    scope = scope_of(declared, None if job is None else names)
    blank = RunReport("status", iso_moment(time.time()), (), environment=project.environment.name)
    report = read_report(state, scope, blank)
    folder.write(report)
    return report


def require_unread(project: DeclaredProject, place: Place, jobs: Iterable[Job]) -> None:
    """Raise UsageError where a source of these jobs, or of those in jobs/, would read a file that is to be written."""
    from docbatch.specs.readers import first_reader, would_be_read

    file = project.here / place
    if (read := first_reader((*jobs, *_readable(project)), [file])) is not None:
        raise would_be_read(Path(fspath(place)), read[1])


def _declared(project: DeclaredProject) -> Iterable[Job]:
    """Return the jobs of the project's own folder, none where it has none. Raises SpecError."""
    try:
        return load_jobs(project)
    except SpecError:
        raise
    except UsageError:
        return ()


def _readable(project: DeclaredProject) -> Iterable[Job]:
    """Return the same where a run has jobs of its own: what is wrong with others does not stop it."""
    try:
        return _declared(project)
    except SpecError:
        return ()
