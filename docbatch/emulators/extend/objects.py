"""What the emulated Extend keeps, and the JSON it shows of it, with explicit nulls as the live service has them."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from docbatch.core.models import FailureClass
from docbatch.emulators.made_up_answers import chosen, values
from docbatch.emulators.reading import Page, Reading

OPERATIONS = {
    "parse_runs": "parse",
    "extract_runs": "extract",
    "classify_runs": "classify",
    "split_runs": "split",
}
PROCESSORS = {"extract": "extractor", "classify": "classifier", "split": "splitter"}
PREFIXES = {"parse": "pr", "extract": "exr", "classify": "clr", "split": "splr"}
CREDITS = {"parse": 2.0, "extract": 3.0, "classify": 1.0, "split": 2.0}
DPI = 144
CLASSES = [{"id": "c1", "type": "invoice", "description": "an invoice"}]

ENDINGS: Mapping[bytes, tuple[str, str | None]] = {
    b"corrupt": ("FAILED", "CORRUPT_FILE"),
    b"locked": ("FAILED", "PASSWORD_PROTECTED_FILE"),
    b"unpaid": ("FAILED", "OUT_OF_CREDITS"),
    b"novel": ("FAILED", "SOMETHING_NEW"),
    b"stopped": ("CANCELLED", None),
    b"unloadable": ("FAILED", "UNABLE_TO_DOWNLOAD_FILE"),
}

OPENS = "sesame"
"""The password of every document that says it is locked."""

REASONS: Mapping[FailureClass, str] = {
    FailureClass.UNSUPPORTED: "FILE_TYPE_NOT_SUPPORTED",
    FailureClass.TOO_LARGE: "FILE_SIZE_TOO_LARGE",
    FailureClass.ENCRYPTED: "PASSWORD_PROTECTED_FILE",
    FailureClass.CORRUPT: "CORRUPT_FILE",
    FailureClass.NEEDS_OCR: "OCR_ERROR",
}


@dataclass
class File:
    id: str
    name: str
    content: bytes
    workspace: str
    made: float
    password: str | None = None

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()[:12]


@dataclass
class Run:
    """`visible` and `ends` are times; `hidden` runs are never listed, `stalled` ones never begun. `file` is None when it could not be taken in."""

    id: str
    operation: str
    file: File | None
    workspace: str
    made: float
    visible: float
    ends: float
    batch: str | None = None
    metadata: Any = None
    config: Mapping[str, Any] = field(default_factory=dict)
    processor: str | None = None
    version: str | None = None
    ending: tuple[str, str | None] = ("PROCESSED", None)
    cancelled: bool = False
    hidden: bool = False
    stalled: bool = False
    pages: tuple[Page, ...] = ()
    figured: bool = False
    message: str | None = None

    def status(self, now: float) -> str:
        if self.cancelled:
            return "CANCELLED"
        if self.stalled:
            return "PENDING"
        if now < self.visible:
            return "PENDING"
        return "PROCESSING" if now < self.ends else self.ending[0]


@dataclass
class BatchRun:
    id: str
    operation: str
    workspace: str
    made: float
    runs: list[Run]

    def status(self, now: float) -> str:
        if now < min(run.visible for run in self.runs):
            return "PENDING"
        return "PROCESSING" if any(now < run.ends for run in self.runs) else "PROCESSED"


def stamp(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def ending(reading: Reading) -> tuple[str, str | None]:
    """Return the state a run ends in, and the reason of one that failed."""
    if reading.failure is None:
        return "PROCESSED", None
    return "FAILED", REASONS.get(reading.failure.kind, "FAILED_TO_PROCESS_FILE")


def file_json(file: File, *, pages: int | None = None) -> dict[str, Any]:
    """A summary; the page count is there only after the first run."""
    suffix = file.name.rpartition(".")[2].lower()
    kind = {"pdf": "PDF", "txt": "TXT", "csv": "CSV", "docx": "DOCX", "html": "HTML"}.get(suffix)
    return {
        "object": "file",
        "id": file.id,
        "name": file.name,
        "type": kind,
        "parentFileId": None,
        "metadata": {} if pages is None else {"pageCount": pages},
        "dataRetention": {"mode": "workspace_default", "status": "available"},
        "createdAt": stamp(file.made),
        "updatedAt": stamp(file.made),
    }


def batch_json(batch: BatchRun, now: float) -> dict[str, Any]:
    return {
        "object": "batch_run",
        "id": batch.id,
        "status": batch.status(now),
        "runCount": len(batch.runs),
        "createdAt": stamp(batch.made),
        "updatedAt": stamp(now),
    }


def _shared(run: Run, now: float) -> dict[str, Any]:
    status = run.status(now)
    failed = status == "FAILED"
    pages = len(run.pages) if status == "PROCESSED" else None
    return {
        "object": f"{run.operation}_run",
        "id": run.id,
        "status": status,
        "failureReason": run.ending[1] if failed else None,
        "failureMessage": (run.message or f"the file ended as {run.ending[1]}") if failed else None,
        "metadata": run.metadata,
        "file": None if run.file is None else file_json(run.file, pages=pages),
        "usage": _usage(run) if status == "PROCESSED" else None,
    }


def _usage(run: Run) -> dict[str, Any]:
    own = CREDITS[run.operation] * len(run.pages)
    parsed = 0.0 if run.operation == "parse" else CREDITS["parse"] * len(run.pages)
    return {"credits": own, "totalCredits": own + parsed}


def _processor(run: Run) -> dict[str, Any]:
    kind = PROCESSORS[run.operation]
    times = {"createdAt": stamp(run.made), "updatedAt": stamp(run.made)}
    version = {
        "object": f"{kind}_version",
        "id": f"{run.processor}v",
        "description": None,
        "version": run.version,
        f"{kind}Id": run.processor,
        "createdAt": stamp(run.made),
        "createdBy": None,
    }
    saved = {"object": kind, "id": run.processor, "name": "a processor", **times}
    return {
        kind: saved if run.processor else None,
        f"{kind}Version": version if run.processor else None,
        "reviewed": False,
        "edited": False,
        "parseRunId": "pr_implicit",
        "dashboardUrl": f"https://dashboard.extend.ai/runs/{run.id}",
    }


def summary(run: Run, now: float) -> dict[str, Any]:
    """A row of a list: no output, no configuration; batch ids of parse runs only."""
    times = {"createdAt": stamp(run.made), "updatedAt": stamp(min(now, max(run.ends, run.made)))}
    if run.operation == "parse":
        metrics = _metrics(run) if run.status(now) == "PROCESSED" else None
        return {**_shared(run, now), "batchId": run.batch, "metrics": metrics, **times}
    return {**_shared(run, now), **_processor(run), **times}


def full(run: Run, now: float) -> dict[str, Any]:
    """The run itself. A parse run has no times; the output is added by who asks for it."""
    retained = {"mode": "workspace_default"}
    if run.operation == "parse":
        config = {"target": "markdown", "engine": "parse_performance", **run.config, "engineVersion": "2.0.0"}
        metrics = _metrics(run) if run.status(now) == "PROCESSED" else None
        parts = {"batchId": run.batch, "metrics": metrics, "config": config, "dataRetention": retained}
        return {**_shared(run, now), **parts, "output": None, "outputUrl": None}
    row = summary(run, now)
    empty = {"output": None, "initialOutput": None, "reviewedOutput": None}
    if run.operation == "extract":
        empty["edits"] = None
    return {**row, **empty, "config": _config(run.operation)}


def _config(operation: str) -> dict[str, Any]:
    if operation == "extract":
        return {"schema": {"type": "object", "properties": {}}, "baseProcessor": "extraction_performance"}
    kind = {"classify": "classifications", "split": "splitClassifications"}[operation]
    return {kind: CLASSES}


def _metrics(run: Run) -> dict[str, Any]:
    return {"processingTimeMs": 1200, "pageCount": len(run.pages)}


def output(run: Run) -> dict[str, Any]:
    assert run.file is not None
    match run.operation:
        case "parse":
            return parse_output(run)
        case "extract":
            found = values(run.pages, run.config.get("schema") or {})
            return {"value": found or {"text": run.pages[0].text, "pages": len(run.pages)}, "metadata": {}}
        case "classify":
            kind = chosen(run.pages, run.config.get("classifications") or CLASSES)
            return {"id": kind.get("id", "c1"), "type": kind["type"], "confidence": 0.93, "insights": []}
    kind = chosen(run.pages, run.config.get("splitClassifications") or CLASSES)
    split = {
        "id": "s1",
        "type": kind["type"],
        "classificationId": kind.get("id", "c1"),
        "identifier": "INV-1",
        "observation": "one document",
        "startPage": 1,
        "endPage": len(run.pages),
        "fileId": run.file.id,
    }
    return {"splits": [split]}


def single_json(run: Run, now: float, chunks: Callable[[Run], Any]) -> dict[str, Any]:
    """A run as version 2025-04-21 shows it: the parts of the output at the top, and nothing of ours."""
    status = run.status(now)
    shown = {"object": "parser_run_status", "id": run.id, "status": status}
    if status == "FAILED":
        return {**shown, "failureReason": run.ending[1]}
    if status != "PROCESSED" or run.file is None:
        return shown
    return {
        **shown,
        "object": "parser_run",
        "fileId": run.file.id,
        "chunks": chunks(run),
        "metrics": {"processingTimeMs": 900, "pageCount": len(run.pages)},
        "config": {"target": "markdown"},
        "usage": {"credits": CREDITS["parse"]},
    }


def parse_output(run: Run) -> dict[str, Any]:
    blocks = _figures if run.figured else _plain
    return {
        "chunks": [_chunk(number, blocks(number, page)) for number, page in enumerate(run.pages, 1)],
        "ocr": None,
        "metadata": {
            "originalMimeType": "text/plain",
            "finalMimeType": "application/pdf",
            "pages": [
                {
                    "number": number,
                    "rotationApplied": None,
                    "originalPageWidth": 1224,
                    "originalPageHeight": 1584,
                    "dpi": DPI,
                }
                for number in range(1, len(run.pages) + 1)
            ],
        },
    }


def _plain(number: int, page: Page) -> list[dict[str, Any]]:
    return [block_json(number, f"b{number}t", "text", page.markdown, 100)]


def _figures(number: int, page: Page) -> list[dict[str, Any]]:
    """Set a page's text between a heading and a table of one cell, so that readers meet them."""
    table = "<table><tr><th>page</th></tr><tr><td>" + str(number) + "</td></tr></table>"
    cell = block_json(number, f"b{number}c", "table_cell", str(number), 300)
    cell["details"] = {"type": "table_cell_details", "rowIndex": 1, "columnIndex": 0}
    return [
        block_json(number, f"b{number}h", "heading", f"# Page {number}", 100),
        block_json(number, f"b{number}t", "text", page.text, 200),
        {**block_json(number, f"b{number}x", "table", table, 300), "children": [cell]},
    ]


def _chunk(number: int, blocks: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "object": "chunk",
        "id": f"chunk{number}",
        "type": "page",
        "content": "\n\n".join(block["content"] for block in blocks),
        "metadata": {
            "pageRange": {"start": number, "end": number},
            "minOcrConfidence": None,
            "avgOcrConfidence": None,
        },
        "blocks": blocks,
    }


def block_json(number: int, id_: str, kind: str, content: str, top: int) -> dict[str, Any]:
    box = {"left": 100, "top": top, "right": 1100, "bottom": top + 80}
    corners = [("left", "top"), ("right", "top"), ("right", "bottom"), ("left", "bottom")]
    return {
        "object": "block",
        "id": id_,
        "type": kind,
        "content": content,
        "details": {},
        "metadata": {"page": {"number": number, "width": 1224, "height": 1584}},
        "polygon": [{"x": box[x], "y": box[y]} for x, y in corners],
        "boundingBox": box,
    }
