"""Presentations and workbooks through xberg where our own readers fail, with a check that none of their words is gone."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace

from docbatch.core.models import Failure
from docbatch.providers.local import word_guard
from docbatch.providers.local.engines import Options, Parsed
from docbatch.providers.local.flow import xml_stream
from docbatch.providers.local.flow.unreadable import UnreadablePartError
from docbatch.providers.local.office.opc import OpcPackage
from docbatch.providers.local.office.xberg_engine import XbergEngine

_TOLD = ("ppt/slides/slide", "ppt/notesSlides/", "xl/sharedStrings", "xl/worksheets/sheet")
_LARGEST = 64 << 20
_MOST = 1000


class GuardedEngine(XbergEngine):
    """What xberg says, and behind it the words of the document's texts that it does not say."""

    def extract(self, data: bytes, media_type: str, options: Options, /) -> Parsed | Failure:
        outcome = super().extract(data, media_type, options)
        if isinstance(outcome, Failure) or outcome.markdown is None:
            return outcome
        missing = word_guard.missing("\n".join(_texts(data)), outcome.markdown)
        if not missing:
            return outcome
        shown = " ".join(missing[:_MOST])
        warning = f"words whose place is not known stand at the end: {' '.join(missing[:10])}"
        return replace(
            outcome,
            markdown=f"{outcome.markdown}\n\n{shown}",
            text=f"{outcome.text}\n\n{shown}",
            warnings=[*outcome.warnings, warning],
            lost=[*outcome.lost, *([f"{len(missing) - _MOST} words"] if len(missing) > _MOST else [])],
        )


def _texts(data: bytes) -> Iterator[str]:
    """Yield the texts of the parts that hold what is read, as far as they can be read."""
    try:
        package = OpcPackage(data)
    except UnreadablePartError:
        return
    for name in package.names():
        if name.startswith(_TOLD) and name.endswith(".xml"):
            heard = _Texts()
            with contextlib.suppress(UnreadablePartError):
                xml_stream.read(package.chunks(name, _LARGEST), heard)
            yield "".join(heard.found)


class _Texts:
    def __init__(self) -> None:
        self.found: list[str] = []
        self._is_text = False

    def start(self, name: str, _attributes: object, /) -> None:
        self._is_text = name == "t"
        if name in {"p", "si", "is"}:
            self.found.append("\n")

    def end(self, _name: str, /) -> None:
        self._is_text = False

    def text(self, content: str, /) -> None:
        if self._is_text:
            self.found.append(content)
