"""Which engine reads what, and the values that pass between an engine and its worker.

Engines are imported in worker processes only; this module imports none. To let kreuzberg read what xberg reads
today, change `GENERAL`.
"""

import functools
import importlib
import importlib.metadata
import importlib.util
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, Protocol

from docbatch.core.models import Failure, FailureClass

Json = dict[str, Any]
Ocr = Literal["auto", "off", "force"]
RunningLines = Literal["keep", "drop"]

PDF = "application/pdf"
GENERAL = "xberg"
STEPS = "1"
"""The version of docbatch's own steps: another one wherever a document may be read otherwise than before."""

_LONGEST_REASON = 200

_CLASSES: Mapping[str, tuple[str, str]] = {
    "plain": ("text.plain_engine", "PlainEngine"),
    "pictures": ("ocr.pictures_engine", "PicturesEngine"),
    "decoded": ("text.decoded_engine", "DecodedEngine"),
    "markdown": ("text.structured.markdown_engine", "MarkdownEngine"),
    "json": ("text.structured.json_engine", "JsonEngine"),
    "html": ("text.html_engine", "HtmlEngine"),
    "mail": ("mail.mail_engine", "MailEngine"),
    "outlook": ("mail.outlook_engine", "OutlookEngine"),
    "liteparse": ("pdf.liteparse_engine", "LiteparseEngine"),
    "slides": ("office.slides.slides_engine", "SlidesEngine"),
    "sheets": ("office.sheets.sheets_engine", "SheetsEngine"),
    "delimited": ("text.delimited_engine", "DelimitedEngine"),
    "xberg": ("office.xberg_engine", "XbergEngine"),
    "opendocument": ("office.opendocument.engine", "OpenDocumentEngine"),
    "books": ("office.books.engine", "BooksEngine"),
    "rich_text": ("office.rich_text.engine", "RichTextEngine"),
    "old_office": ("office.old.engine", "OldOfficeEngine"),
    "vector": ("text.vector_engine", "VectorEngine"),
    "word": ("office.word.engine", "WordEngine"),
    "guarded": ("office.guarded_engine", "GuardedEngine"),
    "kreuzberg": ("office.kreuzberg_engine", "KreuzbergEngine"),
}

_OPENXML = "application/vnd.openxmlformats-officedocument"
_ODF = "application/vnd.oasis.opendocument"

_OWN: Mapping[str, tuple[str, ...]] = {
    "text/plain": ("plain",),
    "text/html": ("html", GENERAL),
    "text/markdown": ("markdown",),
    "text/csv": ("delimited", "decoded"),
    "text/tab-separated-values": ("delimited", "decoded"),
    "application/json": ("json",),
    "application/xml": ("decoded",),
    "message/rfc822": ("mail", GENERAL),
    "application/vnd.ms-outlook": ("outlook", GENERAL),
    f"{_OPENXML}.wordprocessingml.document": ("word", GENERAL),
    f"{_ODF}.text": ("opendocument", GENERAL),
    f"{_ODF}.presentation": ("opendocument", GENERAL),
    "application/epub+zip": ("books", GENERAL),
    "application/rtf": ("rich_text", GENERAL),
    "application/msword": ("old_office",),
    "application/vnd.ms-powerpoint": ("old_office",),
    "image/svg+xml": ("vector",),
    f"{_OPENXML}.presentationml.presentation": ("slides", "guarded"),
    f"{_OPENXML}.spreadsheetml.sheet": ("sheets", "guarded"),
    f"{_ODF}.spreadsheet": ("sheets", GENERAL),
    "application/vnd.ms-excel": ("sheets", GENERAL),
    "application/vnd.ms-excel.sheet.binary.macroEnabled.12": ("sheets", GENERAL),
}
"""What is read by readers of our own, another engine standing by."""

# What else an engine offers to open (archives, sound, databases) is not a document, or asks a network for a model.
PICTURES = frozenset({f"image/{kind}" for kind in ("bmp", "gif", "jp2", "jpeg", "png", "tiff", "webp")})
DOCUMENTS = PICTURES | frozenset(
    {
        f"{_OPENXML}.wordprocessingml.document",
        f"{_OPENXML}.spreadsheetml.sheet",
        f"{_OPENXML}.presentationml.presentation",
        f"{_ODF}.text",
        f"{_ODF}.spreadsheet",
        f"{_ODF}.presentation",
        "application/epub+zip",
        "application/json",
        "application/msword",
        "application/rtf",
        "application/vnd.ms-excel",
        "application/vnd.ms-excel.sheet.binary.macroEnabled.12",
        "application/vnd.ms-outlook",
        "application/vnd.ms-powerpoint",
        "application/xml",
        "image/svg+xml",
        "message/rfc822",
        "text/csv",
        "text/html",
        "text/markdown",
        "text/tab-separated-values",
    }
)


# A picture without words, as text in Markdown has it.
_PICTURE = re.compile(r"!\[\s*\]\([^()\s]*\)")


@dataclass(frozen=True, slots=True)
class Options:
    """What decides a result.

    `tessdata` is the folder with Tesseract's data of all `languages`, None where there is none. `encoding` names the
    characters of texts and HTML pages, None where each says so itself. `passwords` are tried on a document that asks for
    one, in this order. `pages` are the first and the last that are read of a PDF, None where all are.
    """

    ocr: Ocr = "auto"
    languages: tuple[str, ...] = ("eng",)
    tessdata: str | None = None
    running_lines: RunningLines = "keep"
    encoding: str | None = None
    passwords: tuple[str, ...] = field(default=(), repr=False)
    pages: tuple[int, int] | None = None

    @property
    def reads_pictures(self) -> bool:
        return self.tessdata is not None and self.ocr != "off"


@dataclass(frozen=True, slots=True)
class Parsed:
    """What an engine made of a document, ready to be written as JSON.

    `pages`, `blocks`, `tables` and `attachments` have the shapes of `results.Page`, `Block` and `Attachment`, defaults
    left out; `blocks` are those of a document without pages, `tables` those of its blocks. `markdown` and `text` are None
    where `pages` or `blocks` say everything. What was not read makes the document partial: `unread` are pages that are
    pictures nobody read, `lost` names everything else, such as "slide 2: the part is missing". `warnings` are whole
    sentences on what was guessed, mended or may be wrong. `looked_at` says that pictures were read as well, so that a document
    without a word has no letters. `levels` are, of a part of a document, the sizes of letters in its headings, by level.
    """

    markdown: str | None
    text: str | None
    pages: Sequence[Json] = ()
    blocks: Sequence[Json] = ()
    tables: Sequence[Json] = ()
    attachments: Sequence[Json] = ()
    metadata: Json = field(default_factory=dict)
    warnings: Sequence[str] = ()
    unread: Sequence[int] = ()
    lost: Sequence[str] = ()
    looked_at: bool = False
    levels: Mapping[int, Sequence[float]] = field(default_factory=dict)

    def has_text(self) -> bool:
        if self.text is None:
            parts = (*self.pages, *self.blocks, *self.tables, *self.attachments)
            return any(map(_says_something, parts))
        said = self.text.strip()
        return bool(_PICTURE.sub("", said).strip() if said.startswith("![") else said)

    def shows_pictures(self) -> bool:
        """Say whether there are pictures among what was read."""
        return bool((self.text or "").strip()) or any(map(_is_picture, (*self.pages, *self.blocks)))


def _says_something(part: Json) -> bool:
    return bool((part.get("text") or "").strip())


def _is_picture(part: Json) -> bool:
    """Say whether a block is a picture, or a page has one."""
    return part.get("kind") == "image" or any(map(_is_picture, part.get("blocks", ())))


class Engine(Protocol):
    label: str

    def warm_up(self) -> None:
        """Take the memory that the first document of all would take."""

    def extract(self, data: bytes, media_type: str, options: Options, /) -> Parsed | Failure:
        """Read one document. A failure is returned; an exception is a fault of the engine."""

    def close(self) -> None:
        """Release what the engine holds; a worker's end does that as well."""


class Catalogue(Protocol):
    """What a worker asks about engines; this module is one."""

    def route(self, media_type: str, options: Options) -> tuple[str, ...]:
        """Return the engines to try, in order; none when the type is not read."""

    def load(self, name: str) -> Engine: ...


@cache
def has_pillow() -> bool:
    """Whether Pillow is installed, which comes with an extra."""
    return importlib.util.find_spec("PIL") is not None


def route(media_type: str, options: Options) -> tuple[str, ...]:
    if media_type == PDF:
        # No other reads a part of a document.
        return ("liteparse",) if options.pages else ("liteparse", GENERAL)
    if media_type in PICTURES and has_pillow():
        return ("pictures", GENERAL)
    if media_type in _OWN:
        return _OWN[media_type]
    return (GENERAL,) if media_type in DOCUMENTS else ()


def shows_pages(media_type: str) -> bool:
    """Whether documents of a type are pages or pictures, which can be read as pictures."""
    return media_type == PDF or media_type.startswith("image/")


def load(name: str) -> Engine:
    module, kind = _CLASSES[name]
    engine: Engine = getattr(importlib.import_module(f"docbatch.providers.local.{module}"), kind)()
    return engine


def versions() -> dict[str, str]:
    """Return the parts that decide what is read, and their versions; imports none of them."""
    installed = {name: _version(name) for name in ("liteparse", "pypdfium2", GENERAL)}
    return installed | {"steps": STEPS}


def label(package: str) -> str:
    """Return a package's name and version, as results show it."""
    return f"{package} {_version(package)}"


@functools.cache
def _version(package: str) -> str:
    return importlib.metadata.version(package)


def read_by_another(name: str, reason: str) -> str:
    """Return the warning of a result that an engine made after the one of this name failed."""
    return f"{name} failed, and another engine read it: {' '.join(reason.split())[:_LONGEST_REASON]}"


def lost_by_damage(media_type: str) -> list[str]:
    """Return what counts as lost where one engine found a document damaged and another read it all the same.

    Of a PDF that is cut off the other engine delivers what it finds, and does not say that pages are missing.
    """
    return ["the file is damaged: what could be found in it was read, and more may be missing"] * (
        media_type == PDF
    )


def unreadable(error: BaseException) -> Failure:
    """Sort an engine's complaint by the only thing engines have in common: its wording."""
    message = str(error) or f"the engine raised {type(error).__name__} and no reason"
    lowered = message.lower()
    for kind, words in _WORDINGS:
        if any(word in lowered for word in words):
            return Failure(kind, message)
    return Failure(FailureClass.CORRUPT, message)


_WORDINGS = (
    (FailureClass.ENCRYPTED, ("password", "encrypted", "protected")),
    (
        FailureClass.TOO_LARGE,
        ("security limit", "zip bomb", "too large", "exceeds limit", "exceeds the limit"),
    ),
    (FailureClass.UNSUPPORTED, ("unsupported", "not supported", "unknown format", "not installed")),
    (FailureClass.MEMORY, ("out of memory", "memory allocation", "cannot allocate")),
)
