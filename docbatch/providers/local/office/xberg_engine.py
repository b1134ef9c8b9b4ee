"""Office files, HTML, mail, books, tables and pictures through xberg; PDF where liteparse fails."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import xberg

from docbatch.core.models import Failure
from docbatch.providers.local.engines import PDF, Json, Options, Parsed, label, unreadable
from docbatch.providers.local.office import engine_words, nodes

_LEFT_OUT = frozenset(
    {"format_type", "scanned_confidence", "fabricated_text_pages", "implausible_text_pages"}
)
_FIELDS = ("title", "subject", "authors", "keywords", "language", "created_at", "modified_at", "created_by")
# Said of every document without the thing, or advice to developers.
_NOISE = ("EXIF metadata extraction failed", "No page of this document holds enough prose")


class XbergEngine:
    label = label("xberg")

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()

    def warm_up(self) -> None:
        self.extract(b"<p>a</p>", "text/html", Options(ocr="off"))

    def extract(self, data: bytes, media_type: str, options: Options, /) -> Parsed | Failure:
        source = xberg.ExtractInput(kind="bytes", bytes=data, mime_type=media_type)
        try:
            answer = self._loop.run_until_complete(xberg.extract(source, _chosen(options, media_type)))
        except (RuntimeError, ValueError) as error:
            return unreadable(error)
        if answer.errors or not answer.results:
            return unreadable(
                RuntimeError("; ".join(error.message for error in answer.errors) or "no result")
            )
        parsed = _parsed(answer.results[0], options)
        return _compared(parsed, data) if media_type == PDF and options.ocr != "force" else parsed

    def close(self) -> None:
        self._loop.close()


def _compared(parsed: Parsed, data: bytes) -> Parsed:
    """Return what was read of a PDF with a word on what is missing from it."""
    from docbatch.providers.local.pdf.lines import second_reading  # noqa: PLC0415 - other documents need no PDFium

    said = second_reading.left_out(data, parsed.markdown or "")
    return replace(parsed, warnings=[*parsed.warnings, *said])


def _chosen(options: Options, media_type: str) -> xberg.ExtractionConfig:
    """Return what is kept for these options; passwords are in none that is."""
    config = _config(replace(options, passwords=()))
    if not options.passwords or media_type != PDF:
        return config
    return replace(config, pdf_options=xberg.PdfConfig(passwords=list(options.passwords)))


@cache
def _config(options: Options) -> xberg.ExtractionConfig:
    ocr = None
    if options.reads_pictures:
        ocr = xberg.OcrConfig(
            backend="tesseract", language=list(options.languages), tessdata_path=options.tessdata
        )
    return xberg.ExtractionConfig(
        use_cache=False,
        disable_ocr=ocr is None,
        ocr=ocr,
        force_ocr=ocr is not None and options.ocr == "force",
        output_format="markdown",
        include_document_structure=True,
        pages=xberg.PageConfig(extract_pages=True),
        html_options=xberg.ConversionOptions(extract_metadata=False),
        concurrency=xberg.ConcurrencyConfig(max_threads=1, max_concurrent_ocr=1),
    )


def _parsed(document: Any, options: Options) -> Parsed:
    tree = [_node(each) for each in document.document.nodes] if document.document else []
    structure = nodes.read(tree)
    about = _metadata(document.metadata)
    if tree and document.mime_type == "text/html" and tree[0].content.get("label"):
        about.setdefault("title", tree[0].content["label"])
    pages = [_page(page, structure) for page in document.pages or ()]
    warnings, lost = _warnings(document)
    markdown = engine_words.without_pictures(document.content)
    return Parsed(
        markdown=markdown,
        text=structure.text() or engine_words.plain(markdown),
        pages=pages,
        blocks=() if pages else structure.all(),
        tables=structure.tables({page["number"] for page in pages}),
        metadata=about,
        warnings=warnings,
        lost=lost,
        unread=() if options.reads_pictures else _unread(about, structure, pages),
    )


def _node(node: Any) -> nodes.TreeNode:
    return nodes.TreeNode(
        node.page, json.loads(str(node.content)), node.parent, str(node.content_layer or "").lower()
    )


def _page(page: Any, structure: nodes.Structure) -> Json:
    return {
        "number": page.page_number,
        "text": structure.text(page.page_number) or engine_words.plain(page.content),
        "markdown": engine_words.without_pictures(page.content),
        "blocks": structure.on_page(page.page_number),
    }


def _unread(about: Mapping[str, Any], structure: nodes.Structure, pages: list[Json]) -> list[int]:
    scanned = [number for number in about.get("scanned_pages", ()) if isinstance(number, int)]
    if scanned:
        silent = {page["number"] for page in pages if not page["text"].strip()}
        return [number for number in scanned if number in silent]
    return [1] if structure.only_pictures() else []


def _metadata(metadata: Any) -> Json:
    about = {key: getattr(metadata, key) for key in _FIELDS}
    if metadata.format is not None:
        about |= {
            key: value for key, value in json.loads(str(metadata.format)).items() if key not in _LEFT_OUT
        }
    return nodes.pruned(about)


def _warnings(document: Any) -> tuple[list[str], list[str]]:
    """Return what is only to be said, and what was not read."""
    said = [warning for warning in document.processing_warnings if not warning.message.startswith(_NOISE)]
    losses = [engine_words.is_loss(warning.source, warning.message) for warning in said]
    return (
        [each.message for each, is_loss in zip(said, losses, strict=True) if not is_loss],
        [each.message for each, is_loss in zip(said, losses, strict=True) if is_loss],
    )
