"""Rich text: its characters, and what is shown of it, in place."""

import pytest

from docbatch.core.models import FailureClass
from tests.providers.local.office_specimens import RTF, cells, failed, lines, markdown, read, roles, rows

_FONTS = (
    r"{\fonttbl{\f0\fcharset0 Times;}{\f1\fcharset204 Cyr;}{\f2\fcharset128 Mincho;}{\f3\fcharset2 Symbol;}}"
)
_STYLES = r"{\stylesheet{\s0 Normal;}{\s1\b heading 1;}{\s2 heading 2;}}"


def rtf(body: str, head: str = r"\ansi\ansicpg1252") -> bytes:
    return (rf"{{\rtf1{head}\deff0{_FONTS}{_STYLES}" + body + "}").encode("latin-1")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (r"Gr\'f6\'dfe", "Größe"),
        (r"{\f1 \'cf\'f0\'e8}", "При"),
        (r"{\f2 \'93\'fa\'96\'7b}", "日本"),
        (r"{\f3 a}", "\N{GREEK SMALL LETTER ALPHA}"),
        (r"\u8364? \u8364\'80 {\uc0\u8364}5 {\uc2\u26085 ??\u26412 ??}", "€ € €5 日本"),
        (r"\u-10179?\u-8704?", "😀"),
        (r"a\emdash b\~c\_d\-e \ldblquote q\rdblquote", "a—b\u00a0c\u2011de “q”"),
        (r"\{x\} \\", "{x} \\"),
        (r"a{\*\novelty hidden}b{\upr{c}{\*\ud{d}}}", "abd"),
        (r"{\field{\*\fldinst PAGE}{\fldrslt 4}}", "4"),
        (r"{\field{\*\fldinst FORMCHECKBOX{\*\formfield{\fftype1\ffres1}}}{\fldrslt }} yes", "☒ yes"),
        (r"a{\deleted b}c", "ac"),
        (r"10{\super 6} m{\super st}x\super 2\nosupersub 3", "10⁶ mstx²3"),
    ],
)
def test_characters_are_those_that_are_shown(body: str, said: str) -> None:
    assert lines(read(rtf(body + r"\par"), RTF)) == [said]


def test_the_documents_own_code_page_is_used_where_no_font_says_better() -> None:
    data = rb"{\rtf1\ansi\ansicpg1250{\fonttbl{\f0\fcharset0 Times;}}\f0 \'e8as\par}"
    assert lines(read(data, RTF)) == ["čas"]
    assert lines(read(rtf(r"{\f0 caf\'e9}\par", r"\ansi\ansicpg1251"), RTF)) == ["café"]


def test_running_lines_notes_and_boxes_have_their_place() -> None:
    body = (
        r"{\header ACME\par}{\footer page 1\par}{\headerf ACME\par}Said{\footnote\pard{\chftn} below}{\*\atnauthor Ada}{\*\annotation why}\par "
        r"Box{\shp{\*\shpinst{\sp{\sn x}{\sv 1}}{\shptxt inside\par}}{\shprslt{\*\do\dptxbxtext inside}}}\par After\par"
    )
    document = read(rtf(body), RTF)
    assert lines(document) == [
        "ACME", "Said[1][comment 1]", "[1] below", "[comment 1] Ada: why", "Box", "inside", "After", "page 1",
    ]  # fmt: skip
    assert [role for role, _ in roles(document)] == ["header", "note", "comment", "footer"]
    assert "Said[^1][^comment-1]\n\n[^1]: below" in markdown(document)


def test_headings_lists_looks_and_links() -> None:
    body = (
        r"\pard\s1 Title\par\pard\s2 Part\par\pard{\listtext 1.\tab}one\par\pard\ilvl1{\listtext\f3\'b7\tab}dot\par"
        r"\pard go {\b now} {\field{\*\fldinst HYPERLINK \"https://example.org/\"}{\fldrslt there}}\par"
    ).replace(r"\"", '"')
    document = read(rtf(body), RTF)
    assert (
        markdown(document)
        == "# Title\n\n## Part\n\n1. one\n   - dot\n\ngo **now** [there](https://example.org/)"
    )


def test_tables_keep_their_rows_and_spans() -> None:
    row = r"\trowd{}\cellx1000{}\cellx2000\pard\intbl {}\cell {}\cell\row "
    body = row.format("", "", "a", "b") + row.format(r"\clmgf", r"\clmrg", "wide", "") + r"\pard after\par"
    document = read(rtf(body), RTF)
    assert lines(document)[-1] == "after"
    assert rows(document) == [[["a", "b"], ["wide"]]]
    assert cells(document)[-1] == {"row": 1, "column": 0, "text": "wide", "column_span": 2}


def test_hidden_text_is_marked_and_information_is_no_text() -> None:
    document = read(rtf(r"{\info{\title Plan}{\author Ada}}seen {\v unseen}\par"), RTF)
    assert lines(document) == ["seen", "[hidden] unseen"]
    assert document.metadata == {"title": "Plan", "authors": ["Ada"]}


def test_a_document_that_breaks_off_is_partial() -> None:
    assert read(rtf(r"begun\par and")[:-1], RTF).lost
    assert failed(b"{\\rt", RTF) is FailureClass.CORRUPT


def test_pictures_alone_are_unread() -> None:
    assert list(read(rtf(r"{\pict\pngblip 8950}"), RTF).unread) == [1]
    assert lines(read(rtf(r"a{\pict\bin4 {}{}b}c\par"), RTF)) == ["ac"]


def test_groups_without_end_are_bounded() -> None:
    assert lines(read(rtf("{" * 200_000 + "core"), RTF)) == ["core"]


def test_signs_are_those_of_the_font_that_the_document_names() -> None:
    data = (
        rb"{\rtf1\ansi{\fonttbl{\f0\fcharset0 Times;}{\f6\fcharset2 Wingdings;}}{\f6\'fc}{\f6\u-3844?}\par}"
    )
    assert lines(read(data, RTF)) == ["✓✓"]


def test_cells_stand_by_where_they_end() -> None:
    body = (
        r"\trowd\cellx2000\cellx3000\intbl wide\cell c\cell\row"
        r"\trowd\cellx1000\cellx2010\cellx3000\intbl 1\cell 2\cell 3\cell\row\pard"
    )
    found = cells(read(rtf(body), RTF))
    assert [(each["column"], each.get("column_span", 1), each["text"]) for each in found] == [
        (0, 2, "wide"), (2, 1, "c"), (0, 1, "1"), (1, 1, "2"), (2, 1, "3"),
    ]  # fmt: skip


def test_a_table_in_a_cell_leaves_the_cells_around_it_alone() -> None:
    inner = r"\itap2 x\nestcell{\*\nesttableprops\trowd\cellx500\nestrow}"
    body = (
        rf"\trowd\cellx2000\cellx3000\intbl wide\cell c\cell\row"
        rf"\trowd\cellx1000\cellx2000\cellx3000\intbl {inner}\pard\intbl 1\cell 2\cell 3\cell\row\pard"
    )
    assert [each["column"] for each in cells(read(rtf(body), RTF))] == [0, 2, 0, 1, 2]


def test_the_marker_of_an_item_ends_neither_its_heading_nor_its_cell() -> None:
    marker = r"{\listtext\pard\plain 1.\tab}"
    assert markdown(read(rtf(rf"\pard\s1{marker}Title\par"), RTF)) == "# 1. Title"
    table = rf"\trowd\cellx1000\cellx2000\pard\intbl{marker}item\par\pard\intbl{marker}last\cell x\cell\row\pard after\par"
    document = read(rtf(table), RTF)
    assert lines(document)[-1] == "after"
    assert [each["text"] for each in cells(document)] == ["1. item\n1. last", "x"]
