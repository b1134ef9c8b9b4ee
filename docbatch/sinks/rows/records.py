"""What there is of a document to make rows of: its pages, blocks and tables, each as fields that expressions name."""

from collections.abc import Iterator, Mapping
from typing import Any

from docbatch.core.models import Failure
from docbatch.core.results import Answer, Attachment, Block, DocumentInfo, Result
from docbatch.sinks.formats import line
from docbatch.sinks.rows.block_text import block_markdown
from docbatch.sinks.rows.casts import JsonText
from docbatch.sinks.rows.facts import failure_value
from docbatch.sinks.rows.fields import RowKind

Record = Mapping[str, Any]


def document_fields(result: Result) -> dict[str, Any]:
    """Return the fields that each row of a document has."""
    metadata = result.metadata
    return {
        "outcome": result.outcome,
        "sha256": result.document.sha256,
        "size": result.document.size,
        "media_type": result.document.media_type,
        "provider": result.provider.model_dump(),
        "usage": result.usage.model_dump(),
        "metadata": metadata,
        # Services that extract name what they found the one way or the other.
        "value": metadata.get("value", metadata.get("extracted")),
        "warnings": list(result.warnings),
        "page_count": len(result.pages) or result.usage.pages,
    }


def whole_result(result: Result) -> JsonText:
    """Return a result as its line of JSON, without signed links."""
    return JsonText(line(result).decode().rstrip("\n"))


def failed_record(document: DocumentInfo, failure: Failure) -> dict[str, Any]:
    """Return what stands for a document that failed, in the place of its one row."""
    value = failure_value(document, failure)
    known = value["document"]
    return {
        "outcome": "failed",
        "sha256": known["sha256"],
        "size": known["size"],
        "media_type": known["media_type"],
        "markdown": "",
        "text": "",
        "metadata": {},
        "result": value,
        "failure": value["failure"],
        "failure_class": str(failure.kind),
        "failure_code": failure.code,
        "failure_message": failure.message,
    }


def records(rows: RowKind, answer: Answer, result: Result) -> Iterator[dict[str, Any]]:
    """Yield the fields of each row that are its own, in reading order. Chunks are made elsewhere."""
    match rows:
        case "document":
            yield {"markdown": answer.markdown(), "text": answer.text(), "failure": None}
        case "page":
            for page in result.pages:
                fields = ("text", "markdown", "width", "height", "confidence")
                yield {"page": page.number, **{name: getattr(page, name) for name in fields}}
        case "block":
            for number, attachment, block in blocks(result):
                yield _block(number, attachment, block)
        case "table":
            found = (each for each in blocks(result) if each[2].kind == "table")
            loose = ((None, None, block) for block in loose_tables(result))
            for place, (number, attachment, block) in enumerate((*found, *loose), 1):
                yield {
                    **_place(number, attachment, block),
                    "table": place,
                    "text": block.text,
                    "markdown": block_markdown(block),
                }


def blocks(result: Result) -> Iterator[tuple[int | None, str | None, Block]]:
    """Yield (page, attachment, block) in reading order: pages, what belongs to none, then the files inside the document."""
    for page in result.pages:
        for block in page.blocks:
            yield page.number, None, block
    for block in result.blocks:
        yield None, None, block
    for attachment in result.attachments:
        yield from _attached(attachment, "")


def _attached(attachment: Attachment, above: str) -> Iterator[tuple[None, str, Block]]:
    name = f"{above}{attachment.name}"
    for block in attachment.blocks:
        yield None, name, block
    for inner in attachment.attachments:
        yield from _attached(inner, f"{name}/")


def loose_tables(result: Result) -> Iterator[Block]:
    """Yield the tables that stand nowhere else: those of a document without pages are among its blocks as well."""
    placed = {block for _, _, block in blocks(result) if block.kind == "table"} if result.tables else set()
    yield from (block for block in result.tables if block not in placed)


def _place(number: int | None, attachment: str | None, block: Block) -> dict[str, Any]:
    return {
        "page": number,
        "attachment": attachment,
        "bbox": None if block.bbox is None else list(block.bbox),
        "cells": [cell.model_dump(exclude_none=True) for cell in block.cells],
    }


def _block(number: int | None, attachment: str | None, block: Block) -> dict[str, Any]:
    return {
        **_place(number, attachment, block),
        "kind": block.kind,
        "text": block.text,
        "level": block.level,
        "role": block.role,
        "confidence": block.confidence,
    }
