"""One PDF while it is read: what liteparse made of it, what the steps make of that, and its pages as PDFium sees them."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import pypdfium2
from liteparse import ParseResult

from docbatch.providers.local.engines import Json, Options, Parsed
from docbatch.providers.local.pdf.layout.page_lines import PageLine
from docbatch.providers.local.pdf.raw_text import Box, Span, places, raw_text


@dataclass(slots=True)
class PdfDocument:
    """A PDF under the steps that complete it.

    `data` begins with the PDF's header; `password` opens it. `parsed` is liteparse's answer, page by page in the order of `pages`,
    which have the shape of `results.Page`; steps change pages, never `parsed`. `turned` has the pages that were read as if turned back,
    with the degrees clockwise by which their content is turned. What follows has the names of `Parsed`.
    """

    data: bytes
    options: Options
    parsed: ParseResult
    pages: list[Json]
    metadata: Json
    password: str | None = None
    turned: dict[int, int] = field(default_factory=dict)
    attachments: list[Json] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    unread: list[int] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    looked_at: bool = False
    levels: dict[int, list[float]] = field(default_factory=dict)
    lines: dict[int, list[PageLine]] = field(default_factory=dict)
    """The lines of those pages whose layout was looked at, by number."""
    _pdfium: pypdfium2.PdfDocument | None = None
    _raw: dict[int, str] = field(default_factory=dict)
    _open: ExitStack = field(default_factory=ExitStack)

    @property
    def pdfium(self) -> pypdfium2.PdfDocument:
        """The document in PDFium, opened when it is first asked for. Raises pypdfium2.PdfiumError."""
        if self._pdfium is None:
            self._pdfium = pypdfium2.PdfDocument(self.data, password=self.password)
            self._open.callback(self._pdfium.close)
        return self._pdfium

    def raw(self, number: int) -> str:
        """Return the text of a page, from 1, as PDFium gives it; nothing, with a warning, where it cannot open the page."""
        if number not in self._raw:
            self._raw[number] = ""
            try:
                self._raw[number] = raw_text(self.pdfium, number)
            except pypdfium2.PdfiumError as error:
                self.warnings.append(
                    f"page {number}: what was read could not be compared with its text: {error}"
                )
        return self._raw[number]

    def places(self, number: int, spans: Sequence[Span]) -> list[Box | None]:
        """Return where pieces of `raw(number)` stand, None where nobody can see one. Raises pypdfium2.PdfiumError."""
        return places(self.pdfium, number, self.turned.get(number, 0), spans)

    def is_read_as_picture(self, page: Json) -> bool:
        """Whether a page's words do not come from its text, which then says nothing about them."""
        return page.get("confidence") is not None or page["number"] in self.unread

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
            levels=self.levels,
        )


Step = Callable[[PdfDocument], None]
"""What completes a document. An exception costs the step, not the document; the engine says so in a warning."""
