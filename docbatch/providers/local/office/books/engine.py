"""Books as an engine: chapters in the order of the spine, each as the page that it is; those that are missing are named."""

import re
from dataclasses import dataclass, field

from docbatch.core.models import Failure, FailureClass
from docbatch.media import charsets
from docbatch.providers.local import word_guard
from docbatch.providers.local.engines import Json, Options, Parsed
from docbatch.providers.local.flow.archive import Archive
from docbatch.providers.local.flow.unreadable import UnreadablePartError, refusal
from docbatch.providers.local.office.books.package import BookItem, BookPackage, opened
from docbatch.providers.local.text import html_blocks
from docbatch.providers.local.text.html_tree import parse

_PAGES = frozenset(
    {
        "application/xhtml+xml",
        "text/html",
        "application/x-dtbook+xml",
        "text/x-oeb1-document",
        "image/svg+xml",
    }
)

_MARKER = re.compile(r"^\s*(?:\d+[.)]|-)\s", re.MULTILINE)


@dataclass(slots=True)
class _Book:
    options: Options
    pieces: list[html_blocks.Piece] = field(default_factory=list)
    warnings: dict[str, None] = field(default_factory=dict)
    lost: dict[str, None] = field(default_factory=dict)
    contents: list[list[html_blocks.Piece]] = field(default_factory=list)
    """Pages of contents: they repeat the headings of the chapters, as a rule."""


class BooksEngine:
    label = "books"

    def warm_up(self) -> None:
        """What it takes grows with each book, and is given back."""

    def extract(self, data: bytes, _media_type: str, options: Options, /) -> Parsed | Failure:
        try:
            archive = Archive(data)
            package = opened(archive)
        except UnreadablePartError as error:
            return refusal(error)
        items = list(package.spine())
        book = _Book(options, lost=dict.fromkeys(package.lost))
        if items and all(package.is_locked(item) for item in items):
            return Failure(FailureClass.ENCRYPTED, "the chapters are encrypted")
        for item in items:
            _read(archive, package, item, book)
        _beside(archive, package, items, book)
        _tell_contents(book)
        return _parsed(book, package.metadata())

    def close(self) -> None:
        """Nothing is held."""


def _read(archive: Archive, package: BookPackage, item: BookItem, book: _Book) -> None:
    if package.is_locked(item):
        book.lost[f"{item.name}: it is encrypted"] = None
        return
    if item.media_type not in _PAGES and not item.name.lower().endswith((".xhtml", ".html", ".htm", ".xml")):
        book.warnings[f"{item.name}: a chapter of type {item.media_type} is not read"] = None
        return
    try:
        content = archive.read(item.name)
    except UnreadablePartError as error:
        book.lost[f"{item.name}: {error}"] = None
        return
    decoded = charsets.decode(content, book.options.encoding, charsets.declared_in_html(content))
    book.warnings |= dict.fromkeys(f"{item.name}: {each}" for each in decoded.warnings)
    book.lost |= dict.fromkeys(f"{item.name}: {each}" for each in decoded.lost)
    pieces = html_blocks.written(parse(decoded.text.replace("\r\n", "\n")))
    if item.is_contents:
        book.contents.append(pieces)
    else:
        book.pieces += pieces


def _beside(archive: Archive, package: BookPackage, items: list[BookItem], book: _Book) -> None:
    """Read pages that the spine leaves out, such as notes that open beside the text."""
    known = {item.name for item in items}
    others = [
        each
        for each in package.items()
        if each.name not in known and each.media_type in _PAGES - {"image/svg+xml"}
    ]
    for item in others:
        if not item.is_contents:
            book.warnings[f"{item.name}: it is not in the order of reading and stands at the end"] = None
        if item.name in archive:
            _read(archive, package, item, book)


def _tell_contents(book: _Book) -> None:
    said = _text(book.pieces)
    for pieces in book.contents:
        if word_guard.missing(_MARKER.sub("", _text(pieces)), said):
            book.pieces[:0] = pieces


def _parsed(book: _Book, metadata: Json) -> Parsed:
    blocks = [piece.block for piece in book.pieces if piece.block]
    return Parsed(
        markdown=html_blocks.markdown(book.pieces),
        text=None,
        blocks=blocks,
        tables=[block for block in blocks if block["kind"] == "table"],
        metadata=metadata,
        warnings=list(book.warnings),
        lost=list(book.lost),
    )


def _text(pieces: list[html_blocks.Piece]) -> str:
    return "\n".join(piece.block["text"] for piece in pieces if piece.block)
