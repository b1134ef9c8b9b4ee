"""One answer of a vendor's answers about ranges of one document's pages, each kept as it came."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeVar

from docbatch.core.models import Failure, FailureClass
from docbatch.core.result_warnings import NOTHING_TO_SEE
from docbatch.core.results import (
    Answer,
    DocumentInfo,
    Page,
    Picture,
    Result,
    Timing,
    Usage,
    offered_illustration,
    offered_pictures,
    offered_warnings,
)
from docbatch.jsontext import parse
from docbatch.providers.page_ranges import ReadRange, lost_range

FORMAT = "docbatch/stitched/v1"
_BEGINS = b'{"format":"docbatch/stitched/v1"'

Number = TypeVar("Number", int, float)
Read = Callable[[bytes], Answer]


def stitch(ranges: Sequence[ReadRange]) -> bytes:
    """Return one payload of those of all ranges."""
    parts = [
        {
            "first": each.first,
            "last": each.last,
            "partial": each.partial,
            "failure": None if each.failure is None else asdict(each.failure),
            "answer": None if each.payload is None else parse(each.payload),
        }
        for each in ranges
    ]
    return json.dumps({"format": FORMAT, "parts": parts}, separators=(",", ":")).encode()


def is_stitched(payload: bytes) -> bool:
    return payload.startswith(_BEGINS)


def read_stitched(payload: bytes, read: Read) -> "StitchedAnswer":
    """Return the answer in a payload, of which each part is `read` as its vendor's are. Raises ValueError."""
    found = parse(payload)
    return StitchedAnswer(found, [_part(each, read) for each in found["parts"]])


def written_back(raw: Any) -> bytes | None:
    """Return the payload of which a result has `raw`; None where that is a vendor's answer."""
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        return None
    return json.dumps(raw, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class _Part:
    range: ReadRange
    answer: Answer | None


def _part(found: dict[str, Any], read: Read) -> _Part:
    failure = None
    if found["failure"] is not None:
        failure = Failure(
            FailureClass(found["failure"]["kind"]), found["failure"]["message"], found["failure"]["code"]
        )
    answer = (
        None if found["answer"] is None else read(json.dumps(found["answer"], separators=(",", ":")).encode())
    )
    return _Part(ReadRange(found["first"], found["last"], None, failure, partial=found["partial"]), answer)


class StitchedAnswer:
    """What the parts say, one after the other. A part that is not there is a loss with a name."""

    def __init__(self, raw: dict[str, Any], parts: Sequence[_Part]) -> None:
        self._raw = raw
        self._parts = parts
        self._answers = [each.answer for each in parts if each.answer is not None]

    @property
    def is_partial(self) -> bool:
        return any(
            each.answer is None or each.range.partial or each.answer.is_partial for each in self._parts
        )

    @property
    def credits(self) -> float | None:
        told = [each.credits for each in self._answers if each.credits is not None]
        return sum(told) if told else None

    @property
    def warnings(self) -> tuple[str, ...]:
        lost = [lost_range(each.range) for each in self._parts if each.answer is None]
        said = [warning for each in self._answers for warning in offered_warnings(each)]
        if not all(NOTHING_TO_SEE in offered_warnings(each) for each in self._answers):
            # What shows nothing is a part, and not the document.
            said = [each for each in said if each != NOTHING_TO_SEE]
        return tuple(dict.fromkeys([*lost, *said]))

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return tuple(picture for each in self._pictured() for picture in each.values())

    def illustrated(self, links: Mapping[tuple[int, int], str]) -> "StitchedAnswer":
        """Return the answer with those of its pictures shown that have links, each by the part that it is of."""
        there = [part for part in self._parts if part.answer is not None]
        shown = {}
        for part, pictures in zip(there, self._pictured(), strict=True):
            assert part.answer is not None
            its = {
                place: links[each.page, each.place]
                for place, each in pictures.items()
                if (each.page, each.place) in links
            }
            shown[part.range.first] = offered_illustration(part.answer, its) or part.answer
        parts = [replace(part, answer=shown.get(part.range.first)) for part in self._parts]
        return StitchedAnswer(self._raw, parts)

    def _pictured(self) -> Iterator[dict[tuple[int, int], Picture]]:
        """Yield for each part that is there its pictures, as they stand in the whole, by page and place in the part.

        Those on no page that is known are counted on from part to part.
        """
        loose = 0
        for part in self._parts:
            if part.answer is None:
                continue
            offered = offered_pictures(part.answer)
            is_anew = all(each.page < part.range.first for each in offered)
            found = {}
            for each in offered:
                page = each.page + part.range.first - 1 if each.page and is_anew else each.page
                place = each.place if each.page else each.place + loose
                found[each.page, each.place] = replace(each, page=page, place=place)
            loose += sum(not each.page for each in offered)
            yield found

    def markdown(self) -> str:
        return _joined([each.markdown() for each in self._answers])

    def text(self) -> str:
        return _joined([each.text() for each in self._answers])

    def result(self, document: DocumentInfo) -> Result:
        results = [each.result(document) for each in self._answers]
        starts = [each.range.first for each in self._parts if each.answer is not None]
        first = results[0]
        return Result(
            outcome="partial" if self.is_partial else "succeeded",
            document=document,
            provider=first.provider.model_copy(update={"remote_id": None}),
            markdown=self.markdown(),
            text=self.text(),
            pages=tuple(
                page
                for each, start in zip(results, starts, strict=True)
                for page in numbered(each.pages, start)
            ),
            tables=tuple(table for each in results for table in each.tables),
            metadata=first.metadata,
            warnings=self.warnings,
            usage=Usage(pages=_sum([each.usage.pages for each in results]), credits=self.credits),
            timing=Timing(seconds=_sum([each.timing.seconds for each in results])),
            raw=self._raw,
        )


def numbered(pages: Sequence[Page], first: int) -> list[Page]:
    """Return the pages of a range with their numbers in the document; vendors may number those of a range from 1."""
    is_anew = all(page.number < first for page in pages)
    return [
        page.model_copy(update={"number": page.number + first - 1}) if is_anew else page for page in pages
    ]


def _joined(said: Sequence[str]) -> str:
    """Return what parts say as one text that ends as the last of them does."""
    whole = [each.strip("\n") for each in said if each.strip()]
    return "\n\n".join(whole) + ("\n" if whole and said[-1].endswith("\n") else "")


def _sum(told: Sequence[Number | None]) -> Number | None:
    known = [each for each in told if each is not None]
    return sum(known[1:], known[0]) if known else None
