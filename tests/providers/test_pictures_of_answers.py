"""Pictures that vendors give: what an answer holds is offered, and what it only refers to leaves no link behind."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from docbatch.core.results import (
    Answer,
    DocumentInfo,
    offered_illustration,
    offered_pictures,
    offered_warnings,
)
from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.emulators.llamacloud.service import LlamaCloud
from docbatch.naming.signed import without_signatures
from docbatch.providers.extend import answer as extend
from docbatch.providers.extractpage import answer as extractpage
from docbatch.providers.extractpage.locator import Locator
from docbatch.providers.llamacloud import answer as llamacloud
from docbatch.sinks.formats import encoded
from tests.cli.project import Project
from tests.providers.extend.project import extend_project
from tests.providers.llamacloud.project import project as llamacloud_project

DOCUMENT = DocumentInfo(path="a.pdf", sha256="0" * 64, size=1, media_type="application/pdf")
MARKDOWN = "# Sums\n\n![a chart](img_p0_1.png)\n\n![logo](https://x.org/logo.png)"
WITHOUT = "# Sums\n\na chart\n\n![logo](https://x.org/logo.png)"
SINK = '  - {type: files, path: "made/FORM/{{ doc.path }}.FORM", format: FORM}\n'
FORMATS = ("markdown", "text", "html", "docling-json")
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
    items = [{"page_number": 1, "items": [{"type": "image", "md": "![a chart](img_p0_1.png)"}]}]
    found = {"job": {"id": "pjb-1"}, "markdown": {"pages": pages}, "items": {"pages": items}}
    return llamacloud.read(json.dumps(found).encode())


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
    assert "img_p0_1.png" not in json.dumps([page.model_dump() for page in result.pages])


SIGNED = "https://b.s3.amazonaws.com/x.png?X-Amz-Credential=1&X-Amz-Signature=5ec2e7"


@pytest.mark.parametrize(
    "shown", [f"![a chart]({SIGNED})", f"![a chart](<{SIGNED}>)", f"<img alt='a chart' src=\"{SIGNED}\">"]
)
@pytest.mark.parametrize("given", [of_extend, of_llamacloud])
def test_a_picture_behind_a_link_that_expires_is_told_though_its_signature_was_cut(
    given: Any, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for vendor in (extend, llamacloud):
        read = vendor.read
        monkeypatch.setattr(vendor, "read", lambda payload, read=read: read(without_signatures(payload)))

    answer = given(
        f"{shown} [a file]({SIGNED.replace('.png', '.pdf')}) ![own](https://b.s3.amazonaws.com/own.png)"
    )

    assert answer.markdown().strip() == (
        "a chart [a file](https://b.s3.amazonaws.com/x.pdf) ![own](https://b.s3.amazonaws.com/own.png)"
    )
    assert len(offered_warnings(answer)) == 1


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


def test_pictures_in_an_answer_are_in_the_outputs_that_can_hold_them() -> None:
    inline = base64.b64encode(PIXEL).decode()
    answer = of_extractpage({"page_no": 1, "image_b64": inline, "image_width": 3, "image_height": 2})

    assert f'<img src="data:image/png;base64,{inline}"' in encoded(answer, DOCUMENT, "html").decode()
    from docling_core.types.doc.document import DoclingDocument

    docling = DoclingDocument.model_validate_json(encoded(answer, DOCUMENT, "docling-json"))
    (picture,) = docling.pictures
    assert picture.image is not None
    assert (str(picture.image.uri), picture.image.size.width) == (f"data:image/png;base64,{inline}", 3)
    assert "page 1" not in encoded(answer, DOCUMENT, "markdown").decode()


INLINE = f"data:image/png;base64,{base64.b64encode(PIXEL).decode()}"


@pytest.mark.parametrize("part", ["pages", "whole"])
def test_pictures_in_the_markdown_itself_are_offered_and_replaced_in_their_places(part: str) -> None:
    markdown = (
        f"a ![b \\] c]({INLINE}) ![d](x.png) <img alt='e' src='{INLINE}'>\n\n```\n![f]({INLINE})\n```\n"
    )
    found: dict[str, Any] = {"job": {"id": "pjb-1"}}
    if part == "pages":
        pages = [
            {"page_number": 1, "markdown": markdown, "success": True},
            {"page_number": 2, "markdown": f"![g](data:image/png;base64,%) ![h]({INLINE})", "success": True},
        ]
        found["markdown"] = {"pages": pages}
    else:
        found["markdown_full"] = markdown
    answer = llamacloud.read(json.dumps(found).encode())

    number = 1 if part == "pages" else 0
    places = [(number, 0), (number, 1), *([(2, 1)] if part == "pages" else [])]
    assert [(each.page, each.place) for each in offered_pictures(answer)] == places
    assert {each.content for each in offered_pictures(answer)} == {PIXEL}
    shown = offered_illustration(answer, {(number, 1): "a.files/x.png", (2, 1): "a.files/y.png"})
    assert shown is not None
    first = f'a b \\] c d <img src="a.files/x.png" alt="e">\n\n```\n![f]({INLINE})\n```\n'
    behind = "\ng ![h](a.files/y.png)\n" if part == "pages" else ""
    assert shown.markdown() == first + behind
    assert shown.result(DOCUMENT).markdown == shown.markdown()
    assert INLINE in answer.markdown()
    if part == "pages":
        assert shown.result(DOCUMENT).pages[1].markdown == "g ![h](a.files/y.png)"


def test_pictures_are_shown_where_they_are_among_the_paragraphs() -> None:
    text = {"chunk_type": "text", "page_content": "said", "page_no": 1}
    figure = {"page_no": 1, "image_b64": base64.b64encode(PIXEL).decode()}
    answer = of_extractpage(figure, text, {"page_no": 1}, figure)

    shown = offered_illustration(answer, {(1, 0): "a.png", (1, 2): "c.png"})

    assert shown is not None
    assert shown.markdown() == "![page 1, picture 1](a.png)\n\nsaid\n\n![page 1, picture 3](c.png)"
    assert shown.result(DOCUMENT).pages[0].markdown == shown.markdown()
    assert answer.markdown() == "said"


def _no_output_refers_to_it(project: Project) -> None:
    spec = project.root / "jobs/job.yaml"
    spec.write_text(spec.read_text() + "".join(SINK.replace("FORM", form) for form in FORMATS))

    ended = project.call("apply", "--yes")

    assert ended.code == 0, ended.err
    made = {name: content.decode() for name, content in project.outputs("made").items()}
    assert len(made) == len(FORMATS)
    for name in ("markdown/a.txt.markdown", "html/a.txt.html"):
        assert "img_p0_1.png" not in made[name]
        assert "a chart" in made[name]
        assert "https://x.org/logo.png" in made[name]
    assert "a chart" in made["docling-json/a.txt.docling-json"]
    assert "pictures: the service refers to 1 picture that it did not give" in ended.err + ended.out


def test_outputs_of_extend_refer_to_no_picture_that_is_not_there(tmp_path: Path) -> None:
    with ExtendEmulator() as vendor:
        _no_output_refers_to_it(extend_project(tmp_path, vendor, documents={"in/a.txt": MARKDOWN}))


def test_outputs_of_llamacloud_refer_to_no_picture_that_is_not_there(tmp_path: Path) -> None:
    with LlamaCloud() as vendor:
        _no_output_refers_to_it(llamacloud_project(tmp_path, vendor, {"a.txt": MARKDOWN}))
