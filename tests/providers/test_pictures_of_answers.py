"""Pictures that vendors give: what an answer holds is offered, and what it only refers to leaves no link behind."""

import base64
import json
from typing import Any

import pytest

from docbatch.core.results import Answer, DocumentInfo, offered_pictures, offered_warnings
from docbatch.providers.extend import answer as extend
from docbatch.providers.extractpage import answer as extractpage
from docbatch.providers.extractpage.locator import Locator
from docbatch.providers.llamacloud import answer as llamacloud

DOCUMENT = DocumentInfo(path="a.pdf", sha256="0" * 64, size=1, media_type="application/pdf")
MARKDOWN = "# Sums\n\n![a chart](img_p0_1.png)\n\n![logo](https://x.org/logo.png)"
WITHOUT = "# Sums\n\na chart\n\n![logo](https://x.org/logo.png)"
PIXEL = b"\x89PNG\r\n\x1a\n" + b"rest"


def of_extend(markdown: str) -> Answer:
    chunk = {
        "object": "chunk",
        "type": "page",
        "content": markdown,
        "metadata": {"pageRange": {"start": 1, "end": 1}},
        "blocks": [{"type": "text", "content": markdown, "metadata": {"page": {"number": 1}}}],
    }
    return extend.read(
        json.dumps({"object": "parse_run", "id": "pr_1", "output": {"chunks": [chunk]}}).encode()
    )


def of_llamacloud(markdown: str) -> Answer:
    pages = [{"page_number": 1, "markdown": markdown, "success": True}]
    return llamacloud.read(json.dumps({"job": {"id": "pjb-1"}, "markdown": {"pages": pages}}).encode())


def of_extractpage(*chunks: dict[str, Any]) -> Answer:
    content = json.dumps(
        {"chunks": [{"chunk_type": "image", "page_content": "", **chunk} for chunk in chunks]}
    ).encode()
    return extractpage.read(extractpage.pack(Locator("b", "i", 1, None, None), content))


@pytest.mark.parametrize("given", [of_extend, of_llamacloud])
def test_no_link_leads_to_a_picture_that_is_not_there(given: Any) -> None:
    answer = given(MARKDOWN)
    result = answer.result(DOCUMENT)

    assert answer.markdown().strip() == WITHOUT
    assert (result.markdown.strip(), result.pages[0].markdown) == (WITHOUT, WITHOUT)
    assert "img_p0_1.png" in json.dumps(result.raw)
    assert list(offered_warnings(answer)) == [
        "pictures: the service refers to 1 picture that it did not give; words stand there in the Markdown"
    ]
    assert result.outcome == "succeeded"
    assert offered_pictures(answer) == ()


@pytest.mark.parametrize("given", [of_extend, of_llamacloud])
def test_nothing_is_said_where_nothing_is_missing(given: Any) -> None:
    assert list(offered_warnings(given(WITHOUT))) == []


def test_pictures_in_an_answer_are_offered_by_their_places() -> None:
    inline = base64.b64encode(PIXEL).decode()
    found = offered_pictures(
        of_extractpage(
            {"page_no": 2, "image_b64": inline, "image_width": 3, "image_height": True},
            {"page_no": 1, "image_url": "https://x.org/expired.png"},
            {"page_no": 1, "image_b64": inline},
            {"page_no": 1, "image_b64": "no base64!"},
            {"page_no": 1, "image_b64": base64.b64encode(b"<svg onload=x>").decode()},
            {"page_no": 1, "image_b64": 7},
        )
    )

    assert [
        (each.page, each.place, each.media_type, each.content, each.width, each.height) for each in found
    ] == [
        (1, 1, "image/png", PIXEL, None, None),
        (2, 0, "image/png", PIXEL, 3, None),
    ]
