"""Pictures of a document that was read in parts: each is where it is in the whole."""

import base64
import json
from typing import Any

from docbatch.core.models import Failure, FailureClass
from docbatch.core.results import Answer
from docbatch.providers.llamacloud import answer as llamacloud
from docbatch.providers.page_ranges import ReadRange
from docbatch.providers.stitched_answer import StitchedAnswer, stitch

PNG = b"\x89PNG\r\n\x1a\n"


def said(*pages: tuple[int, bytes]) -> bytes:
    """Return an answer of LlamaCloud whose pages have a picture each."""
    found: dict[str, Any] = {"job": {"id": "j"}, "markdown": {"pages": []}}
    for number, content in pages:
        shown = f"![it](data:image/png;base64,{base64.b64encode(PNG + content).decode()})"
        found["markdown"]["pages"].append(
            {"page_number": number, "markdown": f"page {number} {shown}", "success": True}
        )
    return json.dumps(found).encode()


def read(*ranges: ReadRange) -> StitchedAnswer:
    answer: Answer = llamacloud.read(stitch(ranges))
    assert isinstance(answer, StitchedAnswer)
    return answer


def test_pictures_of_parts_that_number_their_pages_from_one_are_those_of_the_document() -> None:
    answer = read(ReadRange(1, 2, said((1, b"a"), (2, b"b"))), ReadRange(3, 4, said((1, b"c"), (2, b"d"))))
    assert [(each.page, each.place, each.content[len(PNG) :]) for each in answer.pictures] == [
        (1, 0, b"a"),
        (2, 0, b"b"),
        (3, 0, b"c"),
        (4, 0, b"d"),
    ]


def test_a_picture_is_shown_by_the_part_it_is_of_and_one_without_a_link_is_not() -> None:
    lost = ReadRange(3, 4, None, Failure(FailureClass.TIMEOUT, "too slow"))
    answer = read(
        ReadRange(1, 2, said((1, b"a"), (2, b"b"))), lost, ReadRange(5, 6, said((5, b"c"), (6, b"d")))
    )
    markdown = answer.illustrated({(2, 0): "x/b.png", (6, 0): "x/d.png"}).markdown()
    assert "page 2 ![it](x/b.png)" in markdown
    assert "page 6 ![it](x/d.png)" in markdown
    assert markdown.count("](") == 2
    assert "data:" not in markdown
