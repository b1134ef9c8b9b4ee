"""The views that questions in SQL are put to: documented, and the same in every later version. Tables may change with any.

docs/state.md is drawn from here, by `script/docs`. Digests are hexadecimal text, moments ISO 8601 in UTC, paths text.
"""

from dataclasses import dataclass

from docbatch.state.charges import COUNTED, CREDITS, MONEY, ROWS
from docbatch.state.digests import as_text


@dataclass(frozen=True, slots=True)
class ViewColumn:
    name: str
    meaning: str
    sql: str


@dataclass(frozen=True, slots=True)
class StateView:
    """`rows` is the part of the query behind its columns; several stand for one view of all their rows."""

    name: str
    meaning: str
    columns: tuple[ViewColumn, ...]
    rows: str

    @property
    def sql(self) -> str:
        columns = ", ".join(f"{each.sql} AS {each.name}" for each in self.columns)
        return f"CREATE TEMP VIEW {self.name} AS SELECT {columns} FROM {self.rows}"


def _moment(column: str) -> str:
    return f"strftime('%Y-%m-%dT%H:%M:%fZ', {column}, 'unixepoch')"


def _path(column: str) -> str:
    return f"path_text({column})"


def _usd(amount: str) -> str:
    return f"({amount}) / 1000000.0"


_ON_PARTIAL = "coalesce((SELECT on_partial FROM main.policy WHERE policy.job = job.name), 'report')"
_IN_PART = f"(coalesce(item.status = 'partial', 0) AND {_ON_PARTIAL} = 'fail')"
_VOID = f"(coalesce(item.empty, 0) AND job.on_empty = 'fail' OR {_IN_PART})"
_STATUS = f"CASE WHEN item.id IS NULL THEN 'problem' WHEN {_VOID} THEN 'failed' ELSE item.status END"
_CLASS = f"CASE WHEN {_IN_PART} THEN 'lost' WHEN {_VOID} THEN 'empty' ELSE coalesce(item.failure_class, document.problem_class) END"
_MESSAGE = "coalesce(item.failure_message, document.problem_message)"
_DOCUMENTS = "main.document AS document JOIN main.job AS job ON job.name = document.job LEFT JOIN main.item AS item ON item.id = document.item"
_KINDS = "substr(sink.identity, 1, instr(sink.identity || char(10), char(10)) - 1)"
_ENTRIES = "(SELECT count(*) FROM main.submission_item AS entry WHERE entry.submission = submission.id)"
_PLACE = _path(
    "CASE WHEN sink.root IS NULL THEN sink.output ELSE CAST(sink.root || x'2f' || sink.output AS BLOB) END"
)
_OUTPUT = (
    "(SELECT job, identity, root, NULL AS path, output, NULL AS result, stamp IS NOT NULL AS written, wanted, 0 AS due"
    " FROM main.sink WHERE output IS NOT NULL"
    " UNION ALL SELECT sink.job, sink.identity, sink.root, delivery.path, coalesce(sink.output, delivery.output),"
    " delivery.result, delivery.result IS NOT NULL, sink.wanted, delivery.due"
    " FROM main.delivery AS delivery JOIN main.sink AS sink ON sink.id = delivery.sink) AS sink"
)


def _columns(*columns: tuple[str, str, str]) -> tuple[ViewColumn, ...]:
    return tuple(ViewColumn(name, meaning, sql) for name, sql, meaning in columns)


VIEWS: tuple[StateView, ...] = (
    StateView(
        "documents",
        "Every document that a job wants or once wanted.",
        _columns(
            ("job", "document.job", "the job's name"),
            ("path", _path("document.path"), "relative to the job's source"),
            ("wanted", "document.wanted", "1 while the job has it, 0 since it is gone"),
            ("status", _STATUS, "`pending`, `live`, `succeeded`, `partial`, `failed`, `held`, or `problem` where it cannot be sent"),
            ("class", _CLASS, "why it failed or cannot be sent"),
            ("message", _MESSAGE, "the same in words"),
            ("media_type", "item.media_type", "what it is sent as"),
            ("bytes", "item.size", "its size"),
            ("sha256", as_text("item.digest"), "the digest of its bytes"),
            ("item", as_text("item.key"), "the key of what is paid once, as in `items`"),
            ("result", as_text("item.result"), "the digest of its result in the spool"),
            ("empty", "item.empty", "1 where there is nothing to see in it"),
        ),
        _DOCUMENTS,
    ),
    StateView(
        "items",
        "What is paid once: bytes, and what is done to them.",
        _columns(
            ("item", as_text("item.key"), "its key"),
            ("provider", "recipe.provider", "the type of provider"),
            ("operation", "recipe.operation", "`parse`, `extract` …"),
            ("config", "recipe.config", "JSON: what was set"),
            ("versions", "recipe.pins", "JSON: what read it, by name"),
            ("media_type", "item.media_type", "what it is sent as"),
            ("bytes", "item.size", "its size"),
            ("sha256", as_text("item.digest"), "the digest of its bytes"),
            ("status", "item.status", "as in `documents`"),
            ("attempts", "item.attempt + (item.status <> 'pending')", "how often it was tried"),
            ("result", as_text("item.result"), "the digest of its result in the spool"),
            ("class", "item.failure_class", "why it failed"),
            ("code", "item.failure_code", "the vendor's word for it"),
            ("message", "item.failure_message", "the same in words"),
            ("warnings", "item.warnings", "JSON: what its result warns of"),
        ),
        "main.item AS item JOIN main.recipe AS recipe ON recipe.id = item.recipe",
    ),
    StateView(
        "attempts",
        "Every time that an item was part of a submission. Work of this machine is no submission.",
        _columns(
            ("item", as_text("item.key"), "as in `items`"),
            ("submission", "entry.submission", "as in `submissions`"),
            ("connection", "submission.connection", "where it was sent"),
            ("sent_at", _moment("submission.intended_at"), "when it was recorded, just before it was sent"),
            ("status", "entry.status", "`running`, `ready`, `partial`, `done`, `failed`, `released`, `missing`"),
            ("remote_id", "entry.remote_id", "what the vendor calls it"),
            ("class", "failure.class", "why it failed, where that is kept"),
            ("code", "failure.code", "the vendor's word for it"),
            ("message", "failure.message", "the same in words"),
            ("failed_at", _moment("failure.at"), "when that was recorded"),
        ),
        "main.submission_item AS entry JOIN main.submission AS submission ON submission.id = entry.submission"
        " JOIN main.item AS item ON item.id = entry.item"
        " LEFT JOIN main.failure AS failure ON failure.item = entry.item AND failure.submission = entry.submission",
    ),
    StateView(
        "submissions",
        "What was asked of vendors, each with its documents.",
        _columns(
            ("submission", "submission.id", "its name here"),
            ("connection", "submission.connection", "where it was sent"),
            ("provider", "recipe.provider", "the type of provider"),
            ("operation", "recipe.operation", "`parse`, `extract` …"),
            ("status", "submission.status", "as drawn above"),
            ("remote_id", "submission.remote_id", "what the vendor calls it"),
            ("marker", "submission.marker", "the mark that finds it again at the vendor"),
            ("sent_at", _moment("submission.intended_at"), "when it was recorded, just before it was sent"),
            ("documents", _ENTRIES, "how many items it has"),
        ),
        "main.submission AS submission JOIN main.recipe AS recipe ON recipe.id = submission.recipe",
    ),
    StateView(
        "outputs",
        "What was or is to be written: a row for each document's own output, and one for an output that holds a whole job.",
        _columns(
            ("job", "sink.job", "the job's name"),
            ("sink", _KINDS, "the kind of sink"),
            ("path", _path("sink.path"), "the document's path, NULL for an output of the whole job"),
            ("output", _PLACE, "the absolute path of the file, or what else names it where the sink has no folder"),
            ("state", "CASE WHEN sink.due = 1 THEN 'due' WHEN sink.due = 2 THEN 'set aside' WHEN sink.written THEN 'written' ELSE 'not written' END", "`written`, `due`, `not written`, or `set aside` where the last run could not write it; whether it was changed since, `plan` tells"),
            ("wanted", "sink.wanted", "1 while the job declares the sink"),
            ("result", as_text("sink.result"), "the digest of the result in it, for a document's own"),
        ),
        _OUTPUT,
    ),
    StateView(
        "costs",
        "What paid work came to, a row for each document of a submission that counts.",
        _columns(
            ("day", "charge.day", "the day (UTC) on which it counts"),
            ("job", "nullif(payer.job, '')", "the job that pays, NULL where nobody has the document any more"),
            ("connection", "payer.connection", "where it was sent"),
            ("labels", "payer.labels", "JSON: the job's labels when it was sent"),
            ("submission", "charge.submission", "as in `submissions`"),
            ("item", f"(SELECT {as_text('key')} FROM main.item WHERE id = charge.item)", "as in `items`"),
            ("pages", "charge.pages", "as counted before it was sent"),
            ("credits", _usd(CREDITS), "as the vendor told, else estimated at most"),
            ("usd", _usd(MONEY), "US dollars, likewise"),
            ("told", "entry.credits IS NOT NULL", "1 where the vendor told"),
            ("open", "entry.credits IS NULL AND entry.status IN ('running', 'ready', 'partial', 'missing')", "1 while the work is not through"),
        ),
        f"{ROWS} WHERE {COUNTED}",
    ),
    StateView(
        "runs",
        "Commands that changed the state, the last 10,000 of them.",
        _columns(
            ("run", "run.id", "its number"),
            ("command", "run.command", "without `docbatch` and without secrets"),
            ("version", "run.version", "docbatch's"),
            ("who", "run.who", "user and host"),
            ("commit_id", "run.commit_id", "what git had checked out, NULL where that is not known"),
            ("changed", "run.changed", "1 where files that git tracks differed from it"),
            ("began", _moment("run.began"), "when it first wrote something"),
            ("ended", _moment("run.ended"), "NULL for one that was killed or goes on"),
            ("seconds", "run.ended - run.began", "how long it took"),
            ("exit_code", "run.exit_code", "NULL for one without an end"),
            ("serial", "run.serial", "the last event before it"),
            ("figures", "run.figures", "JSON: `jobs`, `sent`, `spent`"),
        ),
        "main.run AS run",
    ),
    StateView(
        "failures",
        "Wanted documents that failed, are partial, held, or cannot be sent, and who accepted that.",
        _columns(
            ("job", "document.job", "the job's name"),
            ("path", _path("document.path"), "relative to the job's source"),
            ("status", _STATUS, "`failed`, `partial`, `held` or `problem`"),
            ("class", _CLASS, "why"),
            ("code", "item.failure_code", "the vendor's word for it"),
            ("message", _MESSAGE, "the same in words"),
            ("item", as_text("item.key"), "as in `items`"),
            ("accepted_by", "acceptance.who", "who accepted or waived it"),
            ("accepted_at", _moment("acceptance.at"), "when"),
            ("accepted_until", _moment("acceptance.until"), "until when, NULL for good"),
            ("accepted_class", "acceptance.class", "the class that was accepted; another one counts again"),
            ("reason", "acceptance.reason", "why it was accepted"),
        ),
        f"{_DOCUMENTS} LEFT JOIN main.acceptance AS acceptance ON acceptance.job = document.job AND acceptance.path = document.path"
        f" WHERE document.wanted = 1 AND (item.id IS NULL OR item.status IN ('failed', 'partial', 'held') OR {_VOID})",
    ),
    StateView(
        "events",
        "The history of submissions.",
        _columns(
            ("sequence", "event.sequence", "its number: they happened in this order, whatever clocks said"),
            ("submission", "event.submission", "as in `submissions`"),
            ("event", "event.kind", "as drawn above"),
            ("at", "strftime('%Y-%m-%dT%H:%M:%fZ', event.at)", "when, for people"),
            ("body", "event.body", "JSON: what else is recorded of it"),
        ),
        "main.event AS event",
    ),
    StateView(
        "jobs",
        "Jobs as they were last applied.",
        _columns(
            ("job", "job.name", "its name"),
            ("connection", "job.connection", "where its documents are sent"),
            ("provider", "recipe.provider", "the type of provider"),
            ("operation", "recipe.operation", "`parse`, `extract` …"),
            ("config", "job.config", "JSON: what was set"),
            ("versions", "job.pins", "JSON: what it keeps to, by name"),
            ("source", _path("job.source"), "the folder of its documents, or what else they come from"),
            ("priority", "job.priority", "lower first"),
            ("timeout", "job.timeout", "seconds, NULL where there is none"),
            ("on_empty", "job.on_empty", "`ok` or `fail`"),
            ("on_partial", _ON_PARTIAL, "`report`, `accept`, `retry` or `fail`"),
        ),
        "main.job AS job JOIN main.recipe AS recipe ON recipe.id = job.recipe",
    ),
    StateView(
        "changes",
        "What changed in what jobs declare.",
        _columns(
            ("job", "change.job", "the job's name"),
            ("what", "change.what", "the field, such as `config.mode`, or `sink files`, or `job` itself"),
            ("old", "change.old", "before"),
            ("new", "change.new", "after"),
            ("at", _moment("change.at"), "when it was recorded"),
        ),
        "main.job_change AS change",
    ),
    StateView(
        "former_documents",
        "Which bytes documents had before, and those that are gone.",
        _columns(
            ("job", "former.job", "the job's name"),
            ("path", _path("former.path"), "relative to the job's source"),
            ("until", _moment("former.until"), "when they became others, or the document was no longer found"),
            ("sha256", as_text("item.digest"), "the digest of the bytes"),
            ("bytes", "item.size", "their size"),
            ("item", as_text("item.key"), "as in `items`"),
        ),
        "main.former AS former LEFT JOIN main.item AS item ON item.id = former.item",
    ),
)  # fmt: skip
