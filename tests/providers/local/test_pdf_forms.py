"""What was filled into a form stands beside its label, once."""

import pytest

from docbatch.providers.local.engines import Json, Options, Parsed
from docbatch.providers.local.pdf.liteparse_engine import LiteparseEngine
from tests.providers.local.drawn_pages import HEIGHT, DrawnPage, drawn

Box = tuple[float, float, float, float]


def field(kind: str, name: str, box: Box, more: str, flags: int = 4) -> str:
    """Return a field of a form and its widget; the box is x, y of the upper left corner, width and height."""
    x, y, width, height = box
    rect = f"[{x} {HEIGHT - y - height} {x + width} {HEIGHT - y}]"
    return f"<</Type/Annot/Subtype/Widget/FT/{kind}/T({name})/Rect{rect}/F {flags}/DA(/regular 10 Tf 0 g){more}>>"


def read(*pages: DrawnPage) -> Parsed:
    parsed = LiteparseEngine().extract(drawn(*pages), "application/pdf", Options(ocr="off"))
    assert isinstance(parsed, Parsed)
    assert not [warning for warning in parsed.warnings if "failed" in warning]
    return parsed


def filled(parsed: Parsed) -> list[str]:
    return [block["text"] for block in fields(parsed)]


def fields(parsed: Parsed) -> list[Json]:
    return [block for page in parsed.pages for block in page["blocks"] if block.get("role") == "form_field"]


def labelled(label: str, kind: str, more: str, flags: int = 4, *, name: str = "f1") -> DrawnPage:
    """Return a page with a label left of a field, and other words above and below."""
    page = (
        DrawnPage()
        .text(60, 60, "Application for a permit")
        .text(60, 120, label)
        .text(60, 200, "Sent by post")
    )
    page.annotations.append(field(kind, name, (160, 108, 200, 16), more, flags))
    return page


@pytest.mark.parametrize(
    ("kind", "more", "said"),
    [
        ("Tx", "/V(SMITHVALUE)", "SMITHVALUE"),
        ("Tx", "/V(Orl\xe9ans 45000)", "Orléans 45000"),
        ("Tx", "/Ff 4096/V(two dogs\\rand 1 cat)", "two dogs\nand 1 cat"),
        ("Tx", "/Ff 16777216/MaxLen 8/V(12345678)", "12345678"),
        ("Tx", "/Ff 1/V(read only 17)", "read only 17"),
        ("Ch", "/Ff 131072/Opt[(GERMANY)(FRANCE)]/V(FRANCE)", "FRANCE"),
        ("Ch", "/Ff 131072/Opt[[(de)(Germany)][(fr)(France)]]/V(fr)", "France"),
        ("Ch", "/Ff 2097152/Opt[(red)(green)(blue)]/V[(red)(blue)]/I[0 2]", "red, blue"),
        ("Btn", "/V/Yes/AS/Yes", "[x]"),
        ("Btn", "/V/Off/AS/Off", "[ ]"),
    ],
)
def test_a_value_stands_behind_the_label_left_of_it(kind: str, more: str, said: str) -> None:
    parsed = read(labelled("Label one:", kind, more))

    assert filled(parsed) == [f"Label one: {said}"]
    page = parsed.pages[0]
    assert page["text"].count(said) == 1
    assert page["markdown"].replace("  \n", "\n").count(said) == 1


@pytest.mark.parametrize(
    ("kind", "more", "flags"),
    [
        ("Tx", "/V(HIDDENVALUE)", 2),
        ("Tx", "/V(HIDDENVALUE)", 32),
        ("Tx", "/Ff 8192/V(HIDDENVALUE)", 4),
        ("Btn", "/Ff 65536/MK<</CA(HIDDENVALUE)>>", 4),
        ("Tx", "", 4),
        ("Tx", "/V( )", 4),
    ],
)
def test_what_nobody_sees_or_filled_in_is_not_shown(kind: str, more: str, flags: int) -> None:
    parsed = read(labelled("Label one:", kind, more, flags))

    assert filled(parsed) == []
    assert "HIDDENVALUE" not in parsed.pages[0]["markdown"]


def test_ticks_stand_before_the_words_right_of_them() -> None:
    page = DrawnPage().text(60, 60, "Consent")
    for at, (words, state) in enumerate((("I agree to the terms", "Yes"), ("Send me news", "Off"))):
        page.text(80, 120 + 20 * at, words)
        page.annotations.append(
            field("Btn", f"box{at}", (60, 110 + 20 * at, 12, 12), f"/V/{state}/AS/{state}")
        )

    assert filled(read(page)) == ["[x] I agree to the terms", "[ ] Send me news"]


def test_of_several_answers_the_chosen_one_is_marked() -> None:
    page = DrawnPage().text(60, 60, "How do you pay?")
    for at, words in enumerate(("by card", "in cash")):
        page.text(80, 120 + 20 * at, words)
        state = words.split()[-1] if at == 1 else "Off"
        page.annotations.append(
            field(
                "Btn",
                "way",
                (60, 110 + 20 * at, 12, 12),
                f"/Ff 49152/V/cash/AS/{state}/AP<</N<</{words.split()[-1]} null/Off null>>>>",
            )
        )

    assert filled(read(page)) == ["[ ] by card", "[x] in cash"]


def test_a_value_stands_behind_the_label_above_it() -> None:
    page = (
        DrawnPage()
        .text(60, 60, "Application")
        .text(60, 110, "Surname", size=7)
        .text(300, 110, "Town", size=7)
    )
    page.annotations += [
        field("Tx", "a", (60, 114, 200, 16), "/V(Lang)"),
        field("Tx", "b", (300, 114, 200, 16), "/V(Ulm)"),
    ]

    assert filled(read(page)) == ["Surname Lang", "Town Ulm"]


def test_fields_of_one_label_follow_each_other() -> None:
    page = DrawnPage().text(60, 60, "Application").text(60, 120, "Date:")
    page.annotations += [field("Tx", f"d{at}", (120 + 40 * at, 108, 36, 16), f"/V({value})") for at, value in enumerate(("31", "12", "2024"))]  # fmt: skip

    assert filled(read(page)) == ["Date: 31 12 2024"]


@pytest.mark.parametrize(
    ("more", "name"), [("", "order number"), ("/TU(Number of the order)", "Number of the order")]
)
def test_a_field_without_label_has_its_own_name(more: str, name: str) -> None:
    page = DrawnPage().text(60, 60, "Order").text(60, 700, "Thank you")
    page.annotations.append(field("Tx", "order number", (300, 400, 100, 16), f"/V(KX-4420){more}"))

    parsed = read(page)

    assert filled(parsed) == [f"{name}: KX-4420"]
    assert parsed.pages[0]["text"].split("\n\n") == ["Order", f"{name}: KX-4420", "Thank you"]


def test_a_page_of_fields_alone_is_read() -> None:
    page = DrawnPage()
    page.annotations.append(field("Tx", "town", (60, 100, 100, 16), "/V(Ulm)"))

    assert "town: Ulm" in read(page).pages[0]["markdown"]


def test_values_in_a_table_stand_in_their_cells() -> None:
    page = DrawnPage()
    for y in (100, 120, 140, 160):
        page.rule(60, y, 360, y)
    for x in (60, 160, 360):
        page.rule(x, 100, x, 160)
    for at, (label, value) in enumerate((("Surname", "Lang"), ("Town", "Ulm"), ("Country", "Peru"))):
        page.text(66, 114 + 20 * at, label)
        page.annotations.append(field("Tx", f"f{at}", (162, 102 + 20 * at, 190, 16), f"/V({value})"))

    markdown = read(page).pages[0]["markdown"]

    assert [line for line in markdown.split("\n") if "---" not in line] == [
        "| Surname | Lang |",
        "| Town | Ulm |",
        "| Country | Peru |",
    ]


def test_marks_of_markdown_in_a_value_are_only_signs() -> None:
    parsed = read(labelled("Formula:", "Tx", "/V(5*3*2)"))

    assert parsed.pages[0]["markdown"].count("5\\*3\\*2") == 1
    assert filled(parsed) == ["Formula: 5*3*2"]
