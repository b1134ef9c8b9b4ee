"""What the emulated LlamaCloud makes of a document beside Markdown, text and items, where its configuration asks for it."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from docbatch.emulators.llamacloud.objects import Job, Json
from docbatch.emulators.reading import Page

SHOWN_AS = {"output_pdf": "outputPDF"}
"""Under which name an answer offers a file, where that is not the name it was asked for by."""

_BOX = {"x": 72.0, "y": 72.0, "w": 200.0, "h": 12.0}


def inline_parts(job: Job) -> Json:
    """Return the parts of an answer that a configuration adds."""
    if _inner(job.parameters, "processing_options").get("forms") != "enrich":
        return {}
    return {"forms": {"pages": [_form_page(number, page) for number, page in _numbered(job)]}}


def side_files(job: Job) -> dict[str, bytes]:
    """Return the files that a configuration adds, by the names they are asked for."""
    output = _inner(job.parameters, "output_options")
    further = output.get("additional_outputs") or []
    made: dict[str, bytes] = {}
    if output.get("granular_bboxes"):
        made["grounded_items"] = _lines(_grounded(number, page) for number, page in _numbered(job))
    if "word_bbox" in further:
        made["raw_words"] = _lines(
            {"page": number, "text": word, **_BOX}
            for number, page in _numbered(job)
            for word in page.text.split()
        )
    if "stripped_md" in further:
        pages = [{"page_number": number, "stripped_markdown": page.text} for number, page in _numbered(job)]
        made["stripped_markdown"] = json.dumps({"pages": pages}).encode()
    if "concatenated_stripped_txt" in further:
        made["concatenated_stripped_markdown"] = "\n\n---\n\n".join(
            page.text for _, page in _numbered(job)
        ).encode()
    if output.get("save_output_pdf"):
        made["output_pdf"] = b"%PDF-1.7"
    if _inner(output, "tables_as_spreadsheet").get("enable"):
        made["xlsx"] = b"PK"
    return made


def _form_page(number: int, page: Page) -> Json:
    if page.is_lost:
        return {"page_number": number, "error": "the page is torn", "success": False}
    line = {"type": "text", "value": page.text, "md": page.markdown}
    shown = {"type": "list", "items": [line], "ordered": False, "md": page.markdown}
    forms = [{"json": [{"type": "text", "value": page.text, "bbox": [_BOX]}], "list": shown}]
    return {"page_number": number, "forms": forms, "success": True, "page_width": 612.0, "page_height": 792.0}


def _grounded(number: int, page: Page) -> Json:
    return {"page_number": number, "items": [{"text": page.text, "bbox": _BOX}]}


def _numbered(job: Job) -> Iterable[tuple[int, Page]]:
    return enumerate(job.reading.pages, start=job.first)


def _lines(rows: Iterable[Json]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def _inner(parameters: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = parameters.get(name)
    return found if isinstance(found, Mapping) else {}
