"""The JSON Schema of reports: what `report.json` holds."""

from collections.abc import Mapping
from typing import Any

from docbatch.core.run_reports.as_json import VERSION
from docbatch.core.run_reports.values import STATUSES
from docbatch.fields import Schema

_COUNT: Schema = {"type": "integer", "minimum": 0}
_TEXT: Schema = {"type": "string"}
_TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
_NUMBER_OR_NULL: Schema = {"type": ["number", "null"]}


def report_schema() -> Schema:
    """Return the schema of `report.json`. All that is described is always there; more may be added."""
    return _object(
        {
            "version": {"const": VERSION},
            "type": {"const": "report"},
            "command": _said(
                {"enum": ["apply", "status"]}, "apply reports of a run, status of how things stand"
            ),
            "environment": _said(_TEXT_OR_NULL, "the environment it is of, null for the project itself"),
            "made": _said({**_TEXT, "format": "date-time"}, "when it was written (UTC)"),
            "exit_code": _said(
                {"type": ["integer", "null"]}, "the code the run ended with, null without a run"
            ),
            "why": _said(_TEXT_OR_NULL, "what that code means here"),
            "seconds": _said(_NUMBER_OR_NULL, "how long the run took"),
            "sent": _said({**_COUNT, "type": ["integer", "null"]}, "documents that the run sent"),
            "selected": _said(
                _TEXT_OR_NULL, "the selectors of the run as they are typed; null where all was meant"
            ),
            "documents": _said(_COUNT, "those of all jobs in the report"),
            "counts": _counts(),
            "empty": _said(_COUNT, "documents in which there is nothing to see"),
            "undelivered": _said(_COUNT, "documents with an output that should have been written and is not"),
            "classes": _list(
                _object({"status": _status(), "class": _TEXT, "documents": _COUNT}), "failures by class"
            ),
            "jobs": _list(_job(), "how each job stands"),
            "failures": _list(_failure(), "all that is failed, partial, held, or cannot be sent"),
            "warnings": _list(
                _object({"job": _TEXT, "path": _TEXT, "warnings": {"type": "array", "items": _TEXT}}),
                "all documents with warnings",
            ),
            "spent": _list(
                _object({"connection": _TEXT, **_spending()}), "what the documents came to that the run sent"
            ),
            "held": _list(
                _object({"submission": _TEXT, "connection": _TEXT, "documents": _COUNT}),
                "submissions that a person has to decide about",
            ),
            "errors": _list(
                _object({"message": _TEXT, "hint": _TEXT_OR_NULL}), "what went wrong beyond documents"
            ),
            "next": _list(_object({"command": _TEXT, "why": _TEXT}), "what to do next"),
        }
    )


def _job() -> Schema:
    reserved = {**_object({**_spending(), "uncertain": _COUNT}), "description": "work that is not through"}
    cost = _object({"by": {"type": "object"}, **_spending(), "reserved": reserved})
    return _object(
        {
            "job": _TEXT,
            "connection": _TEXT,
            "labels": {"type": "object", "additionalProperties": _TEXT},
            "documents": _COUNT,
            "counts": _counts(),
            "empty": _COUNT,
            "undelivered": _COUNT,
            "warned": _said(
                {"type": "object", "additionalProperties": _COUNT}, "documents by kinds of warnings"
            ),
            "cost": {
                "anyOf": [cost, {"type": "null"}],
                "description": "what its documents came to in all; null where nothing was charged",
            },
        }
    )


def _failure() -> Schema:
    return _object(
        {
            "job": _TEXT,
            "path": _TEXT,
            "status": _status(),
            "class": _said(_TEXT, "a failure class, `lost` for what a partial document lacks, or `held`"),
            "code": _said(_TEXT_OR_NULL, "the vendor's own"),
            "message": _TEXT,
            "attempts": _said(_COUNT, "how often it was tried; 0 for what cannot be sent"),
        }
    )


def _spending() -> Mapping[str, Schema]:
    amount = _object(
        {
            "exact": {"type": "number"},
            "estimated": {"type": "number"},
            "unknown": _COUNT,
            "expected": _NUMBER_OR_NULL,
        }
    )
    return {"documents": _COUNT, "pages": amount, "credits": amount, "usd": amount}


def _counts() -> Schema:
    return _said(_object(dict.fromkeys(STATUSES, _COUNT)), "documents by how they stand")


def _status() -> Schema:
    return {"enum": list(STATUSES)}


def _said(schema: Schema, description: str) -> Schema:
    return {**schema, "description": description}


def _list(items: Schema, description: str) -> Schema:
    return {"type": "array", "items": items, "description": description}


def _object(properties: Mapping[str, Any]) -> Schema:
    return {"type": "object", "properties": dict(properties), "required": list(properties)}
