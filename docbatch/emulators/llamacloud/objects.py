"""What the emulated LlamaCloud keeps, and how it describes it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from docbatch.core.models import FailureClass
from docbatch.emulators.made_up_answers import values
from docbatch.emulators.reading import Page, Reading
from docbatch.emulators.server import Request

Json = dict[str, Any]
TIERS = {
    "fast": "2026-06-15",
    "cost_effective": "2026-09-28",
    "agentic": "2026-10-16",
    "agentic_plus": "2026-09-28",
}
UNREAD = Reading()
ERRORS = {
    FailureClass.UNSUPPORTED: "Unsupported file type",
    FailureClass.TOO_LARGE: "The document is too large",
    FailureClass.ENCRYPTED: "The document is password protected",
    FailureClass.CORRUPT: "The document could not be opened",
    FailureClass.EMPTY: "The document is empty",
}


@dataclass
class Directory:
    id: str
    project: str
    name: str
    type: str
    made: float
    expires: float | None
    description: str | None = None
    deleted: float | None = None


@dataclass
class Entry:
    id: str
    directory: str
    project: str
    unique_id: str
    display_name: str
    file: str
    content: bytes
    made: float
    deleted: float | None = None


@dataclass
class File:
    """A file of the account's own, in no directory."""

    id: str
    project: str
    name: str
    content: bytes


@dataclass
class Saved:
    id: str
    project: str
    name: str
    product: str
    parameters: Json
    version: str


@dataclass
class Job:
    """`scripted` jobs go as the words in the document's text say. None ends before its document is read."""

    id: str
    project: str
    product: str
    name: str
    file: str
    text: str
    configuration: str
    made: float
    ends: float
    cancelled: bool = False
    scripted: bool = True
    reading: Reading = UNREAD
    parameters: Json = field(default_factory=dict)
    first: int = 1
    last: int | None = None

    def says(self, *words: str) -> bool:
        return self.scripted and any(word in self.text for word in words)

    def status(self, now: float) -> str:
        if self.cancelled:
            return "CANCELLED"
        if now < self.ends:
            return "RUNNING" if now > self.made else "PENDING"
        return "FAILED" if self.reading.failure or self.says("bad", "locked") else "COMPLETED"

    def error(self, now: float) -> str | None:
        if self.status(now) != "FAILED":
            return None
        if self.reading.failure:
            return ERRORS.get(self.reading.failure.kind, "An internal error occurred")
        locked = self.says("locked")
        return "The document is password protected" if locked else "The document could not be opened"


@dataclass
class Batch:
    """`rows` are (directory file, job, error)."""

    id: str
    project: str
    directory: str
    job: Json
    made: float
    mapped: float
    rows: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    ending: str = "COMPLETED"
    polls: int = 0


def stamp(when: float | None) -> str | None:
    return None if when is None else datetime.fromtimestamp(when, UTC).isoformat().replace("+00:00", "Z")


def was_made_within(request: Request, made: float) -> bool:
    """Say whether something was made in the range of time a list is asked for."""
    bounds = (request.param("created_at_on_or_after"), request.param("created_at_on_or_before"))
    first, last = (None if each is None else datetime.fromisoformat(each) for each in bounds)
    # Compared as it is told, in microseconds.
    told = datetime.fromtimestamp(made, UTC)
    return (first is None or told >= first) and (last is None or told <= last)


def directory_json(each: Directory) -> Json:
    return {
        "id": each.id,
        "name": each.name,
        "project_id": each.project,
        "type": each.type,
        "description": each.description,
        "created_at": stamp(each.made),
        "updated_at": stamp(each.made),
        "expires_at": stamp(each.expires),
        "connector_subscription_id": None,
        "system_metadata": None,
        "deleted_at": stamp(each.deleted),
    }


def entry_json(each: Entry) -> Json:
    return {
        "id": each.id,
        "project_id": each.project,
        "directory_id": each.directory,
        "unique_id": each.unique_id,
        "display_name": each.display_name,
        "file_id": each.file,
        "metadata": {},
        "created_at": stamp(each.made),
        "updated_at": stamp(each.made),
        "deleted_at": stamp(each.deleted),
        "download_url": None,
    }


def file_json(each: File) -> Json:
    return {
        "id": each.id,
        "name": each.name,
        "project_id": each.project,
        "external_file_id": None,
        "file_type": each.name.rpartition(".")[2],
        "expires_at": None,
        "purpose": "user_data",
        "download_url": None,
    }


def saved_json(each: Saved) -> Json:
    return {
        "id": each.id,
        "name": each.name,
        "product_type": each.product,
        "version": each.version,
        "parameters": each.parameters,
        "created_at": each.version,
        "updated_at": each.version,
    }


def batch_json(each: Batch, status: str, results: list[Json] | None) -> Json:
    return {
        "id": each.id,
        "project_id": each.project,
        "source_directory_id": each.directory,
        "config": {"job": each.job},
        "status": status,
        "results": results,
        "created_at": stamp(each.made),
        "updated_at": stamp(each.made),
    }


def parse_job_json(each: Job, now: float) -> Json:
    return {
        "id": each.id,
        "project_id": each.project,
        "status": each.status(now),
        "tier": each.parameters.get("tier", "agentic"),
        "name": each.name,
        "error_message": each.error(now),
        "created_at": stamp(each.made),
        "updated_at": stamp(now),
        "usage": None,
        "user_metadata": None,
    }


def job_metadata(each: Job) -> Json:
    return {"job_pages": len(each.reading.pages), "job_is_cache_hit": False}


def range_of(parameters: Json) -> tuple[int, int | None]:
    """Return the first and the last page that a configuration selects, where that is one range; else all."""
    first, dash, last = str((parameters.get("page_ranges") or {}).get("target_pages")).partition("-")
    return (int(first), int(last)) if dash and last.isdecimal() else (1, None)


def parse_parts(read: Sequence[Page], first: int = 1) -> Json:
    """Return all parts of a parse result."""
    pages = list(enumerate(read, start=first))
    texts = [{"page_number": number, "text": page.text} for number, page in pages if not page.is_lost]
    return {
        "markdown": {"pages": [_page(number, page, {"markdown": page.markdown}) for number, page in pages]},
        "text": {"pages": texts},
        "items": {"pages": [_page(number, page, _items(page)) for number, page in pages]},
        "metadata": {"pages": [{"page_number": number, "confidence": 0.9} for number, _ in pages]},
    }


def _page(number: int, page: Page, shown: Json) -> Json:
    if page.is_lost:
        return {"page_number": number, "error": "the page is torn", "success": False}
    return {"page_number": number, **shown, "success": True}


def _items(page: Page) -> Json:
    box = {"x": 72.0, "y": 72.0, "w": 200.0, "h": 12.0, "confidence": 0.9}
    item = {"type": "text", "value": page.text, "md": page.markdown, "bbox": [box]}
    return {"items": [item], "page_width": 612.0, "page_height": 792.0}


def extract_job_json(each: Job, now: float, expand: list[str]) -> Json:
    done = each.status(now) == "COMPLETED"
    said = "\f".join(page.text for page in each.reading.pages)
    found = values(each.reading.pages, each.parameters.get("data_schema") or {})
    configuration = {name: value for name, value in each.parameters.items() if name != "product_type"}
    charged = {"credits": 15.0, "extract_credits": 5.0, "parse_credits": 10.0}
    shown = {"field_metadata": None, "parse_job_id": None, "parse_tier": "agentic"}
    return {
        "id": each.id,
        "project_id": each.project,
        "status": each.status(now),
        "file_input": each.file,
        "configuration_id": each.configuration,
        "configuration": (configuration or None) if "configuration" in expand else None,
        "error_message": each.error(now),
        "extract_result": (found or {"text": said, "length": len(said)}) if done else None,
        "extract_metadata": shown if done and "extract_metadata" in expand else None,
        "metadata": {"usage": {"num_pages_extracted": 1, "num_pages_billed": 1}} if done else None,
        "usage": charged if done and "usage" in expand else None,
        "created_at": stamp(each.made),
        "updated_at": stamp(now),
    }


def form_of(request: Request) -> tuple[dict[str, str], tuple[str, bytes] | None]:
    """Return the text parts of a form and its file as (name, content)."""
    boundary = request.headers["content-type"].partition("boundary=")[2].strip('"').encode()
    fields: dict[str, str] = {}
    file: tuple[str, bytes] | None = None
    for part in request.body.split(b"--" + boundary)[1:-1]:
        head, _, content = part[2:-2].partition(b"\r\n\r\n")
        disposition = next(
            line for line in head.decode().split("\r\n") if line.lower().startswith("content-disp")
        )
        named = dict(piece.strip().split("=", 1) for piece in disposition.split(";")[1:])
        name = named["name"].strip('"')
        if "filename" in named:
            file = (named.get("filename", '""').strip('"').replace("%22", '"'), content)
        else:
            fields[name] = content.decode()
    return fields, file
