"""Pictures of outputs: files beside them or bytes in them, whatever the service says they are."""

import json
from hashlib import sha256

import pytest
from docling_core.types.doc.document import DoclingDocument

from docbatch.core.results import Block, Picture
from docbatch.sinks.formats import illustrated, pictures
from docbatch.sinks.formats.pictures import Illustrated, PictureFile, pack, unpack
from docbatch.sinks.kind import Form
from docbatch.sinks.picture_modes import folder_for

from .made_results import Answered, page, result

PNG = b"\x89PNG\r\n\x1a\n"
RED, BLUE = PNG + b"red", PNG + b"blue"
NAMES = [
    f"page-1-picture-1-{sha256(RED).hexdigest()[:16]}.png",
    f"page-2-picture-1-{sha256(BLUE).hexdigest()[:16]}.png",
]
ANSWER = Answered(
    result(
        "one\n\ntwo",
        pages=(
            page(1, Block(kind="image", text="A chart"), markdown="one", text="one"),
            page(2, markdown="two", text="two"),
        ),
    ),
    (
        Picture(1, 0, "image/png", RED, 2, 1),
        Picture(2, 0, "image/jpeg", BLUE),
        Picture(2, 1, "image/png", RED),
    ),
)
FOLDER = folder_for(b"out/a b.md", "beside")


def made(form: Form, folder: str | None = FOLDER, answer: Answered = ANSWER) -> Illustrated:
    return illustrated(answer, answer.of.document, form, folder)


def answer_with(*shown: Picture) -> Answered:
    return Answered(result("a", pages=(page(1, markdown="a"),)), shown)


def test_markdown_shows_pictures_below_their_pages_and_equal_ones_are_one_file() -> None:
    output = made("markdown")

    assert output.content.decode() == (
        f"one\n\n![page 1, picture 1](a%20b.md.files/{NAMES[0]})\n\ntwo\n\n"
        f"![page 2, picture 1](a%20b.md.files/{NAMES[1]})\n\n![page 2, picture 2](a%20b.md.files/{NAMES[0]})\n"
    )
    assert output.pictures == (PictureFile(NAMES[0], RED), PictureFile(NAMES[1], BLUE))
    assert output.remark is None


def test_pages_that_are_not_all_of_a_document_have_its_pictures_behind_it() -> None:
    whole = Answered(result("whole", pages=(page(1, markdown="one"),)), (Picture(1, 0, "image/png", RED),))

    assert made("markdown", answer=whole).content.decode() == (
        f"whole\n\n![page 1, picture 1](a%20b.md.files/{NAMES[0]})\n"
    )


def test_json_lists_what_lies_beside_it_and_its_markdown_links_to_it() -> None:
    said = json.loads(made("json").content)

    assert [(each["page"], each["place"], each["link"], each["width"]) for each in said["pictures"]] == [
        (1, 0, f"a%20b.md.files/{NAMES[0]}", 2),
        (2, 0, f"a%20b.md.files/{NAMES[1]}", None),
        (2, 1, f"a%20b.md.files/{NAMES[0]}", None),
    ]
    assert f"](a%20b.md.files/{NAMES[1]})" in said["markdown"]
    assert f"](a%20b.md.files/{NAMES[1]})" in said["pages"][1]["markdown"]
    assert json.loads(made("json", "").content)["pictures"] == []


def test_a_docling_document_names_the_path_of_a_picture() -> None:
    document = DoclingDocument.model_validate_json(made("docling-json").content)

    (shown,) = document.pictures
    assert shown.image is not None
    assert str(shown.image.uri) == f"a b.md.files/{NAMES[0]}"


@pytest.mark.parametrize("form", ["markdown", "html", "json", "docling-json"])
def test_without_pictures_nothing_shows_or_names_one(form: Form) -> None:
    output = made(form, None)

    assert output.pictures == ()
    assert b"picture 1" not in output.content
    assert b"data:" not in output.content.replace(b"img-src data:", b"")


@pytest.mark.parametrize("form", ["text", "csv", "line"])
def test_formats_that_show_no_picture_have_none_beside_them(form: Form) -> None:
    assert made(form).pictures == ()


def test_a_page_shows_what_lies_beside_it_and_a_link_where_browsers_show_nothing() -> None:
    tiff = b"II*\0rest"
    output = made("html", answer=answer_with(Picture(1, 0, "image/png", RED), Picture(1, 1, "x", tiff)))
    page_1 = output.content.decode()

    assert f'<img src="a%20b.md.files/{NAMES[0]}" alt="page 1, picture 1">' in page_1
    assert (
        f'<a href="a%20b.md.files/{output.pictures[1].name}" rel="noopener noreferrer">page 1, picture 2</a>'
        in page_1
    )
    assert "img-src data: 'self' file:;" in page_1
    assert output.pictures[1].name.endswith(".tiff")


def test_documents_show_no_file_by_naming_one() -> None:
    hostile = Answered(
        result("![x](other.png) <img src='picture:9.9'> ![y](../../etc/passwd)", pages=()),
        (Picture(1, 0, "", RED),),
    )

    assert made("html", answer=hostile).content.count(b"<img") == 1


@pytest.mark.parametrize(
    "content", [b"<svg onload=x>", b"<!doctype html>", b"", b"%PDF-1.7", b"\x7fELF", b"GIF8", b"BM\0\0"]
)
def test_what_is_no_picture_is_not_written_whatever_it_is_called(content: bytes) -> None:
    output = made("markdown", answer=answer_with(Picture(1, 0, "image/png", content), Picture(1, 1, "", RED)))

    assert [each.content for each in output.pictures] == [RED]
    assert output.remark == "1 picture is not shown: too many, too large, or no picture of a known kind"


def test_pictures_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MOST_PICTURES", 3)
    monkeypatch.setattr(pictures, "MOST_BYTES", 40)
    shown = [Picture(1, place, "image/png", PNG + b"%d" % place) for place in range(5)]

    output = made("markdown", answer=answer_with(Picture(2, 0, "image/png", PNG + b"x" * 40), *shown))

    assert [each.content for each in output.pictures] == [PNG + b"0", PNG + b"1", PNG + b"2"]
    assert output.remark is not None
    assert output.remark.startswith("3 pictures are not shown")


def test_all_pictures_of_a_document_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MOST_OF_ALL", 20)

    assert len(made("markdown").pictures) == 1


def test_a_place_that_is_named_twice_or_is_none_counts_once() -> None:
    odd = answer_with(
        Picture(1, 0, "", RED), Picture(1, 0, "", BLUE), Picture(-1, 0, "", BLUE), Picture(1, -1, "", BLUE)
    )

    assert [each.content for each in made("markdown", answer=odd).pictures] == [RED]


@pytest.mark.parametrize("output", [made("markdown"), made("text"), Illustrated(b"", (), "a remark")])
def test_what_another_process_made_arrives_as_it_was(output: Illustrated) -> None:
    assert unpack(pack(output)) == output


def test_a_page_whose_number_is_too_long_for_a_name_has_no_picture_of_its_own() -> None:
    output = made(
        "markdown",
        answer=answer_with(Picture(10**300, 0, "image/png", RED), Picture(1, 0, "image/png", BLUE)),
    )

    assert [each.content for each in output.pictures] == [BLUE]
    assert output.remark == "1 picture is not shown: too many, too large, or no picture of a known kind"


def test_a_docling_document_shows_a_picture_that_says_its_own_size() -> None:
    picture = PNG + b"\0\0\0\rIHDR" + (3).to_bytes(4, "big") + (2).to_bytes(4, "big")
    answer = Answered(
        result("a", pages=(page(1, Block(kind="image", text=""), markdown="a"),)),
        (Picture(1, 0, "image/png", picture),),
    )

    document = DoclingDocument.model_validate_json(made("docling-json", answer=answer).content)

    (shown,) = document.pictures
    assert shown.image is not None
    assert (shown.image.size.width, shown.image.size.height) == (3, 2)
