"""Presentations: what a person sees on the slides, in the order in which it is seen."""

import contextlib
from collections.abc import Mapping

import pytest

from docbatch.core.models import Failure, FailureClass
from docbatch.core.results import Attachment, Page
from docbatch.providers.local import attachments, blocks, engines
from docbatch.providers.local.engines import Json, Options, Parsed
from tests.providers.local import specimens
from tests.providers.local.slide_specimens import (
    TITLE,
    chart,
    frame,
    paragraph,
    part,
    pptx,
    relations,
    shape,
    slide,
    table,
)

SLIDES = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
OPTIONS = Options(ocr="off")


def extract(data: bytes, options: Options = OPTIONS) -> Parsed | Failure:
    with contextlib.closing(engines.load("slides")) as engine:
        return engine.extract(data, SLIDES, options)


def read(data: bytes, options: Options = OPTIONS) -> Parsed:
    found = extract(data, options)
    assert isinstance(found, Parsed), found
    for page in found.pages:
        Page.model_validate(page)
    for file in found.attachments:
        Attachment.model_validate(file)
    return found


def texts(found: Parsed) -> list[str]:
    return [page["text"] for page in found.pages]


def one(*shapes: str, more: Mapping[str, str | bytes] | None = None, attributes: str = "") -> Parsed:
    return read(pptx({"slide1": slide(*shapes, attributes=attributes)}, more))


def only(found: Parsed, role: str) -> list[str]:
    return [block["text"] for page in found.pages for block in page["blocks"] if block.get("role") == role]


def tables(found: Parsed) -> list[Json]:
    return [block for page in found.pages for block in page["blocks"] if block["kind"] == "table"]


def linked(kind: str, target: str) -> dict[str, str]:
    return {"ppt/slides/_rels/slide1.xml.rels": relations({"x1": (kind, target)})}


def test_slides_stand_in_the_order_of_showing() -> None:
    made = {f"slide{at}": slide(shape(f"SLIDE{at:02}", place=TITLE)) for at in range(1, 13)}
    found = read(pptx(made, listed=["slide12", *(f"slide{at}" for at in range(1, 12))]))
    assert texts(found) == ["SLIDE12", *(f"SLIDE{at:02}" for at in range(1, 12))]
    assert [page["number"] for page in found.pages] == list(range(1, 13))


def test_a_missing_slide_is_lost_and_the_rest_keep_their_numbers() -> None:
    made = {"slide1": slide(shape("one")), "slide3": slide(shape("three")), "slide4": "<broken"}
    found = read(pptx(made, listed=["slide1", "slide2", "slide3", "slide4"]))
    assert [(page["number"], page["text"]) for page in found.pages] == [(1, "one"), (3, "three")]
    assert found.lost[0] == "slide 2: the part is missing"
    assert found.lost[1].startswith("slide 4: it is not XML")


def test_without_a_list_slides_follow_their_numbers_and_that_is_said() -> None:
    made = {f"slide{at}": slide(shape(f"text {at}")) for at in (10, 9)}
    found = read(pptx(made, {"ppt/_rels/presentation.xml.rels": "<"}))
    assert texts(found) == ["text 9", "text 10"]
    assert "the list of slides cannot be read" in found.warnings[0]


def test_titles_come_first_and_columns_one_after_the_other() -> None:
    found = one(
        shape("right below", at=(500, 500, 300, 100)),
        shape("left", at=(0, 300, 300, 300)),
        shape("right above", at=(500, 310, 300, 100)),
        shape("Title", place=TITLE, at=(0, 0, 900, 100)),
        shape("at the foot", at=(0, 800, 900, 100)),
    )
    assert texts(found) == ["Title\n\nleft\n\nright above\n\nright below\n\nat the foot"]
    assert found.pages[0]["markdown"].startswith("## Title\n")


def test_cards_beside_each_other_are_read_as_their_maker_put_them() -> None:
    heads = [shape(f"head {at}", at=(at * 400, 100, 300, 100)) for at in range(3)]
    bodies = [shape(f"body {at}", at=(at * 400, 300, 300, 100)) for at in range(3)]
    by_column = one(*(each for pair in zip(heads, bodies, strict=True) for each in pair))
    assert texts(by_column)[0].split("\n\n") == ["head 0", "body 0", "head 1", "body 1", "head 2", "body 2"]
    by_row = one(*heads, *bodies)
    assert texts(by_row)[0].split("\n\n") == ["head 0", "head 1", "head 2", "body 0", "body 1", "body 2"]


def test_lists_nest_count_and_keep_their_breaks() -> None:
    found = one(
        shape(
            paragraph("plain"),
            paragraph("first\nsecond line", '<a:pPr><a:buAutoNum type="arabicPeriod" startAt="3"/></a:pPr>'),
            paragraph("inner", '<a:pPr lvl="1"><a:buChar char="•"/></a:pPr>'),
            paragraph("next", '<a:pPr><a:buAutoNum type="arabicPeriod"/></a:pPr>'),
            paragraph("lettered", '<a:pPr><a:buAutoNum type="alphaLcParenR"/></a:pPr>'),
        )
    )
    assert found.pages[0]["text"] == ("plain\n\n3. first\n  second line\n  - inner\n4. next\n- e) lettered")


def test_places_take_bullets_and_boxes_from_layout_and_master() -> None:
    body = '<p:ph type="body" idx="1"/>'
    master = part(
        "p:sldMaster",
        "<p:cSld><p:spTree/></p:cSld><p:txStyles><p:bodyStyle><a:lvl1pPr><a:buChar char='•'/></a:lvl1pPr>"
        "</p:bodyStyle></p:txStyles>",
    )
    layout = slide(shape("prompt", place=body, at=(0, 900, 100, 100)), root="sldLayout")
    found = one(
        shape("item", place=body),
        shape("above", at=(0, 100, 100, 100)),
        more={
            **linked("slideLayout", "../slideLayouts/l.xml"),
            "ppt/slideLayouts/l.xml": layout,
            "ppt/slideLayouts/_rels/l.xml.rels": relations({"m": ("slideMaster", "../slideMasters/m.xml")}),
            "ppt/slideMasters/m.xml": master,
        },
    )
    assert texts(found) == ["above\n\n- item"]


def test_what_a_layout_shows_on_its_slides_is_read_with_its_role() -> None:
    layout = slide(shape("ACME confidential", at=(0, 6500000, 100, 100000)), root="sldLayout")
    more = {**linked("slideLayout", "../slideLayouts/l.xml"), "ppt/slideLayouts/l.xml": layout}
    data = pptx({"slide1": slide(shape("word", at=(0, 0, 100, 100)))}, more)
    assert only(read(data), "footer") == ["ACME confidential"]
    assert texts(read(data, Options(ocr="off", running_lines="drop"))) == ["word"]


def test_headers_footers_and_numbers_have_their_roles() -> None:
    number = '<a:p><a:fld type="slidenum"><a:t>?</a:t></a:fld></a:p>'
    found = one(
        shape("foot", place='<p:ph type="ftr" idx="11"/>'),
        shape(number, place='<p:ph type="sldNum" idx="12"/>'),
        shape("3 May", place='<p:ph type="dt" idx="10"/>'),
        shape("body"),
    )
    assert only(found, "footer") == ["foot", "3 May"]
    assert only(found, "page_number") == ["1"]
    assert texts(found) == ["body\n\nfoot\n\n1\n\n3 May"]


def test_merged_cells_span_and_bars_in_cells_are_kept() -> None:
    found = one(
        frame(
            table(
                [("a | b", 'gridSpan="2"'), ("", 'hMerge="1"'), ("c", "")],
                [("d", 'rowSpan="99999999"'), ("e", ""), ("f\ng", "")],
                [("", 'vMerge="1"'), ("h", ""), ("i", "")],
            )
        )
    )
    cells = tables(found)[0]["cells"]
    assert cells[0] == {"row": 0, "column": 0, "text": "a | b", "column_span": 2}
    assert cells[2] == {"row": 1, "column": 0, "text": "d", "row_span": 2}
    assert found.pages[0]["markdown"].splitlines() == [
        "| a \\| b |  | c |",
        "| --- | --- | --- |",
        "| d | e | f<br>g |",
        "|  | h | i |",
    ]


def test_a_chart_stands_where_its_frame_is_as_a_table() -> None:
    found = one(
        shape("after", at=(0, 900, 100, 100)),
        frame('<c:chart r:id="x1"/>', at=(0, 500, 100, 100)),
        shape("before", at=(0, 100, 100, 100)),
        more={
            **linked("chart", "../charts/c.xml"),
            "ppt/charts/c.xml": chart(
                ["2023", "2024"], {"North": ["1.5", "2"], "South": ["0.1", "7"]}, "Sales"
            ),
        },
    )
    assert found.pages[0]["markdown"] == (
        "before\n\nSales\n\n|  | North | South |\n| --- | --- | --- |\n| 2023 | 1.5 | 0.1 |\n| 2024 | 2 | 7 |\n\nafter"
    )
    assert not found.lost


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "a chart: the part is missing"), ("<c", "a chart: it is not XML"), ("", "figures of a chart")],
)
def test_a_chart_that_cannot_be_read_is_lost(content: str | None, reason: str) -> None:
    made = chart(["a"], {"b": []}) if content == "" else content
    more = {**linked("chart", "../charts/c.xml"), **({"ppt/charts/c.xml": made} if made else {})}
    found = one(shape("text"), frame('<c:chart r:id="x1"/>'), more=more)
    assert texts(found)[0].startswith("text")
    assert [lost for lost in found.lost if reason in lost]


def test_a_diagram_is_a_list_within_lists() -> None:
    def point(name: str, text: str, kind: str = "node") -> str:
        return f'<dgm:pt modelId="{name}" type="{kind}"><dgm:t>{paragraph(text)}</dgm:t></dgm:pt>'

    pairs = (("0", "b", 1), ("0", "a", 0), ("a", "c", 0), ("c", "a", 0))
    joined = "".join(f'<dgm:cxn srcId="{a}" destId="{b}" srcOrd="{at}"/>' for a, b, at in pairs)
    points = (
        point("0", "", "doc")
        + point("b", "Ship")
        + point("a", "Pack")
        + point("c", "Weigh")
        + point("z", "Stray")
    )
    data = part("dgm:dataModel", f"<dgm:ptLst>{points}</dgm:ptLst><dgm:cxnLst>{joined}</dgm:cxnLst>")
    found = one(
        frame('<dgm:relIds r:dm="x1"/>'),
        more={**linked("diagramData", "../diagrams/d.xml"), "ppt/diagrams/d.xml": data},
    )
    assert texts(found) == ["- Pack\n  - Weigh\n- Ship\n- Stray"]


def test_notes_and_remarks_of_both_kinds_have_their_roles() -> None:
    old = part("p:cmLst", '<p:cm authorId="0"><p:text>Check 17</p:text></p:cm>')
    new = part(
        "p:cmLst",
        f'<p:cm authorId="9"><p:txBody>{paragraph("Why 18?")}</p:txBody><p:replyLst><p:reply authorId="0">'
        f"<p:txBody>{paragraph('Because')}</p:txBody></p:reply></p:replyLst></p:cm>",
    )
    related = {
        "n": ("notesSlide", "../notesSlides/n.xml"),
        "c": ("comments", "../comments/c.xml"),
        "d": ("comments", "../comments/d.xml"),
    }
    more: dict[str, str | bytes] = {
        "ppt/slides/_rels/slide1.xml.rels": relations(related),
        "ppt/notesSlides/n.xml": slide(
            shape("Say it slowly", place='<p:ph type="body"/>'),
            shape("7", place='<p:ph type="sldNum"/>'),
            root="notes",
        ),
        "ppt/comments/c.xml": old,
        "ppt/comments/d.xml": new,
        "ppt/_rels/presentation.xml.rels": relations(
            {"r0": ("slide", "slides/slide1.xml"), "a": ("commentAuthors", "authors.xml")}
        ),
        "ppt/authors.xml": part("p:cmAuthorLst", '<p:cmAuthor id="0" name="Ann"/>'),
    }
    found = one(shape("text"), more=more)
    assert only(found, "speaker_notes") == ["Say it slowly"]
    assert only(found, "comment") == ["Ann: Check 17", "Why 18?", "Ann: Because"]


def test_hidden_slides_and_shapes_are_read_and_marked() -> None:
    found = one(shape("secret", place=TITLE), attributes='show="0"')
    assert only(found, "hidden") == ["secret"]
    assert "hidden and read: slide 1" in found.warnings
    assert only(one(shape("seen"), shape("unseen", about='hidden="1"')), "hidden") == ["unseen"]


def test_a_file_inside_is_listed_with_its_content_and_a_broken_one_is_lost() -> None:
    related = {"x1": ("package", "../embeddings/a.xlsx"), "x2": ("oleObject", "../embeddings/b.bin")}
    found = one(
        shape("text"),
        frame('<p:oleObj r:id="x1" progId="Excel.Sheet.12"/>'),
        frame('<p:oleObj r:id="x2" progId="Other"/>'),
        more={
            "ppt/slides/_rels/slide1.xml.rels": relations(related),
            "ppt/embeddings/a.xlsx": specimens.xlsx(),
            "ppt/embeddings/b.bin": b"\x00\x01 nothing known",
        },
    )
    assert specimens.SENTENCE in found.attachments[0]["markdown"]
    assert [file["name"] for file in found.attachments] == ["a.xlsx", "b.bin"]
    said = attachments.markdown(found.attachments)
    assert said.startswith("## Attachment: a.xlsx\n\n## First\n\n| item | note |")
    assert specimens.SENTENCE in attachments.text(found.attachments)
    assert [lost for lost in found.lost if lost.startswith("slide 1 (Other): attachment b.bin:")]


def test_of_alternate_content_that_of_today_is_read_once() -> None:
    both = (
        f'<mc:AlternateContent><mc:Choice Requires="x">{shape("new 5")}</mc:Choice>'
        f"<mc:Fallback>{shape('new 5')}</mc:Fallback></mc:AlternateContent>"
    )
    assert texts(one(both)) == ["new 5"]


def test_text_whose_shape_nobody_knows_is_put_back_and_said() -> None:
    found = one(shape("known"), f"<p:later><p:txBody>{paragraph('42 pieces')}</p:txBody></p:later>")
    assert texts(found) == ["known\n\n42 pieces"]
    assert "42 pieces" in found.warnings[0]


def picture(text: str, size: int = 10) -> str:
    box = f'<a:xfrm><a:off x="0" y="0"/><a:ext cx="{size}" cy="{size}"/></a:xfrm>'
    about = f'<p:nvPicPr><p:cNvPr id="4" name="P" descr="{text}"/><p:nvPr/></p:nvPicPr>'
    return f"<p:pic>{about}<p:spPr>{box}</p:spPr></p:pic>"


def test_a_slide_that_is_a_picture_counts_as_unread() -> None:
    pictured, small = slide(picture("scan.png", 6_000_000)), slide(picture("logo.png"))
    data = pptx({"slide1": slide(shape("text")), "slide2": pictured, "slide3": small})
    assert list(read(data).unread) == [2]
    with_ocr = extract(pptx({"slide1": pictured}), Options(tessdata="there"))
    assert isinstance(with_ocr, Failure)
    assert with_ocr.kind is FailureClass.EMPTY


def test_pictures_say_what_a_person_wrote_of_them_and_refer_to_nothing() -> None:
    assert texts(one(picture("Map of the yard"), picture("image1.png"))) == ["Map of the yard"]


def in_groups(depth: int) -> str:
    return slide(shape("before"), "<p:grpSp><p:grpSpPr/>" * depth, shape("in a group"), "</p:grpSp>" * depth)


def test_groups_in_groups_are_read_and_those_without_end_are_lost() -> None:
    found = read(pptx({"slide1": in_groups(60), "slide2": in_groups(3000)}))
    assert texts(found) == ["before\n\nin a group"]
    assert found.lost == ["slide 2: its elements are nested too deeply"]


@pytest.mark.parametrize("kind", ["entity", "bomb"])
def test_a_slide_that_attacks_is_lost_and_the_others_are_read(kind: str) -> None:
    attacks = {
        "entity": '<!DOCTYPE x [<!ENTITY a "ha">]>' + slide(shape("&a;")),
        "bomb": slide(shape("x" + " " * (65 << 20))),
    }
    found = read(pptx({"slide1": attacks[kind], "slide2": slide(shape("fine"))}))
    assert texts(found) == ["fine"]
    assert found.lost[0].startswith("slide 1: it")


def test_the_engine_that_stands_by_says_every_word_too() -> None:
    assert engines.route(SLIDES, OPTIONS) == ("slides", "guarded")
    data = pptx(
        {
            "slide1": slide(
                shape("seen"), f"<p:later><p:txBody>{paragraph('unseen 4711')}</p:txBody></p:later>"
            )
        }
    )
    with contextlib.closing(engines.load("guarded")) as engine:
        found = engine.extract(data, SLIDES, OPTIONS)
    assert isinstance(found, Parsed)
    assert found.markdown is not None
    assert found.text is not None
    assert found.markdown.count("unseen 4711") == found.text.count("unseen 4711") == 1


def test_bytes_that_are_no_archive_are_corrupt() -> None:
    found = extract(b"PK\x03\x04 and no more")
    assert isinstance(found, Failure)
    assert found.kind is FailureClass.CORRUPT


def test_the_same_presentation_gives_the_same_answer() -> None:
    data = pptx({"slide1": slide(shape("b", at=(0, 5, 1, 1)), shape("a", at=(0, 0, 1, 1)))})
    assert read(data) == read(data)
    assert blocks.text(read(data).pages[0]["blocks"]) == "a\n\nb"


def test_an_exponent_on_a_slide_is_raised() -> None:
    runs = '<a:r><a:t>10</a:t></a:r><a:r><a:rPr baseline="30000"/><a:t>6</a:t></a:r><a:r><a:rPr baseline="-25000"/><a:t>2</a:t></a:r>'
    body = f"<p:sp><p:txBody><a:bodyPr/><a:p>{runs}</a:p></p:txBody></p:sp>"
    assert texts(one(body)) == ["10⁶2"]
