"""Files inside of a PDF: those of the document. Its pages are a document of their own."""

import io
from collections.abc import Iterator
from typing import Any, BinaryIO

from docbatch.containers.bounds import ContainerBounds
from docbatch.containers.inside import Inside, OpenContainer
from docbatch.containers.member_names import of_file


class Portfolio(OpenContainer):
    """A PDF that cannot be opened has none: it is sent as it is, and its reader says what is wrong."""

    def __init__(self, file: BinaryIO, bounds: ContainerBounds) -> None:
        from pypdfium2 import PdfDocument, PdfiumError  # noqa: PLC0415 - other containers need none

        self._most = bounds.members
        self._document: Any = None
        self._count = 0
        try:
            self._document = PdfDocument(file)
            self._count = self._document.count_attachments()
        except PdfiumError:
            return

    def inside(self) -> Iterator[Inside]:
        for place in range(min(self._count, self._most + 1)):
            yield Inside(of_file(self._document.get_attachment(place).get_name(), f"file-{place + 1}"), place)

    def open(self, place: int) -> BinaryIO:
        return io.BytesIO(bytes(self._document.get_attachment(place).get_data()))

    def close(self) -> None:
        if self._document is not None:
            self._document.close()
