"""What the spool keeps of one item, and how it is read: the service's answer beside what only its item row said."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any

from docbatch.core.result_warnings import losses, wordless
from docbatch.core.results import (
    Block,
    Cell,
    DocumentInfo,
    Page,
    Picture,
    ProviderInfo,
    Result,
    Timing,
    Usage,
)
from docbatch.jsontext import parse
from docbatch.providers.extractpage.chunks import (
    Chunk,
    box,
    check_chunks,
    grid,
    paragraphs,
    read_chunks,
    whole,
    words,
)
from docbatch.providers.extractpage.locator import Locator
from docbatch.providers.extractpage.pictures.figures import pictures, untold

FORMAT = "docbatch/extractpage/v1"
PICTURES = "pictures"
_ANSWER = b',"answer":'


def pack(locator: Locator, answer: bytes, fetched: Mapping[str, str] | None = None) -> bytes:
    """Return the payload of an item: what its row said, and the answer as it came; between them the pictures that it links to."""
    known = {"format": FORMAT, "item": facts(locator), **({} if fetched is None else {PICTURES: fetched})}
    head = json.dumps(known, separators=(",", ":"))[:-1]
    return head.encode() + _ANSWER + answer + b"}"


def written_back(result: Result) -> bytes:
    """Return what is read as this result. Which batch it came from is in none, and nothing asks for it."""
    provider = result.provider
    row = Locator("", provider.remote_id or "", result.usage.pages, result.timing.seconds, provider.engine)
    return pack(row, json.dumps(result.raw, separators=(",", ":")).encode())


def facts(locator: Locator) -> dict[str, Any]:
    """Return what an item's row said of its document."""
    return {
        "id": locator.item,
        "batch": locator.batch,
        "pages": locator.pages,
        "seconds": locator.seconds,
        "engine": locator.engine,
    }


class ExtractPageAnswer:
    """An answer of extract.page, which tells no price. Markdown and text are derived from its chunks."""

    credits = None

    def __init__(
        self,
        item: Mapping[str, Any],
        answer: Mapping[str, Any],
        fetched: Mapping[str, Any] | None = None,
        links: Mapping[tuple[int, int], str] = MappingProxyType({}),
    ) -> None:
        """Take an answer that is one, what was fetched of the pictures it links to, and the URLs of those that its Markdown is to show.

        Raises ValueError.
        """
        check_chunks(answer)
        self._item = item
        self._raw = answer
        self._fetched = fetched
        self._links = links

    @cached_property
    def _parts(self) -> list[Chunk]:
        return list(paragraphs(read_chunks(self._raw)))

    @property
    def is_partial(self) -> bool:
        return bool(losses(self.warnings))

    @property
    def warnings(self) -> tuple[str, ...]:
        missing = tuple(untold(self._raw, self._fetched))
        if any(part.text.strip() for part in self._parts):
            return missing
        return (wordless(sorted({part.page for part in self._parts if part.kind == "image"})), *missing)

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return tuple(pictures(self._raw, self._fetched or {}))

    def illustrated(self, links: Mapping[tuple[int, int], str]) -> "ExtractPageAnswer":
        return ExtractPageAnswer(self._item, self._raw, self._fetched, links)

    def markdown(self) -> str:
        return self._markdown(self._parts)

    def text(self) -> str:
        return _text(self._parts)

    def result(self, document: DocumentInfo) -> Result:
        return Result(
            outcome="partial" if self.is_partial else "succeeded",
            document=document,
            provider=ProviderInfo(
                type="extractpage",
                operation="parse",
                engine=self._item.get("engine"),
                remote_id=self._item.get("id"),
            ),
            markdown=self.markdown(),
            text=self.text(),
            pages=self._pages(),
            metadata={"derived": ["markdown", "text"]},
            warnings=self.warnings,
            usage=Usage(pages=self._item.get("pages")),
            timing=Timing(seconds=self._item.get("seconds")),
            raw=self._raw,
        )

    def _pages(self) -> tuple[Page, ...]:
        by_page: dict[int, list[Chunk]] = {}
        for part in self._parts:
            by_page.setdefault(part.page, []).append(part)
        return tuple(
            Page(
                number=number,
                text=_text(parts),
                markdown=self._markdown(parts),
                blocks=tuple(_block(part) for part in parts),
            )
            for number, parts in by_page.items()
        )

    def _markdown(self, parts: list[Chunk]) -> str:
        shown = _shown(parts, self._links) if self._links else (part.text.strip() for part in parts)
        return "\n\n".join(filter(None, shown))


def read(content: bytes) -> ExtractPageAnswer:
    """Return the answer in a payload. Raises ValueError when it is not one."""
    # What the service sent is read by itself, so that nothing in it can pass for what its item's row said.
    head, found, rest = content.partition(_ANSWER)
    about = parse(head + b"}") if found else None
    if (
        not isinstance(about, dict)
        or about.get("format") != FORMAT
        or not isinstance(about.get("item"), dict)
    ):
        raise ValueError(f"not an answer of extract.page in format {FORMAT}")
    if not rest.lstrip().startswith(b"{"):
        raise ValueError("what came as the result is no object in UTF-8")
    try:
        answer = parse(rest.removesuffix(b"}"))
    except (ValueError, RecursionError):
        raise ValueError("what came as the result is no JSON") from None
    fetched = about.get(PICTURES)
    return ExtractPageAnswer(about["item"], answer, fetched if isinstance(fetched, dict) else None)


def _shown(parts: list[Chunk], links: Mapping[tuple[int, int], str]) -> Iterator[str]:
    """Yield the Markdown of each part, of a picture its link and words."""
    places: Counter[int] = Counter()
    for part in parts:
        if part.kind == "image":
            place = (part.page, places[part.page])
            places[part.page] += 1
            if place in links:
                yield f"![page {part.page}, picture {place[1] + 1}]({links[place]})"
        yield part.text.strip()


def _text(parts: list[Chunk]) -> str:
    texts = (grid(part) if part.kind == "table" else part.text for part in parts)
    return "\n\n".join(text.strip("\n ") for text in texts if text.strip())


def _block(part: Chunk) -> Block:
    return Block(
        kind=part.kind,
        text=(grid(part) if part.kind == "table" else part.text).strip("\n "),
        cells=tuple(_cell(cell) for cell in part.cells),
        bbox=part.bbox,
        confidence=part.confidence,
    )


def _cell(cell: Mapping[str, Any]) -> Cell:
    return Cell(
        row=whole(cell.get("row")),
        column=whole(cell.get("col")),
        text=words(cell.get("text")),
        row_span=whole(cell.get("row_span"), least=1),
        column_span=whole(cell.get("col_span"), least=1),
        bbox=box(cell.get("bbox")),
    )
