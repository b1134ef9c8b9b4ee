"""What a project's state tells of what was: runs, and answers to questions in SQL."""

from pathlib import Path
from typing import TYPE_CHECKING

from docbatch.api.arguments import Day, days, refuse_negative
from docbatch.api.documented_errors import documented
from docbatch.core.errors import UsageError
from docbatch.specs.values import DeclaredProject

if TYPE_CHECKING:
    from docbatch.core.run_history import RunHistory, RunLine
    from docbatch.state.queries import QueryAnswer


class ProjectRecords:
    """The part of a project that only reads what is recorded."""

    def __init__(self, declared: DeclaredProject) -> None:
        self._declared = declared

    @property
    def environment(self) -> str | None:
        """The environment that it was opened in; None for the project itself."""
        return self._declared.environment.name

    @property
    def environments(self) -> tuple[str, ...]:
        """All environments that docbatch.yaml has."""
        return self._declared.environment.names

    @documented()
    def history(self, *, since: Day = None, job: str | None = None, limit: int = 20) -> "RunHistory":
        """Return who changed the state by which command, from which commit, with what result and cost: the newest first.

        `since` is the first day (UTC) of runs, or a month; `job` leaves out runs that certainly did nothing for it.
        A run that changed nothing is not recorded. Raises NoState.
        """
        from docbatch.engine.administration.history.read_history import read_history
        from docbatch.state.home import Home

        self._refuse_untrusted()
        first, _ = days(since, None)
        with Home.at(self._folder).readable() as store:
            return read_history(store, since=first, job=job, limit=limit)

    @documented()
    def run(self, identity: int) -> "RunLine":
        """Return one run by its number. Raises NoState, UsageError."""
        from docbatch.engine.administration.history.read_history import read_run
        from docbatch.state.home import Home

        self._refuse_untrusted()
        with Home.at(self._folder).readable() as store:
            return read_run(store, identity)

    @documented()
    def query(self, sql: str, *, timeout: float = 60.0, limit: int | None = None) -> "QueryAnswer":
        """Return what the documented views of the state answer to one SELECT, also while a run goes on.

        It takes at most `timeout` seconds and returns at most `limit` rows; `more` says that there are others. Nothing is
        changed, whatever the statement says. Raises UsageError for a statement that cannot be answered, NoState.
        """
        from docbatch.state.queries import answer

        self._refuse_untrusted()
        return answer(self._folder, sql, timeout=timeout, limit=limit)

    def _refuse_untrusted(self, **numbers: float | None) -> None:
        """Raise UsageError for a project that is not trusted, and for numbers that are less than nothing."""
        refuse_negative(**numbers)
        if self._declared.untrusted:
            raise UsageError(
                f"{self._declared.root} is not trusted: it can be validated, planned and explained only"
            )

    @property
    def _folder(self) -> Path:
        return self._declared.state_folder
