"""What became of a document that a service was paid to read, and who finds that out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from docbatch.core.models import Failure


@dataclass(frozen=True, slots=True)
class Page:
    """`is_lost` is a page that could not be read although others of its document were."""

    text: str
    markdown: str
    is_lost: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """The pages of a document, or why it has none."""

    pages: tuple[Page, ...] = ()
    failure: Failure | None = None


class Reader(Protocol):
    """Reads documents for an emulator. `done` may be called at once, or later and from another thread."""

    def read(self, content: bytes, name: str, done: Callable[[Reading], None]) -> None: ...


class AtOnce:
    """Takes every document for text whose pages are set apart by form feeds."""

    def read(self, content: bytes, name: str, done: Callable[[Reading], None]) -> None:
        pages = content.decode(errors="replace").split("\f")
        done(Reading(tuple(Page(page, page) for page in pages)))
