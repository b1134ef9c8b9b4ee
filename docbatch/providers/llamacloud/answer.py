"""The service's answers about documents, read into the normalised result."""

import json
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any, Literal

from docbatch.core.result_warnings import losses, wordless
from docbatch.core.results import BBox, Block, Cell, DocumentInfo, Page, Picture, ProviderInfo, Result, Usage
from docbatch.jsontext import parse
from docbatch.naming.picture_links import told, without_lost_pictures
from docbatch.providers import stitched_answer
from docbatch.providers.llamacloud.calls import Json
from docbatch.providers.llamacloud.results.answer_fields import (
    credits_of,
    engine_name,
    mapping_in,
    number_of,
    text_in,
)
from docbatch.providers.llamacloud.results.extract_answer import ExtractAnswer
from docbatch.providers.llamacloud.results.inline_pictures import Links, inline_pictures, with_links
from docbatch.providers.llamacloud.results.provenance import Provenance, stamped, taken_from
from docbatch.providers.llamacloud.results.side_results import FORMS
from docbatch.providers.stitched_answer import StitchedAnswer

_NOT_GIVEN = "asked for and not given by the service: "
Kind = Literal["heading", "text", "list", "table", "image", "code", "formula", "other"]
_KINDS: dict[str, Kind] = {
    "heading": "heading",
    "text": "text",
    "list": "list",
    "table": "table",
    "image": "image",
    "code": "code",
}


def read(payload: bytes) -> "ParseAnswer | ExtractAnswer | StitchedAnswer":
    """Return the answer in a payload. Raises ValueError when it is none."""
    if stitched_answer.is_stitched(payload):
        return stitched_answer.read_stitched(payload, read_one)
    return read_one(payload)


def read_one(payload: bytes) -> "ParseAnswer | ExtractAnswer":
    """Return the answer about one document, or a part of one. Raises ValueError when it is none."""
    try:
        found = parse(payload)
    except RecursionError:
        raise ValueError("the answer is nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("the answer is no object")  # noqa: TRY004 - the contract of a provider names ValueError
    provenance = taken_from(found)
    return ParseAnswer(found, provenance) if "job" in found else ExtractAnswer(found)


def written_back(result: Result) -> bytes:
    """Return what is read as this result: the answer, and before it what docbatch knew of how it was made."""
    if (parts := stitched_answer.written_back(result.raw)) is not None:
        return parts
    answer = json.dumps(result.raw, separators=(",", ":")).encode()
    raw = result.raw if isinstance(result.raw, dict) else {}
    if "job" not in raw:
        return answer
    tier = text_in(mapping_in(raw, "job"), "tier")
    version = (result.provider.engine or "").removeprefix(tier or "").strip()
    asked = [
        name
        for each in result.warnings
        if each.startswith(_NOT_GIVEN)
        for name in each.removeprefix(_NOT_GIVEN).split(", ")
    ]
    return stamped(answer, Provenance(version or None, tuple(asked)))


class ParseAnswer:
    """Markdown and text are those of the pages that could be read; what failed is named by a warning each."""

    def __init__(self, found: Json, provenance: Provenance, links: Links | None = None) -> None:
        """Take an answer, and the URLs of pictures that are not to be in its Markdown itself. Raises ValueError."""
        self._found = found
        self._provenance = provenance
        self._links = links
        job = found["job"]
        if not isinstance(job, dict):
            raise ValueError("the answer describes no job")  # noqa: TRY004 - as above
        self._job = job
        self._markdown = {page["page_number"]: page for page in _pages(found, "markdown")}
        self._text = {page["page_number"]: page for page in _pages(found, "text")}
        self._items = {page["page_number"]: page for page in _pages(found, "items")}
        if not any(_has(found, name) for name in ("markdown", "markdown_full", "text", "text_full")):
            raise ValueError("the answer has neither Markdown nor text")

    @property
    def is_partial(self) -> bool:
        return bool(losses(self.warnings))

    @property
    def credits(self) -> float | None:
        return credits_of(self._job)

    @property
    def warnings(self) -> tuple[str, ...]:
        if failed := self._failed():
            lost = (f"lost: page {number}: {why}" for number, why in sorted(failed.items()))
            return (*lost, *self._not_given(), *told(self._shown[1]))
        seen = () if self._has_words() else (wordless(sorted(self._pictured())),)
        return (*seen, *self._not_given(), *told(self._shown[1]))

    @cached_property
    def pictures(self) -> tuple[Picture, ...]:
        """Those that the Markdown has in itself."""
        if _has(self._found, "markdown"):
            pages = sorted(self._markdown.items())
            return tuple(
                each for number, page in pages for each in inline_pictures(page.get("markdown"), number)
            )
        return tuple(inline_pictures(self._found.get("markdown_full"), 0))

    def illustrated(self, links: Links) -> "ParseAnswer":
        return ParseAnswer(self._found, self._provenance, links)

    def markdown(self) -> str:
        if self._links is None:
            return self._shown[0]
        if not _has(self._found, "markdown"):
            return with_links(self._shown[0], 0, self._links)
        pages = [
            {"page_number": number, "markdown": self._page_markdown(number)} for number in self._markdown
        ]
        return _joined(pages, "markdown")

    @cached_property
    def _shown(self) -> tuple[str, int]:
        """The Markdown, and how many pictures are missing from it."""
        return without_lost_pictures(self._given_markdown())

    def _page_markdown(self, number: int) -> str | None:
        given = self._markdown.get(number, {}).get("markdown")
        if given is None:
            return None
        markdown = without_lost_pictures(str(given))[0]
        return markdown if self._links is None else with_links(markdown, number, self._links)

    def _given_markdown(self) -> str:
        if _has(self._found, "markdown"):
            return _joined(self._markdown.values(), "markdown")
        whole = self._found.get("markdown_full")
        return str(whole) if whole is not None else self._plain()

    def text(self) -> str:
        plain = self._plain()
        return plain if plain or not self._markdown else self.markdown()

    def result(self, document: DocumentInfo) -> Result:
        return Result(
            outcome="partial" if self.is_partial else "succeeded",
            document=document,
            provider=ProviderInfo(
                type="llamacloud",
                operation="parse",
                engine=engine_name(self._job.get("tier"), self._provenance.version),
                remote_id=text_in(self._job, "id"),
            ),
            markdown=self.markdown(),
            text=self.text(),
            pages=tuple(self._page(number) for number in sorted(self._markdown | self._text | self._items)),
            metadata=mapping_in(self._found, "metadata"),
            warnings=self.warnings,
            usage=Usage(pages=len(self._markdown | self._text) or None, credits=self.credits),
            raw=self._found,
        )

    def _plain(self) -> str:
        if _has(self._found, "text"):
            return _joined(self._text.values(), "text")
        return str(self._found.get("text_full") or "")

    def _failed(self) -> dict[int, str]:
        pages = (*self._markdown.items(), *self._items.items())
        forms = {number: f"its forms: {why}" for number, why in _failures(_numbered(self._found, FORMS))}
        return forms | dict(_failures(pages))

    def _not_given(self) -> Iterator[str]:
        """Say what the configuration asks for, and the service charges, and its answer has not."""
        if missing := [name for name in self._provenance.asked if not _has(self._found, name)]:
            yield f"{_NOT_GIVEN}{', '.join(missing)}"

    def _has_words(self) -> bool:
        told = [
            page.get(name)
            for name, pages in (("markdown", self._markdown), ("text", self._text))
            for page in pages.values()
        ]
        whole = (self._found.get(name) for name in ("markdown_full", "text_full"))
        return any(str(each or "").strip() for each in (*told, *whole))

    def _pictured(self) -> Iterator[int]:
        for number, page in self._items.items():
            if any(block.kind == "image" for block in _blocks(page.get("items"))):
                yield number

    def _page(self, number: int) -> Page:
        items = self._items.get(number, {})
        return Page(
            number=number,
            text=str(self._text.get(number, {}).get("text") or ""),
            markdown=self._page_markdown(number),
            width=number_of(items.get("page_width")),
            height=number_of(items.get("page_height")),
            blocks=tuple(_blocks(items.get("items"))),
        )


def _failures(pages: Iterable[tuple[int, Json]]) -> Iterator[tuple[int, str]]:
    for number, page in pages:
        if page.get("success") is False:
            yield number, str(page.get("error") or "the service could not read it and says not why")


def _numbered(found: Json, name: str) -> Iterator[tuple[int, Json]]:
    """Yield the pages of a part that is no part of the text, as far as they can be told apart."""
    pages = mapping_in(found, name).get("pages")
    for page in pages if isinstance(pages, list) else ():
        if isinstance(page, dict) and isinstance(page.get("page_number"), int):
            yield page["page_number"], page


def _has(found: Json, name: str) -> bool:
    return found.get(name) is not None


def _pages(found: Json, name: str) -> Iterator[Json]:
    """Yield the pages of a part. Raises ValueError when it has none that can be told apart."""
    if not _has(found, name):
        return
    pages = mapping_in(found, name).get("pages")
    if not isinstance(pages, list):
        raise ValueError(f"the answer's {name} has no pages")  # noqa: TRY004 - the contract names ValueError
    for page in pages:
        if not isinstance(page, dict) or not isinstance(page.get("page_number"), int):
            raise ValueError(f"a page of the answer's {name} has no number")  # noqa: TRY004 - as above
        yield page


def _joined(pages: Any, name: str) -> str:
    ordered = sorted(pages, key=lambda page: int(page["page_number"]))
    return "\n\n".join(str(page[name]).strip("\n") for page in ordered if page.get(name)) + "\n"


def _blocks(items: object) -> Iterator[Block]:
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict):
            yield _block(item)


def _block(item: Json) -> Block:
    kind = _KINDS.get(str(item.get("type")), "other")
    found = item.get("bbox")
    boxes = [box for box in found if isinstance(box, dict)] if isinstance(found, list) else []
    level = item.get("level")
    said = str(next((item[name] for name in ("value", "caption", "text", "md") if item.get(name)), ""))
    return Block(
        kind=kind,
        text=without_lost_pictures(said)[0] if kind == "image" else said,
        level=level if kind == "heading" and isinstance(level, int) else None,
        cells=tuple(_cells(item.get("rows"))),
        bbox=_around(boxes),
        confidence=number_of(boxes[0].get("confidence")) if boxes else None,
    )


def _cells(rows: object) -> Iterator[Cell]:
    for number, row in enumerate(rows if isinstance(rows, list) else ()):
        for column, value in enumerate(row if isinstance(row, list) else ()):
            yield Cell(row=number, column=column, text="" if value is None else str(value))


def _around(boxes: list[Json]) -> BBox | None:
    """Return the smallest box around all; None when one of them cannot be read."""
    edges = [tuple(number_of(box.get(name)) for name in ("x", "y", "w", "h")) for box in boxes]
    known = [(x, y, x + w, y + h) for x, y, w, h in edges if None not in (x, y, w, h)]  # type: ignore[operator]
    if not known:
        return None
    lefts, tops, rights, bottoms = zip(*known, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)
