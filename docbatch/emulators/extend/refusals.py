"""What the emulated Extend refuses, and in which words."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

from docbatch.emulators.extend.objects import PROCESSORS
from docbatch.emulators.server import Request, Response

CURRENT = "2026-02-09"
SINGLE = "2025-04-21"
MOST_METADATA = 10_000
ENUMS = {
    "target": {"markdown", "spatial"},
    "engine": {"parse_performance", "parse_light", "parse_auto"},
}


class Rejected(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.response = Response.of(
            {"code": code, "message": message, "retryable": status >= 429, "requestId": "req_1"},
            status,
            x_extend_request_id="req_1",
        )

    def with_header(self, name: str, value: str) -> Self:
        self.response = replace(self.response, headers={**self.response.headers, name: value})
        return self


def invalid(message: str) -> Rejected:
    return Rejected(400, "INVALID_REQUEST", message)


def unknown(what: str) -> Rejected:
    return Rejected(404, "NOT_FOUND", f"{what} not found")


def out_of_credits() -> Rejected:
    return Rejected(402, "USAGE_BLOCKED", "The organization is out of credits")


def is_single(request: Request) -> bool:
    """Say whether a request speaks the older version, which has single runs only."""
    return request.headers["x-extend-api-version"] == SINGLE


def checked(operation: str, body: Any, versions: Mapping[str, list[str]]) -> Mapping[str, Any]:
    """Return how the documents of a batch are processed. Raises Rejected."""
    inputs = body.get("inputs")
    if not isinstance(inputs, list) or not 1 <= len(inputs) <= 1000:
        raise invalid("must contain between 1 and 1,000 items. Path: inputs")
    for index, each in enumerate(inputs):
        _check_input(operation, index, each)
    priority = body.get("priority", 50)
    if not isinstance(priority, int) or not 1 <= priority <= 100:
        raise invalid("Path: priority")
    if operation == "parse":
        return {"config": _checked_config(body.get("config") or {})}
    return _checked_processor(operation, body, versions)


def _check_input(operation: str, index: int, each: Any) -> None:
    kinds = {"id", "url"} if operation == "split" else {"id", "url", "text"}
    if not isinstance(each.get("file"), dict) or len(kinds & each["file"].keys()) != 1:
        raise invalid(f"Path: inputs.{index}.file")
    compact = json.dumps(each.get("metadata"), separators=(",", ":"), ensure_ascii=False)
    if len(compact.encode()) > MOST_METADATA:
        raise invalid(f"metadata is too large. Path: inputs.{index}.metadata")


def _checked_processor(operation: str, body: Any, versions: Mapping[str, list[str]]) -> Mapping[str, Any]:
    kind = PROCESSORS[operation]
    reference = body.get(kind)
    if not isinstance(reference, dict) or "config" in body:
        raise invalid(f"a saved processor is needed. Path: {kind}")
    if reference.get("id") not in versions:
        raise unknown(kind.capitalize())
    published = versions[reference["id"]]
    version = reference.get("version", "latest")
    if version == "latest":
        version = published[-1] if published else "draft"
    elif version != "draft" and version not in published:
        raise unknown(f"{kind.capitalize()} version")
    return {"processor": reference["id"], "version": version, "config": reference.get("overrideConfig") or {}}


def _checked_config(config: Mapping[str, Any]) -> Mapping[str, Any]:
    for name, known in ENUMS.items():
        if name in config and config[name] not in known:
            raise invalid(f"Invalid enum value. Path: config.{name}")
    return config
