"""The limits that a project and its jobs declare, as far as their specs can be read."""

from docbatch.core.errors import SpecError, UsageError
from docbatch.core.limits import Limit
from docbatch.core.report import plural
from docbatch.engine.administration.status import DeclaredLimits
from docbatch.specs.load import load_jobs
from docbatch.specs.values import DeclaredProject


def declared_limits(project: DeclaredProject) -> DeclaredLimits:
    """Return the limits of the project, of its connections and of the jobs in jobs/, each once."""
    known = [*project.limits, *project.connection_limits]
    unread = None
    of_jobs: list[Limit] = []
    try:
        of_jobs = [limit for job in load_jobs(project) for limit in job.limits]
    except SpecError as error:
        unread = f"limits of jobs cannot be read: {plural(len(error.problems), 'problem')} in the specs"
    except UsageError:
        # Without a folder of jobs, specs are named with each command, and none is here.
        of_jobs = []
    return DeclaredLimits(tuple(dict.fromkeys([*known, *of_jobs])), unread)
