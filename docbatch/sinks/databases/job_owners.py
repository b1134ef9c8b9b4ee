"""Whose rows a job's in a table are: jobs of two projects may have one name, and write to one table."""

from docbatch.core.errors import ForeignOutput
from docbatch.sinks.databases.row_database import RowDatabase
from docbatch.sinks.faults import SAFE

JOBS = "docbatch_jobs"
"""A row for each job that has rows in a table of the database: the id of the project that writes them. Projects without an id have none."""


class JobRows:
    """One job's rows in a table, as far as it is told which project they are of: `project`, which is empty for one without an id."""

    def __init__(self, database: RowDatabase, place: str, table: str, job: str, project: str) -> None:
        self._database = database
        self._place = place
        self._table = table
        self._job = job
        self._project = project

    @property
    def is_claimed(self) -> bool:
        """Whether they are known as this project's, as far as there is something to know it by."""
        return not self._project or self._owner() == self._project

    @property
    def is_another_s(self) -> bool:
        return self._owner() not in {"", self._project}

    def require_own(self) -> None:
        """Raise ForeignOutput where they are of another project."""
        if self.is_another_s:
            raise ForeignOutput(
                f"{self._place} has rows of a job '{self._job}' of another project in the table \"{self._table}\"; nothing was changed",
                hint=f"{SAFE}; give the job another name, or the sink another path or table, and run the same command again."
                f" Where that project is given up, delete its lines of the table {JOBS}",
            )

    def claim(self) -> None:
        """Note that they are this project's, inside a transaction. Raises ForeignOutput."""
        self.require_own()
        if not self.is_claimed:
            self._database.run(
                f"CREATE TABLE IF NOT EXISTS {JOBS}"
                " (table_name TEXT, job TEXT, project TEXT, PRIMARY KEY (table_name, job))"
            )
            self._database.run(
                f"INSERT INTO {JOBS} (table_name, job, project) VALUES (?, ?, ?)",  # noqa: S608
                [self._table.lower(), self._job, self._project],
            )

    def let_go(self) -> None:
        """Forget whose they are, inside a transaction, once there are none."""
        self._let_go("AND job = ?", self._job)

    def let_go_all(self) -> None:
        """Forget whose rows there are of any job, inside a transaction, where the table is gone."""
        self._let_go("")

    def _let_go(self, condition: str, *values: str) -> None:
        if self._database.columns(JOBS):
            query = f"DELETE FROM {JOBS} WHERE table_name = ? {condition}"  # noqa: S608
            self._database.run(query, [self._table.lower(), *values])

    def _owner(self) -> str:
        if not self._database.columns(JOBS):
            return ""
        found = self._database.run(
            f"SELECT project FROM {JOBS} WHERE table_name = ? AND job = ?",  # noqa: S608
            [self._table.lower(), self._job],
        )
        return str(found[0][0]) if found else ""
