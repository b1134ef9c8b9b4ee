"""The schema of the lines that `--json` prints, of every command: what all have in common, and the lines with a shape of their own."""

import json
from typing import Any, get_args

import docbatch
from docbatch.cli.json_lines import SUMMARIES

_VERSION = {"type": "string", "pattern": "^docbatch/[a-z-]+/v[0-9]+$"}
_TEXT = {"type": "string"}
_MAYBE = {"type": ["string", "null"]}
_COUNT = {"type": "integer", "minimum": 0}
_MOMENT = {"type": "string", "format": "date-time"}
_MAYBE_MOMENT = {"type": ["string", "null"], "format": "date-time"}
_CODE = {"type": "integer", "description": "the published exit code"}


def events_schema() -> dict[str, Any]:
    """Return the schema of a line: notices of a run, errors, messages, the summary, and others, which have version and type."""
    from pydantic import TypeAdapter

    definitions: dict[str, Any] = {}
    shapes = []
    for notice in get_args(docbatch.Notice):
        schema = TypeAdapter(notice).json_schema(mode="serialization", ref_template="#/$defs/{model}")
        definitions |= schema.pop("$defs", {})
        name = notice.__name__
        schema["properties"] = {"version": _VERSION, "type": {"const": name.lower()}, **schema["properties"]}
        if notice is docbatch.Looking:
            schema["properties"]["until"] = _MOMENT
        schema["required"] = list(schema["properties"])
        definitions[name] = schema
        shapes.append(_when(name.lower(), name))
    for name, schema in _OWN.items():
        definitions[name] = schema
        shapes.append(_when(name.lower(), name))
    shapes += [_when(name, "Summary") for name in SUMMARIES]
    definitions["Summary"] = _object(
        "The last line of every command.", {"type": {"enum": list(SUMMARIES)}, "exit_code": _CODE}
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "a line that docbatch prints with --json",
        **_object("Every line has these. Others may be added to any line.", {"type": _TEXT}),
        "allOf": shapes,
        "$defs": definitions,
    }


def render_events() -> str:
    return json.dumps(events_schema(), indent=2, ensure_ascii=False) + "\n"


def _when(kind: str, name: str) -> dict[str, Any]:
    is_kind = {"properties": {"type": {"const": kind}}}
    return {"if": is_kind, "then": {"$ref": f"#/$defs/{name}"}}


def _object(description: str, properties: dict[str, Any]) -> dict[str, Any]:
    properties = {"version": _VERSION, **properties}
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": list(properties),
    }


_OWN = {
    "Watching": _object(
        "What `watch` watches: `folders` of which is heard, those `unheard`, `others` such as buckets that are looked at.",
        {
            "type": {"const": "watching"},
            "folders": _COUNT,
            "unheard": {"type": "array", "items": {"type": "object", "required": ["folder", "reason"]}},
            "others": {"type": "object", "additionalProperties": _COUNT},
            "every": {"type": "number"},
            "settle": {"type": "number"},
        },
    ),
    "Settling": _object(
        "Files that may still be written, in `watch`: the first of them, and in how many seconds they are looked at again.",
        {"type": {"const": "settling"}, "files": _COUNT, "first": _TEXT, "seconds": {"type": "number"}},
    ),
    "Changing": _object(
        "A file that `watch` does not send, since it has been changing for so many seconds.",
        {"type": {"const": "changing"}, "path": _TEXT, "seconds": {"type": "number"}},
    ),
    "Round": _object(
        "How a round of `watch` ended, with all that the last line of `apply` has.",
        {"type": {"const": "round"}, "round": _COUNT, "exit_code": _CODE},
    ),
    "Error": _object(
        "What went wrong. Of a spec there is also file, line, column and where in it.",
        {"type": {"const": "error"}, "message": _TEXT, "hint": _MAYBE, "exit_code": _CODE},
    ),
    "Message": _object(
        "A sentence for people, which has no shape of its own.", {"type": {"const": "message"}, "text": _TEXT}
    ),
    "Layout": _object(
        "What became of one file in `fmt`. Of a file that was `refused` an error tells why; `diff` is there where it was asked for.",
        {
            "type": {"const": "layout"},
            "file": _TEXT,
            "verdict": {"enum": ["formatted", "unchanged", "refused"]},
            "written": {"type": "boolean"},
            "versions": {"type": "array", "items": _TEXT},
            "diff": _MAYBE,
        },
    ),
    "Case": _object(
        "A case of `test`: whether its plan is as recorded, and what differs.",
        {
            "type": {"const": "case"},
            "case": _TEXT,
            "verdict": {"enum": ["same", "differs", "new", "recorded"]},
            "diff": _MAYBE,
        },
    ),
    "Work": _object(
        "Work at a vendor: of `cancel` that is to be stopped, of `recover` and `adopt` that the state does not know.",
        {"type": {"const": "work"}, "documents": {"type": "integer"}},
    ),
    "Manifest": _object(
        "What came of a job's manifest in `recover`: documents by what became of them; `changed` says what is another since, `versions` what the job has from it.",
        {
            "type": {"const": "manifest"},
            "job": _TEXT,
            "path": _TEXT,
            "found": {"type": "boolean"},
            "documents": _COUNT,
            "taken": _COUNT,
            "known": _COUNT,
            "unproven": _COUNT,
            "foreign": _COUNT,
            "changed": {"type": "array", "items": _TEXT},
            "versions": {"type": "object", "additionalProperties": _TEXT},
        },
    ),
    "Unproven": _object(
        "A document whose result no output proves, in `recover`.",
        {"type": {"const": "unproven"}, "job": _TEXT, "path": _TEXT, "why": _TEXT},
    ),
    "Difference": _object(
        "An output of `drift` or `verify` that is not as it was written, or a file that nobody wrote.",
        {
            "type": {"const": "difference"},
            "kind": _TEXT,
            "path": _TEXT,
            "job": _TEXT,
            "document": _TEXT,
            "detail": _TEXT,
            "to": _TEXT,
        },
    ),
    "Failure": _object(
        "A document of `failures` that is not well: why, what was tried, what was said of it, and what to do next.",
        {
            "type": {"const": "failure"},
            "job": _TEXT,
            "path": _TEXT,
            "status": _TEXT,
            "class": _TEXT,
            "code": _MAYBE,
            "message": _TEXT,
            "attempts": {"type": "integer"},
            "first": _MAYBE_MOMENT,
            "last": _MAYBE_MOMENT,
            "tried": {"type": "array", "items": {"type": "object", "required": ["attempt", "class", "at"]}},
            "accepted": {"type": "boolean"},
            "acceptance": {"type": ["object", "null"]},
            "former_acceptances": {"type": "array", "items": {"type": "object", "required": ["as", "ended"]}},
            "next": _TEXT,
            "again": _MAYBE_MOMENT,
        },
    ),
    "View": _object(
        "A view that `sql` can be asked, without a question.",
        {"type": {"const": "view"}, "view": _TEXT, "columns": {"type": "array", "items": _TEXT}},
    ),
    "Row": _object(
        "A row of an answer of `sql`, by the names of its columns; bytes are hexadecimal text.",
        {
            "type": {"const": "row"},
            "row": {"type": "object", "additionalProperties": {"type": ["string", "number", "null"]}},
        },
    ),
    "Note": _object(
        "What `prune` does not look at, or leaves.", {"type": {"const": "note"}, "message": _TEXT}
    ),
    "Output": _object(
        "An output that `prune` leaves where it is, or in the trash, and why.",
        {
            "type": {"const": "output"},
            "verdict": {"enum": ["edited", "kept"]},
            "job": _TEXT,
            "path": _TEXT,
            "document": _TEXT,
            "why": _TEXT,
        },
    ),
    "Batch": _object(
        "What one prune took, of those that can be put back.",
        {"type": {"const": "batch"}, "batch": _TEXT, "outputs": _COUNT},
    ),
    "Delivery": _object(
        "A webhook that `listen` received and that is authentic.",
        {
            "type": {"const": "delivery"},
            "connection": _TEXT,
            "kind": _TEXT,
            "ids": {"type": "array", "items": _TEXT},
            "verdict": _TEXT,
            "reason": _TEXT,
        },
    ),
}
