"""Other public readers on the same files, each with the Python of an environment of its own.

    PYTHON_WITH_THE_TOOL benchmarks/fidelity/others.py TOOL LIST OUT

LIST has a path a line, OUT gets a line of JSON for each: path, markdown, text, seconds of processor time, error.
The first document is read twice, so that start-up is not counted. Plain liteparse and our own reader without its
processes are there for the sake of speed; nothing else of docbatch is imported.
"""

import hashlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Markdown, and plain text where the tool gives it without reading again.
Read = Callable[[str], tuple[str, str | None]]


def _markitdown() -> Read:
    from markitdown import MarkItDown  # noqa: PLC0415 - only one of the tools is installed

    tool = MarkItDown(enable_plugins=False)
    return lambda path: (tool.convert(path).markdown, None)


def _kreuzberg() -> Read:
    from kreuzberg import ExtractionConfig, extract_file_sync  # noqa: PLC0415

    switch: dict[str, Any] = {"disable_ocr": True}  # known to the tool, missing in its type stubs
    config = ExtractionConfig(use_cache=False, output_format="markdown", **switch)
    return lambda path: (extract_file_sync(path, config=config).content, None)


def _docling() -> Read:
    from docling_rs import DocumentConverter  # noqa: PLC0415

    tool = DocumentConverter(text_layer_only=True)

    def read(path: str) -> tuple[str, str | None]:
        document = tool.convert(path).document
        return document.export_to_markdown(), None

    return read


def _extractous() -> Read:
    from extractous import Extractor  # noqa: PLC0415

    tool = Extractor().set_extract_string_max_length(1 << 30)

    def read(path: str) -> tuple[str, str | None]:
        text = tool.extract_file_to_string(path)[0]
        return text, text

    return read


def _liteparse() -> Read:
    from liteparse import LiteParse  # noqa: PLC0415

    tool = LiteParse(ocr_enabled=False, output_format="markdown", quiet=True)

    def read(path: str) -> tuple[str, str | None]:
        result = tool.parse(Path(path).read_bytes())
        return "\n".join(page.markdown or "" for page in result.pages), result.text

    return read


def _docbatch() -> Read:
    from docbatch.media import HEAD_SIZE, detect  # noqa: PLC0415
    from docbatch.providers.local import engines  # noqa: PLC0415
    from docbatch.providers.local.messages import Task  # noqa: PLC0415
    from docbatch.providers.local.worker import DocumentReader  # noqa: PLC0415

    reader, options = DocumentReader(engines), engines.Options(ocr="off")

    def read(path: str) -> tuple[str, str | None]:
        data = Path(path).read_bytes()
        with Path(path).open("rb") as file:
            media_type = detect(data[:HEAD_SIZE], os.fsencode(path), file)
        digest, place = hashlib.sha256(data).hexdigest(), os.fsencode(path)
        task = Task("", place, digest, len(data), media_type, os.devnull.encode(), 600, 8 << 30, options)
        reader.answer(task)
        return "", None

    return read


TOOLS: dict[str, Callable[[], Read]] = {
    "markitdown": _markitdown,
    "kreuzberg": _kreuzberg,
    "docling-rs": _docling,
    "extractous": _extractous,
    "liteparse": _liteparse,
    "docbatch": _docbatch,
}


def _line(read: Read, path: str) -> str:
    started = sum(os.times()[:4])
    try:
        markdown, text = read(path)
        error = ""
    except BaseException as fault:  # noqa: BLE001 - a failure is a result here, and panics are no Exceptions
        markdown, text, error = "", None, f"{type(fault).__name__}: {fault}"[:500]
    values = {
        "path": path,
        "markdown": markdown,
        "text": text,
        "error": error,
        "seconds": sum(os.times()[:4]) - started,
    }
    return json.dumps(values).encode("utf-8", "replace").decode() + "\n"


def main() -> None:
    tool, listed, out = sys.argv[1:]
    read = TOOLS[tool]()
    paths = Path(listed).read_text().splitlines()
    _line(read, paths[0])
    with Path(out).open("w") as file:
        for path in paths:
            file.write(_line(read, path))
            file.flush()


if __name__ == "__main__":
    main()
