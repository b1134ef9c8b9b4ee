"""Pages of docs/ that are drawn from the code, so that they cannot say something else."""  # noqa: INP001

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from docbatch.core.lifecycle import TRANSITIONS, Event, diagram
from docbatch.core.models import SubmissionStatus
from docbatch.fields import Schema
from docbatch.providers import REGISTRY
from docbatch.sinks import KINDS
from docbatch.specs.schema import project_schema, whole_job
from docbatch.state.views import VIEWS, StateView

DOCS = Path(__file__).parents[1] / "docs"

STATUSES: Mapping[SubmissionStatus, str] = {
    SubmissionStatus.INTENDED: "The request is recorded, and its first attempt is in flight in the running process.",
    SubmissionStatus.UNANSWERED: "An answer was lost or the process died; the work may exist, so at most the same key is sent again.",
    SubmissionStatus.SUBMITTED: "The vendor has the work; it is polled, and results are fetched as they end.",
    SubmissionStatus.COLLECTED: "Every document has ended: its result lies in the spool, or its failure is recorded.",
    SubmissionStatus.HELD: "Whether the work exists cannot be found out now. It waits for a later look or for `docbatch resolve`.",
    SubmissionStatus.UNSENT: "It certainly was not sent; its documents wait, and if they are sent together again, it is made anew.",
    SubmissionStatus.VOID: "The work certainly does not exist; its documents wait to be sent again.",
    SubmissionStatus.REFUSED: "The vendor answered no to the only attempt; its documents failed with that reason.",
    SubmissionStatus.EXPIRED: "The vendor no longer has the work; what was not fetched is not sent again without consent.",
}

EVENTS: Mapping[Event, str] = {
    Event.INTENDED: "The exact bytes of the request and its documents are on disk; only now may the create be sent.",
    Event.ACCEPTED: "The vendor answered that it has the work.",
    Event.REFUSED: "The vendor answered no, and no earlier attempt could have succeeded.",
    Event.NOT_SENT: "No byte of the request left, and no earlier attempt could have succeeded.",
    Event.UNANSWERED: "The answer was lost, or the process died before it was recorded.",
    Event.TORN: "Another run took over the state from an owner that had not let go of it, and may still send the request.",
    Event.REPLAY_REFUSED: "Sending the same key again was refused, which says nothing about the first attempt.",
    Event.FOUND: "A look at the vendor saw the work.",
    Event.ABSENT: "Enough spaced looks over the whole grace saw nothing, beside something that is certainly there.",
    Event.UNKNOWABLE: "The vendor can be neither asked nor searched, or what was seen proves nothing.",
    Event.RESOLVED_FOUND: "A person says that the work exists.",
    Event.RESOLVED_ABSENT: "A person says that the work does not exist.",
    Event.CANCEL_ASKED: "A person asked the vendor to stop the work; how each document ended is known from later polls.",
    Event.COLLECTED: "The last of its documents has ended.",
    Event.RESULT_LOST: "A result that was fetched is missing or damaged here; it is fetched from the vendor once more.",
    Event.LOST: "The vendor answered that it no longer knows the work.",
}

STATE = """# The state

## The life of a submission

A submission is one batch at a vendor, as docbatch knows it. It moves only as drawn here; a recorded history that says
anything else is a damaged state, and docbatch says so and stops. This page is drawn from `docbatch/core/lifecycle.py` by
`script/docs`.

```mermaid
{diagram}```

| status | means |
|---|---|
{statuses}

| event | means | leads from | to |
|---|---|---|---|
{events}

## Views to ask

`docbatch sql "SELECT …"` answers questions about what is recorded, as a table, as `--csv` or as `--json` lines, also while a run goes on. It reads through the views below, which this page is drawn from
as well (`docbatch/state/views.py`): they keep their names, their columns and what these mean; later versions may add some of both. **The tables beneath them are not for use**: they can be read, and change with any version.
Digests and keys are hexadecimal text, moments are ISO 8601 in UTC, and paths are text in which bytes that are no UTF-8 stand as `%XX`. Nothing can be changed: neither the state nor another file is opened for writing, and
an answer that takes longer than `--timeout` is given up.

```sql
SELECT class, count(*) FROM failures WHERE job = 'invoices' GROUP BY class ORDER BY 2 DESC;
SELECT substr(day, 1, 7) AS month, job, sum(usd) FROM costs GROUP BY 1, 2;
SELECT documents.path, outputs.output FROM documents JOIN outputs USING (job, path) WHERE outputs.state <> 'written';
```
{views}
"""


def state() -> str:
    """Draw the page about the state from the table of transitions and the views."""
    return STATE.format(
        diagram=diagram(),
        statuses="\n".join(f"| `{status}` | {text} |" for status, text in STATUSES.items()),
        events="\n".join(_event(event, text) for event, text in EVENTS.items()),
        views="\n".join(map(_view, VIEWS)),
    )


def _view(view: StateView) -> str:
    rows = "\n".join(f"| `{column.name}` | {column.meaning} |" for column in view.columns)
    return f"\n### `{view.name}`\n\n{view.meaning}\n\n| column | means |\n|---|---|\n{rows}"


def _event(event: Event, text: str) -> str:
    moves = [(source, target) for (source, each), target in TRANSITIONS.items() if each is event]
    sources = ", ".join("nothing" if source is None else f"`{source}`" for source, _ in moves)
    targets = ", ".join(f"`{target}`" for target in dict.fromkeys(target for _, target in moves))
    return f"| `{event}` | {text} | {sources} | {targets} |"


SPEC = """# The specs, field by field

Drawn from the models that judge specs, by `script/docs`. The [guide](guide.md) explains them in the order in which they are needed;
`schemas/job.schema.json` and `schemas/project.schema.json` let editors complete and check them.

Only `true` and `false` are booleans; `no`, `010`, `12:30` and dates stay text. A key that is unknown or appears twice is an error.
Paths are relative to the project root: the folder of `docbatch.yaml`, or the current folder where there is none.
Paths and patterns may hold `{{{{ vars.NAME }}}}`; a sink's path also `job.name`, `job.labels`, `job.provider`, `job.operation`, and that of a `files` sink
`doc.path`, `doc.name`, `doc.stem`, `doc.suffix`, `doc.parent`, `doc.sha256`, `doc.size`, and `doc.metadata.NAME`, which a list or a pattern says.

{sections}
"""


def _configs() -> Iterator[tuple[str, str]]:
    """Yield the options of every provider and what they are called."""
    for kind in REGISTRY.kinds():
        for operation in kind.operations:
            which = f", operation {operation}" if len(kind.operations) > 1 else ""
            yield kind.config(operation).model.__name__, f"config of the provider {kind.name}{which}"


HEADINGS: Mapping[str, str] = {
    "JobSpec": "A job: jobs/*.yaml",
    "FolderOptions": "source of files",
    "StoreOptions": "source of objects",
    "LinksOptions": "source of links",
    "ListOptions": "source of links in a list",
    "FileIdsOptions": "source of files at the vendor",
    "TextsOptions": "source of texts",
    "WhereOptions": "source.where",
    "SizeRange": "source.where.size",
    "NumberOfPages": "source.where.pages",
    "ModifiedRange": "source.where.modified",
    **dict(_configs()),
    **{kind.options.__name__: f"sink of type {kind.name}" for kind in KINDS.kinds()},
    "ProjectSpec": "The project: docbatch.yaml",
    "Identity": "project",
    "ConnectionSpec": "providers.NAME",
    "EnvReference": "a reference to a variable",
    "FileReference": "a reference to a file",
    "CommandReference": "a reference to a command",
    "PollRule": "providers.NAME.poll",
    "RecoveryRule": "providers.NAME.recovery",
    "Rates": "providers.NAME.rates",
    "Defaults": "defaults",
    "LimitSpec": "limits",
    "WindowSpec": "window",
    "TimeoutSpec": "timeout",
    "RetrySpec": "retry.CLASS",
    "GuardsSpec": "guards",
    "NotifySpec": "notify",
    "OwnLine": "a line of prices",
    "S3StoreSpec": "store of type s3",
    "GcsStoreSpec": "store of type gcs",
    "AzureStoreSpec": "store of type azure",
    "FolderStoreSpec": "store of type folder",
    "StateSpec": "state",
    "StateEncryption": "state.encryption",
    "HoursOfDay": "off_peak_hours of a line of prices",
}
WORDS = {"string": "text", "integer": "whole number", "number": "number", "boolean": "`true` or `false`"}


@cache
def headings() -> dict[str, str]:
    """Return the parts that have fields and what each is called; parts of vendors' options by their own names."""
    parts = whole_job()["$defs"]
    options = sorted(name for name, part in parts.items() if "properties" in part and name not in HEADINGS)
    return {**HEADINGS, **{name: f"options: {name}" for name in options}}


def spec() -> str:
    """Draw the reference of specs from their schemas."""
    job, project = whole_job(), project_schema()
    known = {**job["$defs"], **project["$defs"], "JobSpec": job, "ProjectSpec": project}
    return SPEC.format(
        sections="\n\n".join(_section(name, heading, known) for name, heading in headings().items())
    )


def _section(name: str, heading: str, known: Schema) -> str:
    level = "##" if name in {"JobSpec", "ProjectSpec"} else "###"
    schema = known[name]
    rows = [
        _field(field, each, known, required=field in schema.get("required", ()))
        for field, each in schema["properties"].items()
    ]
    head = "| field | value | default | meaning |\n|---|---|---|---|"
    return "\n".join(
        (
            f"{level} {heading}",
            "",
            schema.get("description", "Part of a vendor's own options."),
            "",
            head,
            *rows,
        )
    )


def _field(name: str, schema: Schema, known: Schema, *, required: bool) -> str:
    default = "required" if required else _default(schema)
    meaning = schema.get("description", "which kind of sink this is" if name == "type" else "")
    cells = (f"`{name}`", " or ".join(dict.fromkeys(_values(schema, known))), default, meaning)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _default(schema: Schema) -> str:
    value = schema.get("default")
    return "" if value is None or value in ([], {}) else f"`{json.dumps(value)}`".replace('"', "")


def _values(schema: Schema, known: Schema) -> Iterator[str]:
    """Yield what a field may hold, in words; nothing for null, which means left out."""
    for choice in schema.get("anyOf", ()) or schema.get("oneOf", ()):
        yield from _values(choice, known)
    if "$ref" in schema:
        yield from _referred(schema["$ref"].rpartition("/")[2], known)
    elif "const" in schema:
        yield f"`{schema['const']}`"
    elif "enum" in schema:
        yield ", ".join(f"`{value}`" for value in schema["enum"])
    elif schema.get("type") == "array":
        yield f"list of {' or '.join(_values(schema['items'], known))}"
    elif schema.get("type") == "object":
        inner = [
            word for each in schema.get("patternProperties", {}).values() for word in _values(each, known)
        ]
        yield f"mapping of names to {' or '.join(inner)}" if inner else "mapping"
    elif schema.get("type") in WORDS:
        yield WORDS[schema["type"]] + _bounds(schema)


def _referred(name: str, known: Schema) -> Iterator[str]:
    heading = headings().get(name)
    if heading is None:
        yield from _values(known[name], known)
        return
    anchor = "".join(letter for letter in heading.lower() if letter.isalnum() or letter in " -_")
    yield f"[{heading}](#{anchor.replace(' ', '-')})"


def _bounds(schema: Schema) -> str:
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    above = "more than " if "exclusiveMinimum" in schema else ""
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    if low is None:
        return "" if high is None else f", at most {high:,}"
    return f", {above}{low} to {high:,}" if high is not None else f", {above or 'at least '}{low}"


PAGES = {"state.md": state, "spec.md": spec}

if __name__ == "__main__":
    for name, draw in PAGES.items():
        (DOCS / name).write_text(draw(), encoding="utf-8")
