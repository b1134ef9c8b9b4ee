"""One PDF while it is read: what liteparse made of it, what the steps make of that, and its pages as PDFium sees them."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

import pypdfium2
from liteparse import ParseResult

from docbatch.providers.local.engines import Json, Options, Parsed


@dataclass(slots=True)
class PdfDocument:
    """A PDF under the steps that complete it.

    `data` begins with the PDF's header; `password` opens it. `parsed` is liteparse's answer, page by page in the order of `pages`,
    which have the shape of `results.Page`; steps change pages, never `parsed`. What follows has the names of `Parsed`.
    """

    data: bytes
    options: Options
    parsed: ParseResult
    pages: list[Json]
    metadata: Json
    password: str | None = None
    attachments: list[Json] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    unread: list[int] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    looked_at: bool = False
    _pdfium: pypdfium2.PdfDocument | None = None
    _open: ExitStack = field(default_factory=ExitStack)

    @property
    def pdfium(self) -> pypdfium2.PdfDocument:
        """The document in PDFium, opened when it is first asked for. Raises pypdfium2.PdfiumError."""
        if self._pdfium is None:
            self._pdfium = pypdfium2.PdfDocument(self.data, password=self.password)
            self._open.callback(self._pdfium.close)
        return self._pdfium

    def close(self) -> None:
        self._open.close()

    def result(self) -> Parsed:
        return Parsed(
            markdown=None,
            text=None,
            pages=self.pages,
            attachments=self.attachments,
            metadata=self.metadata,
            warnings=self.warnings,
            unread=self.unread,
            lost=self.lost,
            looked_at=self.looked_at,
        )


Step = Callable[[PdfDocument], None]
"""What completes a document. An exception costs the step, not the document; the engine says so in a warning."""
