"""Where an item's result is fetched, as one text that the state keeps.

What only the item's row says travels with it, so that a result fetched by a later process is the same result.
"""

from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qs, quote, unquote, urlencode

from docbatch.providers.extractpage.replies import RemoteBatch, RemoteItem


@dataclass(frozen=True, slots=True)
class Locator:
    """`seconds` is the service's processing time."""

    batch: str
    item: str
    pages: int | None = None
    seconds: float | None = None
    engine: str | None = None

    @classmethod
    def of(cls, batch: RemoteBatch, item: RemoteItem) -> Self:
        return cls(batch.id, item.id, item.pages, item.seconds, batch.engine)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `text` gave. Raises ValueError for anything else."""
        path, _, query = text.partition("?")
        batch, item = (unquote(part) for part in path.split("/"))
        facts = {name: values[0] for name, values in parse_qs(query).items()}
        pages, seconds = facts.get("pages"), facts.get("seconds")
        return cls(
            batch,
            item,
            None if pages is None else int(pages),
            None if seconds is None else float(seconds),
            facts.get("engine"),
        )

    @property
    def text(self) -> str:
        facts = {"pages": self.pages, "seconds": self.seconds, "engine": self.engine}
        query = urlencode({name: fact for name, fact in facts.items() if fact is not None})
        path = f"{quote(self.batch, safe='')}/{quote(self.item, safe='')}"
        return f"{path}?{query}" if query else path

    @property
    def result_path(self) -> str:
        return f"/v1/batches/{quote(self.batch, safe='')}/items/{quote(self.item, safe='')}/result"
