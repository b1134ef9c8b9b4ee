"""What a table is in the database, and what has to be done before rows of a form can be written to it."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from docbatch.core.errors import ForeignOutput
from docbatch.sinks.databases.giving_way import may_give_way, take_away
from docbatch.sinks.databases.job_owners import JOBS, JobRows
from docbatch.sinks.databases.row_database import DatabaseFile, RowDatabase, quoted
from docbatch.sinks.databases.row_table import RowTable
from docbatch.sinks.databases.table_form import DOCUMENTS, NOTES, TABLES, TableForm, make_notes, note, noted
from docbatch.sinks.faults import SAFE
from docbatch.sinks.table import NAMES

UNDECLARED = {*NAMES, "checksum"}
"""The columns of tables that an SQLite sink makes where no rows are declared."""


@dataclass(frozen=True, slots=True)
class DeclaredTable:
    """A job's table as it is declared; `project` is the id of the project that declares it, if it has one."""

    name: str
    job: str
    form: TableForm
    project: str = ""

    def own_rows(self, file: DatabaseFile, database: RowDatabase) -> JobRows:
        """Return the job's rows in it, to be asked whose they are."""
        return JobRows(database, file.shown, self.name, self.job, self.project)


class FoundTable:
    """The table that lies there under the declared name. Raises SinkError where rows of the form cannot be written to it.

    `is_absent` says that there is none, `is_former` that what is there holds nothing but other rows of this job and gives
    way to a new one. Nothing is written before `prepare`.
    """

    def __init__(self, file: DatabaseFile, database: RowDatabase, wanted: DeclaredTable) -> None:
        self._file = file
        self._database = database
        self._declared = wanted
        self._columns = {each.name.casefold(): each for each in database.columns(wanted.name)}
        try:
            self._noted = noted(database, wanted.name)
        except ValueError as error:
            raise self._error(str(error)) from error
        self.is_absent = not self._columns
        self.is_former = False
        self._own = wanted.own_rows(file, database)
        if not self.is_absent:
            self._own.require_own()
            self._judge()

    @property
    def is_ready(self) -> bool:
        """Whether rows can be read from it as the form has them."""
        return not self.is_absent and not self.is_former and not self._lacking()

    def table(self) -> RowTable:
        """Return the table as rows are written to it."""
        form = self._declared.form
        former = {} if self._noted is None or self.is_former or self.is_absent else self._noted.columns
        left = [name for name in former if name not in form.columns and name.casefold() in self._columns]
        return RowTable(self._database, self._declared.name, self._declared.job, form, left)

    def former(self) -> RowTable | None:
        """Return the table that gives way, as it was written; None where another kind of sink wrote it."""
        if self._noted is None:
            return None
        return RowTable(self._database, self._declared.name, self._declared.job, self._noted)

    def prepare(self) -> None:
        """Make or alter the table, in a transaction of its own."""
        is_noted = self._noted == self._declared.form.extended(self._noted or self._declared.form)
        if self.is_ready and is_noted and self._own.is_claimed:
            return
        database, name, form = self._database, self._declared.name, self._declared.form
        lacking = () if self.is_absent or self.is_former else self._lacking()
        with database.transaction():
            database.mark()
            make_notes(database)
            if self.is_absent:
                self._own.let_go_all()
            self._own.claim()
            if self.is_former:
                take_away(database, name)
            if self.is_absent or self.is_former:
                # What was noted is of rows that are gone.
                database.run(f"DELETE FROM {DOCUMENTS} WHERE table_name = ?", [name.lower()])  # noqa: S608
                database.run(form.created(name, database))
            for column in lacking:
                kind = database.types[form.columns[column]]
                database.run(f"ALTER TABLE {quoted(name)} ADD COLUMN {quoted(column)} {kind}")
            is_new = self.is_absent or self.is_former or self._noted is None
            note(database, name, form if is_new or self._noted is None else form.extended(self._noted))

    def _lacking(self) -> list[str]:
        return [name for name in self._declared.form.columns if name.casefold() not in self._columns]

    def _judge(self) -> None:
        if self._database.is_view(self._declared.name):
            raise self._error("it is a view")
        why = self._other_form()
        if why is None:
            return
        own = UNDECLARED if self._noted is None else self._noted.types
        if not may_give_way(self._database, self._declared.name, self._declared.job, own):
            raise self._error(why)
        self.is_former = True

    def _other_form(self) -> str | None:
        """Say why rows of the form cannot be written to the table as it is, if they cannot. Raises SinkError for one that is not ours."""
        if self._noted is None:
            if self._is_of_undeclared_rows():
                return "it has a row a document, written without `rows` or `columns`"
            raise self._error("docbatch did not make it")
        form = self._declared.form
        if self._noted.rows != form.rows:
            return f"its rows are of rows: {self._noted.rows}, and the job declares rows: {form.rows}"
        if self._key() != set(form.keys):
            raise self._error(f"its key is another than {', '.join(form.keys)}")
        return next(self._conflicts(self._noted.columns), None)

    def _conflicts(self, former: Mapping[str, str]) -> Iterator[str]:
        for name, kind in self._declared.form.columns.items():
            found = self._columns.get(name.casefold())
            if name in former:
                if former[name] != kind:
                    yield f"its column {name} is of type {former[name]}, and the job declares {kind}"
                elif found is not None and found.type.upper() != self._database.types[kind]:
                    yield f"somebody made its column {name} one of {found.type}"
            elif found is not None:
                yield f"it has a column {found.name} that docbatch did not make"

    def _key(self) -> set[str]:
        return {each.name for each in self._columns.values() if each.is_key}

    def _is_of_undeclared_rows(self) -> bool:
        names = {each.name for each in self._columns.values()}
        return names >= UNDECLARED and self._key() == {"job", "path"}

    def _error(self, why: str) -> ForeignOutput:
        name = self._declared.name
        drop = self._file.drop_command.format(f"DROP TABLE {quoted(name)}")
        return ForeignOutput(
            f'{self._file.shown} has a table "{name}" that cannot be written to: {why}; nothing was changed',
            hint=f"{SAFE}; give the sink another table, or take this one away ({drop}), and run `docbatch apply` again",
        )


def is_ours(database: RowDatabase) -> bool:
    """Whether docbatch made a database, by the notes in it."""
    return all(database.columns(name) for name in NOTES)


def has_other_jobs(database: RowDatabase, jobs: Collection[str], undeclared: Collection[str] = ()) -> bool:
    """Whether a database of ours has rows of other jobs than these, in declared tables and in those that are named."""
    declared = set(tables_of_ours(database)) - {*NOTES, JOBS}
    for name in (*(each for each in declared if database.columns(each)), *undeclared):
        found = database.run(f"SELECT DISTINCT job FROM {quoted(name)}")  # noqa: S608
        # Rows without a job were those of a table of one job once.
        if any(job not in {*jobs, ""} for (job,) in found):
            return True
    return False


def tables_of_ours(database: RowDatabase) -> Iterable[str]:
    """Return the names of all tables that docbatch made, in lower case, those of notes among them."""
    if not database.columns(TABLES):
        return [JOBS]
    return [*NOTES, JOBS, *(str(name) for (name,) in database.run(f"SELECT name FROM {TABLES}"))]  # noqa: S608
