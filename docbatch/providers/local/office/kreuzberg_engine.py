"""The same as xberg through kreuzberg, its long-term-support sibling. Not installed by default; see `engines.GENERAL`."""

from functools import cache
from typing import Any

import kreuzberg

from docbatch.core.models import Failure, FailureClass
from docbatch.providers.local.engines import Json, Options, Parsed, label, unreadable
from docbatch.providers.local.office import nodes

_LEFT_OUT = frozenset({"format_type", "pages"})


class KreuzbergEngine:
    label = label("kreuzberg")

    def warm_up(self) -> None:
        self.extract(b"<p>a</p>", "text/html", Options(ocr="off"))

    def extract(self, data: bytes, media_type: str, options: Options, /) -> Parsed | Failure:
        try:
            document = kreuzberg.extract_bytes_sync(data, media_type, _config(options))
        except kreuzberg.ValidationError as error:
            return Failure(FailureClass.UNSUPPORTED, str(error))
        except (kreuzberg.KreuzbergError, RuntimeError, ValueError) as error:
            return unreadable(error)
        return _parsed(document, options)

    def close(self) -> None:
        """Nothing is held."""


@cache
def _config(options: Options) -> kreuzberg.ExtractionConfig:
    ocr = None
    if options.reads_pictures:
        # Its Tesseract looks for data in TESSDATA_PREFIX alone; the worker's environment names the folder.
        ocr = kreuzberg.OcrConfig(backend="tesseract", language="+".join(options.languages))
    # Known to the engine, missing in its type stubs.
    switch: dict[str, Any] = {"disable_ocr": ocr is None}
    return kreuzberg.ExtractionConfig(
        **switch,
        use_cache=False,
        ocr=ocr,
        force_ocr=ocr is not None and options.ocr == "force",
        output_format="markdown",
        include_document_structure=True,
        pages=kreuzberg.PageConfig(extract_pages=True),
    )


def _parsed(document: Any, options: Options) -> Parsed:
    tree = document.document["nodes"] if document.document else ()
    structure = nodes.read(
        nodes.TreeNode(node.get("page"), _content(node["content"]), node.get("parent")) for node in tree
    )
    pages = [_page(page, structure) for page in document.pages or ()]
    about = {key: value for key, value in document.metadata.items() if key not in _LEFT_OUT}
    return Parsed(
        markdown=document.content,
        text=structure.text(),
        pages=pages,
        blocks=() if pages else structure.all(),
        tables=structure.tables({page["number"] for page in pages}),
        metadata=nodes.pruned(about),
        warnings=[warning.message for warning in document.processing_warnings],
        unread=[1] if structure.only_pictures() and not options.reads_pictures else [],
    )


def _content(content: Json) -> Json:
    if content["node_type"] != "metadata_block":
        return content
    return content | {"entries": [{"key": key, "value": value} for key, value in content["entries"]]}


def _page(page: Any, structure: nodes.Structure) -> Json:
    number = page["page_number"]
    return {"number": number, "text": page["content"], "markdown": None, "blocks": structure.on_page(number)}
