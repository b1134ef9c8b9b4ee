"""Jobs and their documents: what is wanted, and which item each document is."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from docbatch.core.demands import Demands
from docbatch.core.models import Failure, FailureClass
from docbatch.state.database import Database, among, marked, windows
from docbatch.state.digests import as_text
from docbatch.state.failures import clear_problems, note_problem
from docbatch.state.former import keep_former
from docbatch.state.kept_lines import hold_on
from docbatch.state.manifests import outdate
from docbatch.state.part_queries import WHOLE_OF_ROW, reordered, whole_of
from docbatch.state.recipes import Recipes
from docbatch.state.unwell_documents import UnwellDocuments
from docbatch.state.void import declare_policy, demands_of, void, void_under


@dataclass(frozen=True, slots=True)
class RecordedJob:
    """A job as the last apply knew it; `recipe` is a row number, `source` the identity of its source, `timeout` in seconds.

    `demands` says which results it takes.
    """

    name: str
    connection: str
    recipe: int
    config: Mapping[str, object]
    source: bytes
    priority: int
    pins: Mapping[str, str] = field(default_factory=dict)
    revision: int = 0
    timeout: float | None = None
    demands: Demands = field(default_factory=Demands)


@dataclass(frozen=True, slots=True)
class DocumentWithResult:
    """A wanted document whose item has a result, which is named by its digest in the spool."""

    path: bytes
    result: str
    digest: str
    size: int
    media_type: str
    provider: str


DocumentRow = tuple[bytes, str | None, str | None, str | None, str | None, int | None, str | None]


class Documents:
    def __init__(self, database: Database) -> None:
        self._database = database
        recipes = Recipes(database)
        self.failures = UnwellDocuments(database).failures
        self.recipe = recipes.get
        self.recipes_alike = recipes.alike
        self.configs = recipes.configs
        self.recipe_key = recipes.key
        self.recipe_row = recipes.row
        self.declare_recipe = recipes.declare

    def job(self, name: str) -> RecordedJob | None:
        row = self._database.execute(
            "SELECT name, connection, recipe, config, source, priority, pins, revision, timeout"
            " FROM job WHERE name = ?",
            (name,),
        ).fetchone()
        if row is None:
            return None
        _, connection, recipe, config, source, priority, pins, revision, timeout = row
        return RecordedJob(
            name, connection, recipe, json.loads(config), source, priority, json.loads(pins), revision, timeout,
            demands_of(self._database, name),
        )  # fmt: skip

    def jobs(self) -> list[RecordedJob]:
        names = [row[0] for row in self._database.execute("SELECT name FROM job ORDER BY name")]
        return [job for job in map(self.job, names) if job is not None]

    def connections(self) -> set[tuple[str, str]]:
        """Return every connection that a job or a submission was recorded with, and its type of provider."""
        rows = self._database.execute(
            "SELECT job.connection, recipe.provider FROM job JOIN recipe ON recipe.id = job.recipe"
            " UNION SELECT submission.connection, recipe.provider FROM submission JOIN recipe ON recipe.id = submission.recipe"
        )
        return set(rows.fetchall())

    def stream(
        self, job: str, only: Collection[bytes] | None = None, demands: Demands | None = None
    ) -> Iterator[DocumentRow]:
        """Yield the wanted documents in path order: path, digest, media type, item status, result, recipe, problem.

        Only what comparing needs; items are verified when they are acted on. `only` names a few documents instead of all.
        `demands` says which results the job takes where that is not as it is recorded.
        """
        empty = void(self._database, job) if demands is None else void_under(demands)
        return iter(
            self._database.execute(
                f"SELECT document.path, {as_text('item.digest')}, item.media_type, {_status(empty)},"
                f" CASE WHEN NOT {empty} AND item.status IN ('succeeded', 'partial') THEN {as_text('item.result')} END, item.recipe,"
                " document.problem_class FROM document LEFT JOIN item ON item.id = document.item"
                f" WHERE document.job = ? AND document.wanted = 1{among('document.path', only)} ORDER BY document.path",
                (job, *(only or ())),
            )
        )

    def count(self, job: str) -> int:
        row = self._database.execute(
            "SELECT count(*) FROM document WHERE job = ? AND wanted = 1", (job,)
        ).fetchone()
        return int(row[0])

    def count_items(self, jobs: Collection[str]) -> int:
        """Return how many documents jobs have that can be sent, identical ones of one recipe once."""
        row = self._database.execute(
            "SELECT count(DISTINCT item) FROM document WHERE wanted = 1 AND job IN (SELECT value FROM json_each(?))",
            (json.dumps(list(jobs)),),
        ).fetchone()
        return int(row[0])

    def tally(self, job: str) -> dict[str, int]:
        """Return how many wanted documents stand where: by item status, and 'problem' for those that are no item."""
        rows = self._database.execute(
            f"SELECT coalesce({_status(void(self._database, job))}, 'problem'), count(*)"
            " FROM document LEFT JOIN item ON item.id = document.item"
            " WHERE document.job = ? AND document.wanted = 1 GROUP BY 1",
            (job,),
        )
        return dict(rows.fetchall())

    def standing(self, job: str) -> dict[str, int]:
        """Return how many wanted documents are anything but succeeded; quick where these are few."""
        refused = void(self._database, job)
        counts = dict(
            self._database.execute(
                f"SELECT {_status(refused)}, count(*) FROM item CROSS JOIN document ON document.item = item.id"
                " WHERE item.status <> 'succeeded' AND document.job = ? AND document.wanted = 1 GROUP BY 1",
                (job,),
            ).fetchall()
        )
        problems = self._database.execute(
            "SELECT count(*) FROM document WHERE job = ? AND item IS NULL AND wanted = 1", (job,)
        ).fetchone()[0]
        empty = self._empty_failures(job, refused)
        failed = counts.get("failed", 0) + empty
        return {
            **counts,
            **({"failed": failed} if empty else {}),
            **({"problem": problems} if problems else {}),
        }

    def has_empty(self, job: str) -> bool:
        """Say whether there is nothing to see in one of the job's documents, whatever the job makes of that."""
        row = self._database.execute(
            "SELECT 1 FROM item CROSS JOIN document ON document.item = item.id"
            " WHERE item.empty = 1 AND document.job = ? AND document.wanted = 1 LIMIT 1",
            (job,),
        ).fetchone()
        return row is not None

    def has_partial(self, job: str) -> bool:
        """Say whether one of the job's documents was read in part, whatever the job makes of that."""
        row = self._database.execute(
            "SELECT 1 FROM item CROSS JOIN document ON document.item = item.id"
            " WHERE item.status = 'partial' AND document.job = ? AND document.wanted = 1 LIMIT 1",
            (job,),
        ).fetchone()
        return row is not None

    def _empty_failures(self, job: str, refused: str) -> int:
        """Count the wanted documents that have a whole result and are failed in this job."""
        row = self._database.execute(
            "SELECT count(*) FROM item CROSS JOIN document ON document.item = item.id"
            f" WHERE item.empty = 1 AND item.status = 'succeeded' AND {refused} AND document.job = ? AND document.wanted = 1",
            (job,),
        ).fetchone()
        return int(row[0])

    def problem(self, job: str, path: bytes) -> Failure | None:
        row = self._database.execute(
            "SELECT problem_class, problem_message FROM document WHERE job = ? AND path = ?", (job, path)
        ).fetchone()
        return None if row is None or row[0] is None else Failure(FailureClass(row[0]), row[1])

    def with_results(self, job: str, after: bytes, limit: int) -> list[DocumentWithResult]:
        """Return the first wanted documents that have a result, of those whose path comes after one, in path order."""
        rows = self._database.execute(
            f"SELECT document.path, {as_text('item.result')}, {as_text('item.digest')}, item.size, item.media_type, recipe.provider"
            " FROM document JOIN item ON item.id = document.item JOIN recipe ON recipe.id = item.recipe"
            " WHERE document.job = ? AND document.path > ? AND document.wanted = 1 AND item.result IS NOT NULL"
            f" AND NOT {void(self._database, job)} ORDER BY document.path LIMIT ?",
            (job, after, limit),
        )
        return [DocumentWithResult(*row) for row in rows]

    def count_expired(self, job: str) -> int:
        """Return how many of a job's wanted documents failed because their results cannot be had any more."""
        row = self._database.execute(
            "SELECT count(*) FROM document JOIN item ON item.id = document.item WHERE document.job = ?"
            " AND document.wanted = 1 AND item.status = 'failed' AND item.failure_class = ?",
            (job, str(FailureClass.EXPIRED)),
        ).fetchone()
        return int(row[0])

    def results(self, job: str) -> Iterator[str]:
        """Yield the digests of the results of a job's wanted documents, one for each document."""
        rows = self._database.execute(
            f"SELECT {as_text('item.result')} FROM document JOIN item ON item.id = document.item"
            " WHERE document.job = ? AND document.wanted = 1 AND item.result IS NOT NULL",
            (job,),
        )
        return (result for (result,) in rows)

    def items_done(self, job: str, paths: Sequence[bytes]) -> dict[bytes, int]:
        """Return those of a job's documents that have results, by path, with their items' rows."""
        found: dict[bytes, int] = {}
        for window in windows(paths):
            found |= self._database.execute(
                "SELECT document.path, item.id FROM document JOIN item ON item.id = document.item"
                f" WHERE document.job = ? AND {marked('document.path', window)} AND document.wanted = 1"
                f" AND item.result IS NOT NULL AND NOT {void(self._database, job)}",
                (job, *window),
            ).fetchall()
        return found

    def knows(self, job: str, path: bytes) -> bool:
        row = self._database.execute(
            "SELECT 1 FROM document WHERE job = ? AND path = ? AND wanted = 1", (job, path)
        ).fetchone()
        return row is not None

    def item_row(self, job: str, path: bytes) -> int | None:
        row = self._database.execute(
            "SELECT item FROM document WHERE job = ? AND path = ? AND wanted = 1", (job, path)
        ).fetchone()
        return None if row is None else row[0]

    def remembered(self, job: str, path: bytes) -> int | None:
        """Return the item's row of a document that the job wants or once wanted."""
        row = self._database.execute(
            "SELECT item FROM document WHERE job = ? AND path = ?", (job, path)
        ).fetchone()
        return None if row is None else row[0]

    def of_item(self, item: int, place: bytes) -> Iterator[tuple[str, bytes]]:
        """Yield (job, path) of the wanted documents that are this item, or of which it is a part, and lie at this place."""
        yield from self._database.execute(
            "SELECT document.job, document.path FROM document JOIN job ON job.name = document.job"
            f" WHERE document.item = {WHOLE_OF_ROW} AND document.wanted = 1"
            " AND CAST(job.source || x'2f' || document.path AS BLOB) = ?",
            (item, place),
        ).fetchall()

    def wanting(self, items: Sequence[int]) -> tuple[str, ...]:
        """Return the jobs that want any of these items, by name."""
        jobs: set[str] = set()
        for window in windows(items):
            rows = self._database.execute(
                f"SELECT DISTINCT job FROM item JOIN document ON document.item = {whole_of('item.id')}"
                f" WHERE {marked('item.id', window)} AND wanted = 1",
                window,
            )
            jobs.update(job for (job,) in rows)
        return tuple(sorted(jobs))

    def places(self, item: int) -> list[tuple[str, bytes]]:
        """Return (job, path) of the wanted documents that are this item, or of which it is a part."""
        return self._database.execute(
            f"SELECT job, path FROM document WHERE item = {WHOLE_OF_ROW} AND wanted = 1 ORDER BY job, path",
            (item,),
        ).fetchall()

    def declare_job(self, job: RecordedJob) -> None:
        """Write the job's row inside the current transaction."""
        self._database.execute(
            "INSERT INTO job (name, connection, recipe, config, source, priority, pins, timeout, on_empty)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (name) DO UPDATE SET connection = excluded.connection, recipe = excluded.recipe,"
            " config = excluded.config, source = excluded.source, priority = excluded.priority, pins = excluded.pins,"
            " timeout = excluded.timeout, revision = revision + (on_empty <> excluded.on_empty),"
            " on_empty = excluded.on_empty",
            (job.name, job.connection, job.recipe, json.dumps(dict(job.config)), job.source, job.priority,
             json.dumps(dict(job.pins)), job.timeout, job.demands.on_empty),
        )  # fmt: skip
        if declare_policy(self._database, job.name, job.demands):
            self.revise(job.name)
        outdate(self._database, job.name)
        self._reorder(job.name)

    def _reorder(self, job: str) -> None:
        """Give what the job waits for the lowest priority number of all jobs that want it."""
        for asked in reordered():
            self._database.execute(asked, (job,))

    def put(self, job: str, path: bytes, item: int | None, problem: Failure | None) -> None:
        """Record what a document is inside the current transaction: an item, or a problem that keeps it from being one."""
        kind, message = (None, None) if problem is None else (str(problem.kind), problem.message)
        keep_former(self._database, job, path, item)
        self._database.execute(_PUT, (job, path, item, kind, message))
        if problem is None:
            clear_problems(self._database, job, [path])
        else:
            note_problem(self._database, job, path)
        self._rest(job, path)

    def put_new(self, job: str, found: Iterable[tuple[bytes, int]]) -> None:
        """Record documents, by path, that the job did not want so far, inside the current transaction, and which items they are."""
        put = [(job, path, item, None, None) for path, item in found]
        self._database.executemany(_PUT, put)
        clear_problems(self._database, job, [path for _, path, *_ in put])

    def unwant(self, job: str, path: bytes) -> None:
        """Mark a document as no longer found, inside the current transaction. What was paid stays known."""
        hold_on(self._database, job, path)
        keep_former(self._database, job, path, None)
        self._database.execute("UPDATE document SET wanted = 0 WHERE job = ? AND path = ?", (job, path))
        clear_problems(self._database, job, [path])
        self._rest(job, path)

    def _rest(self, job: str, path: bytes) -> None:
        """What was to be written for the document as it was, is not to be written any more."""
        self._database.execute(
            "UPDATE delivery SET due = 0 WHERE due <> 0 AND path = ? AND sink IN (SELECT id FROM sink WHERE job = ?)",
            (path, job),
        )

    def revise(self, job: str) -> None:
        """Note inside the current transaction that what whole sinks of the job should hold has changed."""
        self._database.execute("UPDATE job SET revision = revision + 1 WHERE name = ?", (job,))
        outdate(self._database, job)


_PUT = (
    "INSERT INTO document (job, path, item, problem_class, problem_message, wanted) VALUES (?, ?, ?, ?, ?, 1)"
    " ON CONFLICT (job, path) DO UPDATE SET item = excluded.item, problem_class = excluded.problem_class,"
    " problem_message = excluded.problem_message, wanted = 1"
)


def _status(empty: str) -> str:
    """Return SQL for how a document stands, given what says that its result is void."""
    return f"CASE WHEN {empty} THEN 'failed' ELSE item.status END"
