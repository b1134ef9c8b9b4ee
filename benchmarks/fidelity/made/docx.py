"""Word documents: what a body holds, and what stands beside it."""

from collections.abc import Iterator
from dataclasses import replace

from fidelity.made.docx_writer import cell, document, heading, item, paragraph, part, row, run, table
from fidelity.made.package import chart, chart_rows
from fidelity.made.story import TYPOGRAPHY, Grid, Head, Items, Para, Story, Teller, truth
from fidelity.truth import FAILED, PARTIAL, Sample, Script, Truth


def samples() -> Iterator[Sample]:
    for at, language in enumerate(("en", "de", "fr", "pl", "ru", "el")):
        story = [*Teller(language, 200 + at).story(3), *(TYPOGRAPHY if language == "fr" else ())]
        yield Sample(f"docx/report-{language}.docx", document(_body(story)), truth(story))
    yield _headers()
    yield _first_and_even()
    yield _notes()
    yield _comments()
    yield _nested_lists()
    yield _merged()
    yield _tracked()
    yield _text_box()
    yield _chart()
    yield _nested_table()
    yield _broken_part()
    yield _fields_and_signs()


def _headers() -> Sample:
    story = Teller("en", 210).story(2)
    beside = {
        "header1.xml": ("header", part("hdr", paragraph(run("Contract No. 2024-00817 – confidential")))),
        "footer1.xml": ("footer", part("ftr", paragraph(run("Muster AG, Zürich, page 1 of 3")))),
    }
    sections = (
        '<w:headerReference w:type="default" r:id="r1"/><w:footerReference w:type="default" r:id="r2"/>'
    )
    known = truth(story)
    aside = "Contract No. 2024-00817 – confidential\nMuster AG, Zürich, page 1 of 3"
    return Sample("docx/headers.docx", document(_body(story), beside, sections), replace(known, aside=aside))


def _first_and_even() -> Sample:
    """A header of the first page, another of all others, and a table in the footer."""
    story = Teller("de", 211).story(2)
    grid = table(row(cell("Entwurf 7"), cell("Stand 3.5.2024")), 2)
    beside = {
        "header1.xml": ("header", part("hdr", paragraph(run("Erste Seite: Größenvergleich")))),
        "header2.xml": ("header", part("hdr", paragraph(run("Folgeseite 2024-4711")))),
        "footer1.xml": ("footer", part("ftr", grid)),
    }
    sections = (
        '<w:headerReference w:type="first" r:id="r1"/><w:headerReference w:type="default" r:id="r2"/>'
        '<w:footerReference w:type="default" r:id="r3"/><w:titlePg/>'
    )
    aside = "Erste Seite: Größenvergleich\nFolgeseite 2024-4711\nEntwurf 7 Stand 3.5.2024"
    return Sample(
        "docx/headers-first.docx",
        document(_body(story), beside, sections),
        replace(truth(story), aside=aside),
    )


def _notes() -> Sample:
    """Footnotes and an endnote; ids in the file begin at 2 and are not what a reader sees."""

    def note(number: int, text: str, kind: str = "footnote") -> str:
        return f'<w:{kind} w:id="{number}">{paragraph(run(text))}</w:{kind}>'

    def mark(number: int, kind: str = "footnote") -> str:
        return f'<w:r><w:{kind}Reference w:id="{number}"/></w:r>'

    body = heading("Sources")
    body += paragraph(run("The first edition appeared in 1887") + mark(2) + run(" and sold 400 copies."))
    body += paragraph(
        run("A second followed in 1901")
        + mark(3)
        + run("; a third is unknown")
        + mark(2, "endnote")
        + run(".")
    )
    separators = '<w:footnote w:type="separator" w:id="0"><w:p/></w:footnote><w:footnote w:type="continuationSeparator" w:id="1"><w:p/></w:footnote>'
    beside = {
        "footnotes.xml": (
            "footnotes",
            part(
                "footnotes",
                separators + note(2, "Library of Ghent, shelf B-17.") + note(3, "Catalogue of 1902, p. 33."),
            ),
        ),
        "endnotes.xml": ("endnotes", part("endnotes", note(2, "See the letter of 12 May 1911.", "endnote"))),
    }
    text = "Sources\nThe first edition appeared in 1887 and sold 400 copies.\nA second followed in 1901; a third is unknown."
    aside = "Library of Ghent, shelf B-17.\nCatalogue of 1902, p. 33.\nSee the letter of 12 May 1911."
    # A mark and its note bear one name, whatever it is.
    pairs = tuple(
        rf"(?s){before}\s*(\[\^[^\]]+\]).*\n\s*\1:?\s*{note}"
        for before, note in (("1887", "Library"), ("1901", "Catalogue"))
    )
    known = Truth(text, ("Sources",), aside=aside, allowed="1 2 3 1 2 3 en1 fn1 fn2 e1", patterns=pairs)
    return Sample("docx/notes.docx", document(body, beside), known)


def _comments() -> Sample:
    body = heading("Offer") + paragraph(
        run("We offer ")
        + '<w:commentRangeStart w:id="0"/>'
        + run("12 machines")
        + '<w:commentRangeEnd w:id="0"/>'
        '<w:r><w:commentReference w:id="0"/></w:r>' + run(" at 3,400 EUR each.")
    )
    comment = f'<w:comment w:id="0" w:author="Lena Groß" w:initials="LG">{paragraph(run("Should be 14, see mail of 2 June."))}</w:comment>'
    beside = {"comments.xml": ("comments", part("comments", comment))}
    known = Truth(
        "Offer\nWe offer 12 machines at 3,400 EUR each.",
        ("Offer",),
        aside="Should be 14, see mail of 2 June.",
        patterns=(r"(?s)machines[\s*_]*(\[[^\]]+\]).*\n\s*\1:?\W*(Lena|LG|Should)",),
        allowed="Lena Groß LG 0 1 comment Comment comment-0 comment0",
    )
    return Sample("docx/comments.docx", document(body, beside), known)


def _nested_lists() -> Sample:
    script, body = Script(), heading("Tasks")
    script.heading("Tasks")
    for at in range(3):
        for depth in range(3):
            text = f"Point {at + 1}{'abc'[depth]} costs {17 * (at + 1) + depth} EUR"
            body += item(text, depth, 2)
            script.add(text)
    allowed = " ".join(
        f"{number} {number}.{other} {number}.{other}.{third}"
        for number in "123"
        for other in "123"
        for third in "123"
    )
    return Sample("docx/lists.docx", document(body), script.truth(allowed=f"{allowed} a b c i ii iii"))


def _merged() -> Sample:
    """A heading over two columns, a row title over two rows."""
    wide, start, more = '<w:gridSpan w:val="2"/>', '<w:vMerge w:val="restart"/>', "<w:vMerge/>"
    rows = row(cell("Region"), cell("Sales 2024", wide)) + row(
        cell(""), cell("First half"), cell("Second half")
    )
    rows += row(cell("North", start), cell("1,200"), cell("1,350")) + row(
        cell("", more), cell("980"), cell("1,010")
    )
    rows += row(cell("South"), cell("2,400"), cell("2,450"))
    script = Script()
    script.heading("Sales")
    script.table(
        [
            ("Region", "Sales 2024", ""),
            ("", "First half", "Second half"),
            ("North", "1,200", "1,350"),
            ("", "980", "1,010"),
            ("South", "2,400", "2,450"),
        ]
    )
    allowed = "Region North Sales 2024"
    return Sample(
        "docx/merged.docx", document(heading("Sales") + table(rows, 3)), script.truth(allowed=allowed)
    )


def _tracked() -> Sample:
    """Inserted text is read, struck text is not, moved text stands where it was moved to."""
    inserted = f'<w:ins w:id="1" w:author="A">{run("18 March")}</w:ins>'
    struck = '<w:del w:id="2" w:author="A"><w:r><w:delText>12 March</w:delText></w:r></w:del>'
    body = heading("Schedule") + paragraph(
        run("The audit begins on ") + struck + inserted + run(" in hall 4.")
    )
    gone = '<w:moveFromRangeStart w:id="3" w:name="m1"/><w:moveFrom w:id="4" w:author="A"><w:r><w:t>Bring form 77.</w:t></w:r></w:moveFrom><w:moveFromRangeEnd w:id="3"/>'
    body += paragraph(gone) + paragraph(run("Doors open at 8:15."))
    body += paragraph(
        f'<w:moveToRangeStart w:id="5" w:name="m1"/><w:moveTo w:id="6" w:author="A">{run("Bring form 77.")}</w:moveTo><w:moveToRangeEnd w:id="5"/>'
    )
    known = Truth(
        "Schedule\nThe audit begins on 18 March in hall 4.\nDoors open at 8:15.\nBring form 77.",
        ("Schedule",),
        absent=("12 March",),
    )
    return Sample("docx/tracked.docx", document(body), known)


def _text_box() -> Sample:
    """A text box, stored twice as Word does: for new readers and for old ones."""
    inner = f"<w:txbxContent>{paragraph(run('Box: call 0711 4455 before noon'))}</w:txbxContent>"
    new = (
        '<w:drawing><wp:anchor><wp:extent cx="2000000" cy="800000"/><wp:docPr id="1" name="Box"/><a:graphic><a:graphicData '
        f'uri="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"><wps:wsp><wps:txbx>{inner}</wps:txbx><wps:bodyPr/></wps:wsp>'
        "</a:graphicData></a:graphic></wp:anchor></w:drawing>"
    )
    old = f"<w:pict><v:shape><v:textbox>{inner}</v:textbox></v:shape></w:pict>"
    box = f'<w:r><mc:AlternateContent><mc:Choice Requires="wps">{new}</mc:Choice><mc:Fallback>{old}</mc:Fallback></mc:AlternateContent></w:r>'
    body = (
        heading("Notice")
        + paragraph(run("The office is closed on 1 May.") + box)
        + paragraph(run("Deliveries resume on 2 May."))
    )
    known = Truth(
        "Notice\nThe office is closed on 1 May.\nDeliveries resume on 2 May.",
        ("Notice",),
        aside="Box: call 0711 4455 before noon",
    )
    return Sample("docx/text-box.docx", document(body), known)


def _chart() -> Sample:
    names, series = ["2022", "2023", "2024"], {"Köln": [310, 355, 402], "Lyon": [120, 98, 133]}
    drawing = (
        '<w:r><w:drawing><wp:inline><wp:extent cx="4000000" cy="2000000"/><wp:docPr id="1" name="Chart 1"/><a:graphic><a:graphicData '
        'uri="http://schemas.openxmlformats.org/drawingml/2006/chart"><c:chart r:id="r1"/></a:graphicData></a:graphic></wp:inline></w:drawing></w:r>'
    )
    body = (
        heading("Output")
        + paragraph(run("The chart shows pieces a year."))
        + paragraph(drawing)
        + paragraph(run("It ends with 535 pieces."))
    )
    script = Script()
    script.heading("Output")
    script.add("The chart shows pieces a year.", "Pieces by plant")
    script.table(chart_rows(names, series))
    script.add("It ends with 535 pieces.")
    beside = {"charts/chart1.xml": ("chart", chart(names, series, "Pieces by plant"))}
    return Sample("docx/chart.docx", document(body, beside), script.truth(allowed="Chart 1 Category"))


def _nested_table() -> Sample:
    inner = table(row(cell("x1"), cell("17.5")) + row(cell("x2"), cell("19.25")), 2)
    outer = table(
        row(cell("Sample"), cell("Readings"))
        + row(cell("S-44"), f"<w:tc><w:tcPr/>{inner}{paragraph('')}</w:tc>"),
        2,
    )
    text = "Laboratory\nSample Readings\nS-44 x1 17.5 x2 19.25"
    return Sample(
        "docx/table-in-table.docx", document(heading("Laboratory") + outer), Truth(text, ("Laboratory",))
    )


def _broken_part() -> Sample:
    """The footnotes cannot be read: what they hold is lost, and that is said."""
    body = heading("Sources") + paragraph(
        run("Founded in 1887.") + '<w:r><w:footnoteReference w:id="2"/></w:r>'
    )
    data = document(body, {"footnotes.xml": ("footnotes", "<w:footnotes><w:footnote w:id='2'><w:p><broken")})
    known = Truth(
        "Sources\nFounded in 1887.",
        ("Sources",),
        allowed="1 2",
        outcomes=(PARTIAL, f"{FAILED}:corrupt"),
        excused=True,
    )
    return Sample("docx/broken-footnotes.docx", data, known)


def _fields_and_signs() -> Sample:
    """Results of fields, breaks, tabs, special hyphens, symbols, content controls, links."""
    field = '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>DATE</w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>'
    field += f'{run("7 July 2024")}<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    control = f"<w:sdt><w:sdtContent>{paragraph(run('Chosen: option 3'))}</w:sdtContent></w:sdt>"
    body = heading("Signs") + paragraph(run("Printed on ") + field + run("."))
    body += paragraph(
        run("Left") + "<w:r><w:tab/></w:r>" + run("right 12") + "<w:r><w:br/></w:r>" + run("next line 13")
    )
    body += paragraph(run("Co") + "<w:r><w:noBreakHyphen/></w:r>" + run("operation 14")) + control
    body += paragraph('<w:hyperlink w:anchor="x">' + run("see section 15") + "</w:hyperlink>")
    known = Truth(
        "Signs\nPrinted on 7 July 2024.\nLeft right 12\nnext line 13\nCo-operation 14\nChosen: option 3\nsee section 15",
        ("Signs",),
    )
    return Sample("docx/fields.docx", document(body), known)


def _body(story: Story) -> str:
    parts = []
    for block in story:
        match block:
            case Head():
                parts.append(heading(block.text, block.level))
            case Para():
                parts.append(paragraph(run(block.text)))
            case Items():
                parts += [item(text, depth) for depth, text in block.items]
            case Grid():
                parts.append(
                    table("".join(row(*map(cell, cells)) for cells in block.rows), len(block.rows[0]))
                )
    return "".join(parts)
