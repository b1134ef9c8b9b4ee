"""Figures that Extend cuts out and links to: fetched with the result, kept with it, and shown where they are."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from docbatch.core.results import DocumentInfo, offered_illustration, offered_pictures, offered_warnings
from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.providers.extend import answer as extend
from tests.cli.project import Project
from tests.sinks.links import shown

from .project import KEY, extend_project

PNG = b"\x89PNG\r\n\x1a\n"
RED, BLUE = PNG + b"red", PNG + b"blue"
DOCUMENT = DocumentInfo(path="a.pdf", sha256="0" * 64, size=1, media_type="application/pdf")
LINK = "https://b.s3.amazonaws.com/f.png?X-Amz-Signature=5ec2e7"
SINKS = "".join(
    f'  - {{type: files, path: "made/{form}/{{{{ doc.path }}}}.{form}", format: {form}}}\n'
    for form in ("html", "json", "docling-json")
)


def block(kind: str, content: str, page: int | None = 1, link: object = None) -> dict[str, Any]:
    where = {} if page is None else {"page": {"number": page}}
    details = {} if link is None else {"imageUrl": link}
    return {"type": kind, "content": content, "metadata": where, "details": details}


def parsed(*chunks: tuple[str, str, list[dict[str, Any]]], fetched: dict[str, bytes] | None = None) -> Any:
    """Read a run with chunks of a type, a content and blocks."""
    whole = [
        {
            "type": kind,
            "content": content,
            "metadata": {"pageRange": {"start": 1, "end": 1}},
            "blocks": blocks,
        }
        for kind, content, blocks in chunks
    ]
    run = {"object": "parse_run", "id": "pr_1", "output": {"chunks": whole}}
    kept = (
        None if fetched is None else {name: base64.b64encode(each).decode() for name, each in fetched.items()}
    )
    return extend.read(extend.payload(run, kept))


@pytest.mark.parametrize("kind", ["page", "document"])
def test_a_figure_stands_above_its_words_and_one_without_words_behind_what_is_before_it(kind: str) -> None:
    blocks = [
        block("heading", "# Sums"),
        block("figure", "Sums rise", link=LINK),
        block("text", "They rise."),
        block("barcode", "", link=LINK),
        block("text", "The end"),
    ]
    answer = parsed(
        (kind, "# Sums\n\nSums rise\n\nThey rise.\n\nThe end", blocks), fetched={"2": RED, "4": BLUE}
    )

    assert [(each.page, each.place, each.content) for each in offered_pictures(answer)] == [
        (1, 0, RED),
        (1, 1, BLUE),
    ]
    drawn = offered_illustration(answer, {(1, 0): "a/r.png", (1, 1): "a/b.png"})
    assert drawn is not None
    found = "# Sums\n\n![page 1, picture 1](a/r.png)\n\nSums rise\n\nThey rise.\n\n![page 1, picture 2](a/b.png)\n\nThe end"
    assert drawn.markdown() == found
    result = drawn.result(DOCUMENT)
    assert (
        (result.markdown, result.pages[0].markdown) == (found, found)
        if kind == "page"
        else (found, found.replace("b.png)\n\n", "b.png)\n\n\n\n"))
    )
    assert result.text == answer.text() == "Sums\n\nSums rise\n\nThey rise.\n\nThe end"
    assert "picture" not in result.pages[0].text
    assert answer.markdown() == "# Sums\n\nSums rise\n\nThey rise.\n\nThe end"
    assert list(offered_warnings(answer)) == []
    assert "pictures" not in result.raw


def test_a_link_of_the_service_s_in_the_markdown_itself_is_where_the_figure_is_shown() -> None:
    content = f"a\n\n![chart]({LINK})\n\nb"
    blocks = [block("text", "a"), block("figure", f"![chart]({LINK})", link=LINK), block("text", "b")]

    answer = parsed(("page", content, blocks), fetched={"2": RED})
    drawn = offered_illustration(answer, {(1, 0): "a/r.png"})

    assert drawn is not None
    assert drawn.markdown() == "a\n\n![chart](a/r.png)\n\nb"
    assert answer.markdown() == parsed(("page", content, blocks)).markdown() == "a\n\nchart\n\nb"
    (told,) = offered_warnings(parsed(("page", content, blocks), fetched={}))
    assert told.startswith("pictures: 1 picture that the service links to could not be fetched")


def test_a_figure_on_no_page_is_shown_at_its_place_in_the_text() -> None:
    answer = parsed(
        ("document", "a", [block("text", "a", None), block("figure", "", None, LINK)]), fetched={"2": RED}
    )

    drawn = offered_illustration(answer, {(0, 0): "a/r.png"})
    assert drawn is not None
    assert drawn.markdown() == "a\n\n![page 0, picture 1](a/r.png)"


def test_what_is_no_picture_is_none_and_told() -> None:
    blocks = [block("figure", "a", link=LINK), block("figure", "b", link=7), block("figure", "c")]
    answer = parsed(("page", "a\n\nb\n\nc", blocks), fetched={"1": b"<svg/>", "2": RED, "3": RED})

    assert list(offered_pictures(answer)) == []
    (told,) = offered_warnings(answer)
    assert told.startswith("pictures: 1 picture that the service links to")
    assert list(offered_warnings(parsed(("page", "a", blocks)))) == []


def test_words_that_are_never_found_cost_no_more_than_their_surroundings() -> None:
    many = [block("figure", "never there", link=LINK) for _ in range(5000)]
    content = "a\n\n" * 500_000

    answer = parsed(("page", content, many), fetched={"1": RED})
    drawn = offered_illustration(answer, {(1, 0): "a/r.png"})

    assert drawn is not None
    assert drawn.markdown().startswith("![page 1, picture 1](a/r.png)\n\na\n\na")


@pytest.fixture
def vendor() -> Iterator[ExtendEmulator]:
    with ExtendEmulator() as vendor:
        vendor.pictures = {"one.txt": [RED, BLUE, RED], "two.txt": [None]}
        yield vendor


def _with_sinks(project: Project) -> Project:
    spec = project.root / "jobs/job.yaml"
    spec.write_text(spec.read_text() + SINKS)
    return project


def _asked(vendor: ExtendEmulator) -> list[Any]:
    return [each for each in vendor.requests if each.path.startswith("/figures/") or "/figures/" in each.path]


@pytest.mark.parametrize("version", ["", "    api_version: '2025-04-21'\n"])
def test_figures_lie_beside_outputs_and_are_asked_for_once(
    tmp_path: Path, vendor: ExtendEmulator, version: str
) -> None:
    project = _with_sinks(extend_project(tmp_path, vendor))
    settings = project.root / "docbatch.yaml"
    settings.write_text(settings.read_text() + version)

    ended = project.call("apply", "--yes")

    assert ended.code == 0, ended.err
    assert "pictures: 1 picture that the service links to could not be fetched" in ended.err + ended.out
    outputs = ("out/one.txt.md", "made/html/one.txt.html", "made/json/one.txt.json")
    for output in outputs:
        assert shown(project.root / output) == [RED, BLUE, RED]
    assert ".files/" not in (project.root / "out/two.txt.md").read_text()
    assert not (project.root / "out/two.txt.md.files").exists()
    asked = _asked(vendor)
    assert len(asked) == 4
    assert not any(KEY in str(each.headers) for each in asked)
    vendor.blobs.clear()
    (project.root / outputs[0]).unlink()
    project.applied()
    assert shown(project.root / outputs[0]) == [RED, BLUE, RED]
    assert len(_asked(vendor)) == 4
    assert b"X-Amz-Signature" not in b"".join(
        path.read_bytes()
        for path in project.root.rglob("*")
        if path.is_file() and path.suffix in {".json", ".md"}
    )
    assert json.loads((project.root / outputs[2]).read_text())["pictures"][0]["page"] == 1


@pytest.mark.parametrize(
    "link",
    [
        "https://x.org/a.png",
        "http://169.254.169.254/latest",
        "https://extend.ai.x.org/a",
        "file:///etc/passwd",
    ],
)
def test_figures_elsewhere_are_not_asked_for(tmp_path: Path, vendor: ExtendEmulator, link: str) -> None:
    vendor.pictures, vendor.own_links = {}, [link]
    project = extend_project(tmp_path, vendor, documents={"in/a.txt": "apple"})

    ended = project.call("apply", "--yes")

    assert ended.code == 0
    assert "pictures: 1 picture that the service links to could not be fetched" in ended.err + ended.out
    assert "apple" in (project.root / "out/a.txt.md").read_text()
