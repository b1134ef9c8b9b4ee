"""Word documents: what a reader sees is in text, Markdown and blocks; what cannot be read is named."""

import pytest

from docbatch.core.models import Failure, FailureClass
from docbatch.providers.local.engines import Options, Parsed
from tests.providers.local import specimens
from tests.providers.local.office_specimens import (
    WORD,
    attempt,
    cells,
    docx,
    failed,
    lines,
    markdown,
    paragraph,
    read,
    roles,
    root,
    rows,
    run,
)


def words(body: str, parts: dict[str, str | bytes] | None = None) -> list[str]:
    return lines(read(docx(body, parts), WORD))


def numbered(*levels: tuple[str, str], number: str = "") -> dict[str, str | bytes]:
    inner = "".join(
        f'<w:lvl w:ilvl="{at}"><w:start w:val="1"/><w:numFmt w:val="{kind}"/><w:lvlText w:val="{text}"/></w:lvl>'
        for at, (kind, text) in enumerate(levels)
    )
    lists = f'<w:abstractNum w:abstractNumId="0">{inner}</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    return {"numbering:numbering.xml": root("numbering", lists + number)}


def place(level: int, number: int = 1) -> str:
    return f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>'


HEADING = {
    "styles:styles.xml": root(
        "styles",
        '<w:style w:type="paragraph" w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>'
        '<w:style w:type="paragraph" w:styleId="Own"><w:name w:val="Own"/><w:basedOn w:val="berschrift1"/></w:style>',
    )
}


def test_headers_and_footers_stand_once_around_the_body() -> None:
    reference = '<w:{0}Reference w:type="{1}" r:id="{2}"/>'
    first = "".join(
        reference.format(*each) for each in (("header", "first", "header1"), ("header", "default", "header2"))
    )
    second = "".join(
        reference.format(*each) for each in (("header", "default", "header2"), ("footer", "even", "footer"))
    )
    body = (
        paragraph("one", f"<w:sectPr>{first}</w:sectPr>")
        + paragraph("two")
        + f"<w:sectPr>{second}</w:sectPr>"
    )
    document = read(
        docx(
            body,
            {
                "header1:h1.xml": root("hdr", paragraph("Title page")),
                "header2:h2.xml": root("hdr", paragraph("ACME Ltd")),
                "footer:f.xml": root("ftr", paragraph("Ref 12345")),
            },
        ),
        WORD,
    )
    assert lines(document) == ["Title page", "ACME Ltd", "one", "two", "Ref 12345"]
    assert roles(document) == [("header", "Title page"), ("header", "ACME Ltd"), ("footer", "Ref 12345")]
    assert markdown(document).split("\n\n") == lines(document)


def test_marks_and_notes_have_one_name() -> None:
    marks = '<w:r><w:footnoteReference w:id="7"/></w:r><w:r><w:endnoteReference w:id="2"/></w:r><w:r><w:commentReference w:id="0"/></w:r>'
    parts: dict[str, str | bytes] = {
        "footnotes:footnotes.xml": root(
            "footnotes", f'<w:footnote w:id="7">{paragraph("below")}</w:footnote>'
        ),
        "endnotes:endnotes.xml": root("endnotes", f'<w:endnote w:id="2">{paragraph("behind")}</w:endnote>'),
        "comments:comments.xml": root(
            "comments", f'<w:comment w:id="0" w:author="Ada">{paragraph("beside")}</w:comment>'
        ),
    }
    document = read(docx(f"<w:p>{run('Said')}{marks}</w:p>{paragraph('After')}", parts), WORD)
    assert markdown(document).split("\n\n") == [
        "Said[^1][^i][^comment-1]", "[^1]: below", "[^i]: behind", "[^comment-1]: Ada: beside", "After",
    ]  # fmt: skip
    assert lines(document)[0] == "Said[1][i][comment 1]"
    assert roles(document) == [
        ("note", "[1] below"),
        ("note", "[i] behind"),
        ("comment", "[comment 1] Ada: beside"),
    ]


def test_tracked_changes_are_read_as_accepted_and_said() -> None:
    body = (
        f"<w:p>{run('Pay ')}<w:ins>{run('30')}</w:ins><w:del><w:r><w:delText>60</w:delText></w:r></w:del>{run(' days')}</w:p>"
        f"<w:moveFrom>{paragraph('gone')}</w:moveFrom><w:p><w:moveTo>{run('come')}</w:moveTo></w:p>"
        f"<w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr>{run('joined ')}</w:p>{paragraph('lines')}"
    )
    document = read(docx(body), WORD)
    assert lines(document) == ["Pay 30 days", "come", "joined lines"]
    assert "tracked changes" in " ".join(document.warnings)


def test_a_text_box_is_said_once_and_behind_its_paragraph() -> None:
    box = f"<w:txbxContent>{paragraph('Gate 7')}</w:txbxContent>"
    choice = f'<mc:Choice Requires="wps"><w:drawing><wp:inline><wps:txbx>{box}</wps:txbx></wp:inline></w:drawing></mc:Choice>'
    fallback = f"<mc:Fallback><w:pict><v:shape><v:textbox>{box}</v:textbox></v:shape></w:pict></mc:Fallback>"
    body = f"<w:p>{run('Before')}<w:r><mc:AlternateContent>{choice}{fallback}</mc:AlternateContent></w:r></w:p>{paragraph('Then')}"
    assert words(body) == ["Before", "Gate 7", "Then"]


def test_a_chart_is_its_figures_and_a_diagram_its_words() -> None:
    def series(name: str, value: str) -> str:
        def points(kind: str, said: str) -> str:
            return (
                f'<c:{kind}><c:x><c:cache><c:pt idx="0"><c:v>{said}</c:v></c:pt></c:cache></c:x></c:{kind}>'
            )

        return f"<c:ser>{points('tx', name)}{points('cat', 'Köln')}{points('val', value)}</c:ser>"

    drawing = "<w:r><w:drawing><wp:inline>{}</wp:inline></w:drawing></w:r>"
    inner = ('<c:chart r:id="chart"/>', '<dgm:relIds r:dm="diagramData"/>')
    body = f"<w:p>{''.join(map(drawing.format, inner))}</w:p>"
    space = root("x", f"<c:chart>{series('2022', '310')}{series('2023', '355')}</c:chart>")
    point = '<dgm:pt modelId="{0}"><dgm:t><a:p><a:r><a:t>{1}</a:t></a:r></a:p></dgm:t></dgm:pt>'
    data = root(
        "x",
        f"<dgm:ptLst>{point.format(1, 'Plan')}{point.format(2, 'Act')}</dgm:ptLst>"
        '<dgm:cxnLst><dgm:cxn srcId="1" destId="2" srcOrd="0"/></dgm:cxnLst>',
    )
    document = read(docx(body, {"chart:chart.xml": space, "diagramData:data.xml": data}), WORD)
    assert rows(document) == [[["", "2022", "2023"], ["Köln", "310", "355"]]]
    assert lines(document)[-2:] == ["- Plan", "  - Act"]


def test_dates_along_a_chart_are_dates_and_figures_it_does_not_keep_are_named() -> None:
    point = '<c:pt idx="0"><c:v>{}</c:v></c:pt>'
    dates = f"<c:cat><c:numRef><c:numCache><c:formatCode>yyyy-mm-dd</c:formatCode>{point.format(45000)}</c:numCache></c:numRef></c:cat>"
    kept = f"<c:val><c:numRef><c:numCache>{point.format(3)}</c:numCache></c:numRef></c:val>"
    drawing = '<w:p><w:r><w:drawing><wp:inline><c:chart r:id="chart"/></wp:inline></w:drawing></w:r></w:p>'
    series = "<c:ser><c:tx><c:v>sold</c:v></c:tx>{}</c:ser>"
    whole = docx(drawing, {"chart:chart.xml": root("x", series.format(dates + kept))})
    assert rows(read(whole, WORD)) == [[["", "sold"], ["2023-03-15", "3"]]]
    bare = read(docx(drawing, {"chart:chart.xml": root("x", series.format(dates))}), WORD)
    assert list(bare.lost) == ["figures of a chart are not kept in it"]


@pytest.mark.parametrize(
    ("inner", "said"),
    [
        ("<w:sdt><w:sdtPr><w:dropDownList/></w:sdtPr><w:sdtContent>" + run("Blue") + "</w:sdtContent></w:sdt>", "Blue"),
        ('<w:sdt><w:sdtPr><w14:checkbox><w14:checked w14:val="1"/></w14:checkbox></w:sdtPr></w:sdt>', "☒"),
        (('<w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:checkBox><w:default w:val="0"/></w:checkBox></w:ffData></w:fldChar></w:r>'
         '<w:r><w:fldChar w:fldCharType="end"/></w:r>'), "☐"),
        ('<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> PAGE </w:instrText></w:r>'
         '<w:r><w:fldChar w:fldCharType="separate"/></w:r>' + run("4") + '<w:r><w:fldChar w:fldCharType="end"/></w:r>', "4"),
        ('<w:fldSimple w:instr=" DATE ">' + run("3 May") + "</w:fldSimple>", "3 May"),
        ('<w:r><w:sym w:font="Wingdings" w:char="F0FE"/></w:r>', "☑"),
        ("<w:r><w:t>a</w:t><w:noBreakHyphen/><w:t>b</w:t><w:softHyphen/><w:t>c</w:t><w:tab/><w:t>d</w:t></w:r>", "a\u2011bc\td"),
        ("<m:oMath><m:f><m:num><m:r><m:t>a+b</m:t></m:r></m:num><m:den><m:r><m:t>c</m:t></m:r></m:den></m:f></m:oMath>", "(a+b)/c"),
        ("<w:smartTag><w:dir><w:bdo>" + run("wrapped") + "</w:bdo></w:dir></w:smartTag>", "wrapped"),
        ("<w:r><w:ruby><w:rt>" + run("kan") + "</w:rt><w:rubyBase>" + run("漢") + "</w:rubyBase></w:ruby></w:r>", "漢(kan)"),
    ],
)  # fmt: skip
def test_what_stands_in_a_line_is_read_as_it_is_shown(inner: str, said: str) -> None:
    assert words(f"<w:p>{run('x ')}{inner}</w:p>") == [f"x {said}"]


def test_lists_and_headings_have_the_numbers_that_are_shown() -> None:
    style = '<w:pStyle w:val="Own"/>'
    body = "".join(
        [
            paragraph("Scope", style + place(0)),
            paragraph("Terms", style + place(1)),
            paragraph("Parties", style + place(1)),
            paragraph("first", place(2)),
            paragraph("second", place(2)),
            paragraph("End", style + place(0)),
            paragraph("again", place(2)),
            paragraph("anew", place(2, 2)),
        ]
    )
    restarted = (
        '<w:num w:numId="2"><w:abstractNumId w:val="0"/><w:lvlOverride w:ilvl="2"><w:startOverride w:val="4"/>'
        "</w:lvlOverride></w:num>"
    )
    parts = HEADING | numbered(
        ("upperRoman", "%1."), ("decimal", "%1.%2"), ("lowerLetter", "%3)"), number=restarted
    )
    document = read(docx(body, parts), WORD)
    assert lines(document) == [
        "I. Scope", "I.1 Terms", "I.2 Parties", "    a) first", "    b) second", "II. End", "    a) again", "    d) anew",
    ]  # fmt: skip
    assert "# I. Scope\n\n# I.1 Terms" in markdown(document)
    assert "- a) first" in markdown(document)


def test_a_style_without_a_definition_is_what_it_is_called() -> None:
    assert markdown(read(docx(paragraph("Part", '<w:pStyle w:val="Heading2"/>')), WORD)) == "## Part"


def test_numbered_items_are_items_in_markdown_as_deep_as_they_are() -> None:
    parts = numbered(("decimal", "%1."), ("bullet", "•"))
    body = paragraph("one", place(0)) + paragraph("inner", place(1)) + paragraph("two", place(0))
    assert markdown(read(docx(body, parts), WORD)) == "1. one\n   - inner\n2. two"


def test_merged_cells_and_tables_in_cells_keep_their_place() -> None:
    def cell(inner: str, properties: str = "") -> str:
        return f"<w:tc><w:tcPr>{properties}</w:tcPr>{inner}</w:tc>"

    nested = f"<w:tbl><w:tr>{cell(paragraph('a'))}{cell(paragraph('b'))}</w:tr></w:tbl>"
    top = cell(paragraph("tall"), '<w:vMerge w:val="restart"/>') + cell(
        paragraph("wide"), '<w:gridSpan w:val="2"/>'
    )
    low = cell(paragraph(""), "<w:vMerge/>") + cell(paragraph("3") + nested) + cell(paragraph("4"))
    gone = f"<w:tr><w:trPr><w:del/></w:trPr>{cell(paragraph('struck'))}</w:tr>"
    document = read(docx(f"<w:tbl><w:tr>{top}</w:tr><w:tr>{low}</w:tr>{gone}</w:tbl>"), WORD)
    assert cells(document) == [
        {"row": 0, "column": 0, "text": "tall", "row_span": 2},
        {"row": 0, "column": 1, "text": "wide", "column_span": 2},
        {"row": 1, "column": 1, "text": "3\na\tb"},
        {"row": 1, "column": 2, "text": "4"},
    ]
    assert markdown(document) == "| tall | wide |  |\n| --- | --- | --- |\n|  | 3<br>a \\| b | 4 |"


def test_hidden_text_is_marked() -> None:
    document = read(docx(f"<w:p>{run('seen')}{run('unseen', '<w:vanish/>')}</w:p>"), WORD)
    assert roles(document) == [("hidden", "[hidden] unseen")]
    assert lines(document)[0] == "seen"
    assert "hidden" in " ".join(document.warnings)


def test_looks_and_links_are_marked_in_markdown_alone() -> None:
    link = f'<w:hyperlink w:anchor="part">{run("there")}</w:hyperlink>'
    field = (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> HYPERLINK "https://example.org/" </w:instrText></w:r>'
        f'<w:r><w:fldChar w:fldCharType="separate"/></w:r>{run("out")}<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )
    inner = f"{run('go ')}{run('now ', '<w:b/>')}{link}{run(' ')}{field}{run(' mid', '<w:b/>')}{run('word')}"
    document = read(docx(f"<w:p>{inner}</w:p>"), WORD)
    assert lines(document) == ["go now there out midword"]
    assert markdown(document) == "go **now** [there](#part) [out](https://example.org/) midword"


def test_a_document_inside_is_shown_in_its_place_and_files_are_listed() -> None:
    body = paragraph("before") + '<w:altChunk r:id="aFChunk"/>' + paragraph("after")
    parts: dict[str, str | bytes] = {
        "aFChunk:chunk.html": "<html><body><p>inside</p></body></html>",
        "package:embeddings/p.docx": specimens.docx(),
    }
    document = read(docx(body, parts), WORD)
    assert lines(document) == ["before", "inside", "after"]
    assert [(each["name"], specimens.SENTENCE in each["text"]) for each in document.attachments] == [
        ("p.docx", True)
    ]


def test_parts_that_are_missing_or_broken_are_named() -> None:
    body = f'<w:p>{run("Said")}<w:r><w:footnoteReference w:id="1"/></w:r></w:p>'
    missing = read(docx(body, {"footnotes:footnotes.xml": ""}), WORD)
    assert list(missing.lost) == ["word/footnotes.xml: the part is missing"]
    broken = root("footnotes", f'<w:footnote w:id="1">{paragraph("kept")}')[: -len("</w:footnotes>")]
    document = read(docx(body, {"footnotes:footnotes.xml": broken}), WORD)
    assert "word/footnotes.xml: only its beginning was read" in document.lost[0]
    assert "kept" in lines(document)[1]


def test_a_body_that_breaks_off_is_read_so_far_and_said() -> None:
    whole = root("document", f"<w:body>{paragraph('one')}{paragraph('two')}</w:body>")
    document = read(specimens.zipped({"word/document.xml": whole[:-60]}), WORD)
    assert lines(document)[0] == "one"
    assert "only its beginning" in document.lost[0]


def test_words_in_constructions_nobody_knows_are_put_at_the_end() -> None:
    document = read(
        docx(f"{paragraph('one')}<w:novelty>{paragraph('unknown')}</w:novelty>{paragraph('two')}"), WORD
    )
    assert lines(document) == ["one", "two", "unknown"]
    assert "at the end" in " ".join(document.warnings)


def test_a_document_of_pictures_is_unread_or_left_to_those_who_read_pictures() -> None:
    data = docx(
        "<w:p><w:r><w:drawing><wp:inline><wp:docPr descr='A scan'/><pic:pic/></wp:inline></w:drawing></w:r></w:p>"
    )
    document = read(data, WORD)
    assert list(document.unread) == [1]
    assert markdown(document) == "A scan"
    assert isinstance(attempt(data, WORD, Options(tessdata="/data")), Failure)


def test_strict_documents_are_read_as_others_are() -> None:
    strict = root("document", f"<w:body>{paragraph('strict')}</w:body>").replace(
        "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
        "http://purl.oclc.org/ooxml/wordprocessingml/main",
    )
    assert lines(read(specimens.zipped({"word/document.xml": strict}), WORD)) == ["strict"]


def test_hostile_documents_end_soon() -> None:
    deep = "<w:tbl><w:tr><w:tc>" * 10_000 + paragraph("core") + "</w:tc></w:tr></w:tbl>" * 10_000
    assert words(deep) == ["core"]
    runs = "<w:smartTag>" * 10_000 + run("core") + "</w:smartTag>" * 10_000
    assert words(f"<w:p>{runs}</w:p>") == ["core"]
    entities = '<!DOCTYPE x [<!ENTITY a "aaaa">]>' + root("document", f"<w:body>{paragraph('&a;')}</w:body>")
    assert failed(specimens.zipped({"word/document.xml": entities}), WORD) is FailureClass.CORRUPT
    assert failed(specimens.bomb_docx(), WORD) is FailureClass.TOO_LARGE
    assert failed(b"PK\x03\x04 and no more", WORD) is FailureClass.CORRUPT


def test_the_same_document_gives_the_same_answer() -> None:
    first, second = (attempt(specimens.docx(), WORD) for _ in range(2))
    assert isinstance(first, Parsed)
    assert first == second


def test_a_field_without_an_end_swallows_nothing() -> None:
    opened = '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
    document = read(docx(f"<w:p>{run('before ')}{opened}{run('after')}</w:p>"), WORD)
    assert lines(document) == ["before", "after"]
    assert "a field has no end" in document.warnings[0]


@pytest.mark.parametrize(
    "change", [f"<w:ins>{run('x')}</w:ins>", "<w:del><w:r><w:delText>x</w:delText></w:r></w:del>"]
)
def test_one_change_within_a_paragraph_is_said(change: str) -> None:
    assert "tracked changes" in read(docx(f"<w:p>{run('a')}{change}</w:p>"), WORD).warnings[0]


def test_of_two_forms_within_a_drawing_one_is_read() -> None:
    box = f"<w:txbxContent>{paragraph('Gate 7')}</w:txbxContent>"
    forms = f'<mc:AlternateContent><mc:Choice Requires="wps">{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback></mc:AlternateContent>'
    assert words(f"<w:p><w:r><w:drawing><wp:anchor>{forms}</wp:anchor></w:drawing></w:r></w:p>") == ["Gate 7"]


def test_a_frame_of_one_cell_is_no_table() -> None:
    document = read(
        docx(f"<w:tbl><w:tr><w:tc>{paragraph('one')}{paragraph('two')}</w:tc></w:tr></w:tbl>"), WORD
    )
    assert rows(document) == []
    assert markdown(document) == "one\n\ntwo"
    alone = read(docx(f"<w:tbl><w:tr><w:tc>{paragraph('one')}</w:tc></w:tr></w:tbl>"), WORD)
    assert rows(alone) == [[["one"]]]


def test_what_looks_like_a_tag_is_seen() -> None:
    document = read(docx(paragraph("use &lt;b&gt; if 1 &lt; 2")), WORD)
    assert lines(document) == ["use <b> if 1 < 2"]
    assert markdown(document) == r"use \<b> if 1 < 2"


def test_marks_do_not_break_words() -> None:
    inner = f"{run('H')}{run('2', '<w:b/>')}{run('O, x')}{run('y', '<w:b/>')}{run(' and ')}{run('bold', '<w:b/>')}{run('.')}"
    assert markdown(read(docx(f"<w:p>{inner}</w:p>"), WORD)) == "H2O, xy and **bold**."


def test_an_exponent_is_no_digit_of_the_number_before_it() -> None:
    up = '<w:vertAlign w:val="superscript"/>'
    body = f"<w:p>{run('10')}{run('6', up)}{run(' and 1')}{run('st', up)}</w:p>"
    document = read(docx(body), WORD)
    assert lines(document) == ["10⁶ and 1st"]
    assert markdown(document) == "10⁶ and 1st"


def test_lists_of_words_own_styles_stand_as_deep_as_they_are_drawn() -> None:
    named = '<w:style w:type="paragraph" w:styleId="L2"><w:name w:val="List Bullet 2"/></w:style>'
    styles: dict[str, str | bytes] = {"styles:styles.xml": root("styles", named)}
    body = paragraph("one", place(0)) + paragraph("inner", f'<w:pStyle w:val="L2"/>{place(0)}')
    document = read(docx(body, numbered(("bullet", "*")) | styles), WORD)
    assert markdown(document) == "- one\n  - inner"
