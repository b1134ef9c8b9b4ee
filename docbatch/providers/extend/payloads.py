"""Payloads: a run as Extend gave it, with its output in place and without links that are credentials."""

import json
from collections.abc import Mapping
from typing import Any

from docbatch.errors import Unavailable
from docbatch.jsontext import parse
from docbatch.providers.extend.answer import ExtendAnswer
from docbatch.providers.redaction import redact

_PARTS: Mapping[str, str | None] = {
    "parse_run": "chunks",
    "parser_run": "chunks",
    "extract_run": None,
    "classify_run": None,
    "split_run": None,
}


def loads(body: bytes) -> Any:
    """Read what a storage host gave. Raises Unavailable."""
    try:
        return parse(body)
    except (ValueError, RecursionError):
        pass
    raise Unavailable(f"a downloaded result is not JSON: {redact(body.decode(errors='replace'), ())}")


def payload(run: Mapping[str, Any]) -> bytes:
    """Return the bytes that are kept."""
    kept = {name: value for name, value in run.items() if name != "outputUrl"}
    return json.dumps(_without_queries(kept), separators=(",", ":")).encode()


def _without_queries(value: Any, name: str = "") -> Any:
    """Cut links to host and path: their queries are signed."""
    if isinstance(value, dict):
        return {key: _without_queries(each, key) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_queries(each, name) for each in value]
    is_link = isinstance(value, str) and name.lower().endswith("url")
    return value.partition("?")[0] if is_link else value


def read(content: bytes) -> ExtendAnswer:
    """Return the answer in a payload. Raises ValueError with what came instead."""
    run = parse(content)
    kind = str(run.get("object")) if isinstance(run, dict) else ""
    if kind not in _PARTS:
        raise ValueError(f"not a finished run of Extend: {_shown(run)}")
    # The older version has the parts of the output at the top.
    output = run if kind == "parser_run" else run.get("output")
    part = _PARTS[kind]
    if not isinstance(output, dict) or (part and not _is_list(output.get(part))):
        raise ValueError(
            f"run {run.get('id')} of Extend has no {part or 'output'} as documented: {_shown(output)}"
        )
    return ExtendAnswer(run, output)


def _shown(value: object) -> str:
    return redact(json.dumps(value), ())


def _is_list(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)
