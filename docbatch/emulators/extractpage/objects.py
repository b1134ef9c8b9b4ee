"""What the emulated extract.page keeps, and how it is shown."""

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from docbatch.emulators.reading import Page, Reading
from docbatch.emulators.server import Request, Response

_MARK = re.compile(r"^[0-9a-f]{64}-")


class Refusal(Exception):
    def __init__(self, status: int, body: object, **headers: str) -> None:
        super().__init__(status)
        self.response = Response.of(body, status, **headers)


@dataclass
class File:
    id: str
    account: str
    size: int
    name: str | None
    kind: str | None
    created: float
    expires: float

    @property
    def path(self) -> str:
        return f"/uploads/{self.id}"

    @property
    def title(self) -> str:
        """The document's own name, without what a client may put before it to find it again."""
        return _MARK.sub("", self.name or self.id)


@dataclass
class Item:
    id: str
    batch: str
    file: File
    position: int
    updated: float
    status: str = "pending"
    late: float | None = None
    error: str | None = None
    started: float | None = None
    completed: float | None = None
    reading: Reading | None = None


@dataclass
class Batch:
    id: str
    account: str
    body: Mapping[str, Any]
    created: float
    expires: float
    items: list[Item] = field(default_factory=list)
    asked: int = 0
    completed: float | None = None

    def count(self, status: str) -> int:
        return sum(item.status == status for item in self.items)

    def item(self, identity: str) -> Item | None:
        """Return an item by its id, which ends with its place."""
        place = identity.rpartition("_")[2]
        found = self.items[int(place)] if place.isdecimal() and int(place) < len(self.items) else None
        return found if found is not None and found.id == identity else None


@dataclass
class Kept:
    """What a key was answered with."""

    digest: str
    at: float
    batch: str | None
    refusal: Refusal | None


def parsed(pages: Sequence[Page], link: str | None, inline: Sequence[bytes] = ()) -> dict[str, Any]:
    """Parse as the service would: a run of text for every line, then a figure where there is a link to one, and those given inline."""
    lines = [line for number, page in enumerate(pages, 1) for line in _lines(number, page.text)]
    given = [{"image_url": link}] if link else []
    given += [{"image_b64": base64.b64encode(each).decode()} for each in inline]
    figures = [{"chunk_type": "image", "page_no": 1, **each, "page_content": ""} for each in given]
    return {"chunks": [*lines, *figures]}


def _lines(page: int, text: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(text.splitlines()):
        top = 72.0 + 14 * number
        yield {
            "chunk_type": "text",
            "page_content": line,
            "page_no": page,
            "bbox": [72.0, top, 72.0 + 6 * len(line), top + 12],
        }


def iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat().replace("+00:00", "Z")


def limited(request: Request, default: int, most: int) -> int:
    limit = int(request.param("limit") or default)
    require(1 <= limit <= most, "limit")
    return limit


def require(holds: bool, *place: str) -> None:
    if not holds:
        raise Refusal(422, {"detail": [{"loc": ["body", *place], "msg": "is wrong", "type": "value_error"}]})
