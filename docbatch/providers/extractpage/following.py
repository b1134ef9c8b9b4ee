"""Following a batch's items: a change feed, read to its end again and again, and once as a whole when all is done.

Whether the cursor at the end of the feed is null or stays as a watermark is unsaid, and so is whether an item may be
committed late with an earlier time. This works either way: what the feed missed, the closing scan finds.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from docbatch.core.errors import Unavailable
from docbatch.core.models import Failure, FailureClass
from docbatch.providers.base import Failed, Progress, Ready
from docbatch.providers.extractpage.locator import Locator
from docbatch.providers.extractpage.replies import Page, RemoteBatch, RemoteItem

MOST_PAGES = 200

CLASSES: Mapping[str, FailureClass] = {
    "upload_missing": FailureClass.EXPIRED,
    "upload_expired": FailureClass.EXPIRED,
    "file_expired": FailureClass.EXPIRED,
    "corrupt": FailureClass.CORRUPT,
    "corrupted": FailureClass.CORRUPT,
    "corrupt_file": FailureClass.CORRUPT,
    "file_corrupt": FailureClass.CORRUPT,
    "invalid_file": FailureClass.CORRUPT,
    "invalid_pdf": FailureClass.CORRUPT,
    "encrypted": FailureClass.ENCRYPTED,
    "encrypted_pdf": FailureClass.ENCRYPTED,
    "file_encrypted": FailureClass.ENCRYPTED,
    "password_protected": FailureClass.ENCRYPTED,
    "password_required": FailureClass.ENCRYPTED,
    "too_large": FailureClass.TOO_LARGE,
    "file_too_large": FailureClass.TOO_LARGE,
    "too_many_pages": FailureClass.TOO_LARGE,
    "page_limit_exceeded": FailureClass.TOO_LARGE,
    "unsupported": FailureClass.UNSUPPORTED,
    "unsupported_format": FailureClass.UNSUPPORTED,
    "unsupported_type": FailureClass.UNSUPPORTED,
    "unsupported_file_type": FailureClass.UNSUPPORTED,
    "unsupported_media_type": FailureClass.UNSUPPORTED,
    "empty": FailureClass.EMPTY,
    "empty_file": FailureClass.EMPTY,
    "timeout": FailureClass.TIMEOUT,
    "timed_out": FailureClass.TIMEOUT,
    "quota_exceeded": FailureClass.OUT_OF_CREDITS,
    "insufficient_credits": FailureClass.OUT_OF_CREDITS,
}
"""What the codes of items mean. One of them is documented; the others are those that say it themselves."""

# Asks for the page after a cursor, or for the first. Raises CursorRefused.
Ask = Callable[[str | None], Page]


class CursorRefused(Unavailable):
    """The service does not take a cursor that it gave itself."""


@dataclass
class Feed:
    """What one process remembers of a batch: how far it has read, and what it has told already.

    `keys` are the keys of the items that a file stands for, by file id. `batch` is as it was last seen.
    """

    keys: Mapping[str, Sequence[str]]
    mark: str | None = None
    told: set[str] = field(default_factory=set)
    batch: RemoteBatch | None = None

    def follow(self, ask: Ask) -> Progress:
        """Read what is new. Raises what `ask` raises; then nothing counts as told, and the next try reads it again."""
        before = (self.mark, set(self.told))
        try:
            return self._follow(ask)
        except BaseException:
            self.mark, self.told = before
            raise

    def _follow(self, ask: Ask) -> Progress:
        batch, items = self._changes(ask)
        self.batch = batch
        ended = list(self._verdicts(batch, items, final=False))
        if not batch.is_finished or self.is_over:
            return Progress(ended)
        batch, items = scan(ask)
        ended += self._verdicts(batch, items, final=batch.is_finished)
        doubted = dict(self._missing(batch, items)) if batch.is_finished else {}
        return Progress(ended, frozenset(self._unseen(items)), doubted=doubted)

    @property
    def is_over(self) -> bool:
        """Whether the end of every item was told."""
        return len(self.told) == sum(map(len, self.keys.values()))

    def _changes(self, ask: Ask) -> tuple[RemoteBatch, dict[str, RemoteItem]]:
        try:
            return self._read_on(ask)
        except CursorRefused:
            self.mark = None
            return self._read_on(ask)

    def _read_on(self, ask: Ask) -> tuple[RemoteBatch, dict[str, RemoteItem]]:
        """Read to the end of the feed; a page that leads nowhere new is the last."""
        items: dict[str, RemoteItem] = {}
        page = ask(self.mark)
        for _ in range(MOST_PAGES):
            _take(items, page)
            if not page.items or page.next_cursor in {None, self.mark}:
                break
            self.mark = page.next_cursor
            page = ask(self.mark)
        return page.batch, items

    def _verdicts(
        self, batch: RemoteBatch, items: Mapping[str, RemoteItem], *, final: bool
    ) -> Iterator[Ready | Failed]:
        for item in items.values():
            for key in self.keys.get(item.file_id, ()):
                verdict = None if key in self.told else _verdict(key, batch, item, final=final)
                if verdict is not None:
                    self.told.add(key)
                    yield verdict

    def _unseen(self, items: Mapping[str, RemoteItem]) -> set[str]:
        return {key for file, keys in self.keys.items() if file not in items for key in keys} - self.told

    def _missing(self, batch: RemoteBatch, items: Mapping[str, RemoteItem]) -> Iterator[tuple[str, Failure]]:
        """Yield items that a finished batch does not account for, each with what is known of it."""
        for file, key in ((file, key) for file, keys in self.keys.items() for key in keys):
            if key not in self.told:
                seen = items.get(file)
                how = f"still says '{seen.status}' for it" if seen else "does not list it"
                message = f"extract.page ended batch {batch.id} ({batch.status}) but {how}; look there before a retry"
                yield key, Failure(FailureClass.VENDOR_ERROR, message, "unaccounted")


def scan(ask: Ask) -> tuple[RemoteBatch, dict[str, RemoteItem]]:
    """Read all items from the beginning. The batch is as it was at the first page: it had ended before the items were read."""
    items: dict[str, RemoteItem] = {}
    page = ask(None)
    batch = page.batch
    sent: str | None = None
    for _ in range(MOST_PAGES):
        _take(items, page)
        if not page.items or page.next_cursor in {None, sent}:
            break
        sent = page.next_cursor
        page = ask(sent)
    return batch, items


def _take(items: dict[str, RemoteItem], page: Page) -> None:
    """Keep the latest of each item, by file: a feed shows an item again whenever it changes."""
    for item in page.items:
        before = items.get(item.file_id)
        if before is None or not _is_older(item, before):
            items[item.file_id] = item


def _is_older(item: RemoteItem, before: RemoteItem) -> bool:
    return item.updated is not None and before.updated is not None and item.updated < before.updated


def _verdict(key: str, batch: RemoteBatch, item: RemoteItem, *, final: bool) -> Ready | Failed | None:
    """Say how an item ended; None while it has not. An unknown word is believed to be an end only in a finished batch."""
    locator = Locator.of(batch, item).text
    if item.status == "succeeded":
        return Ready(key, locator)
    if item.status in {"failed", "cancelled", "canceled"}:
        return Failed(key, _failure(item), locator)
    if not final or item.status in {"pending", "running"}:
        return None
    if item.code is not None:
        return Failed(key, _failure(item), locator)
    return Ready(key, locator) if item.completed else None


def _failure(item: RemoteItem) -> Failure:
    code = item.code or item.status
    told = f"extract.page ended it as '{item.status}' with {code}" + (
        f": {item.message}" if item.message else ""
    )
    if item.status in {"cancelled", "canceled"}:
        return Failure(FailureClass.CANCELLED, told, code)
    return Failure(CLASSES.get(code.lower(), FailureClass.VENDOR_ERROR), told, code)
