"""PDFs of ordinary make: columns, running heads, headings, footnotes, figures, scripts."""

from collections.abc import Iterator
from dataclasses import replace

from fidelity.made import fonts
from fidelity.made.pdf_layout import Layout, Setter
from fidelity.made.pdf_writer import HEIGHT, Builtin, Embedded, Sheet, write
from fidelity.made.story import TYPOGRAPHY, Block, Grid, Head, Para, Story, Teller, truth
from fidelity.truth import Sample, Script, Truth

# A picture that is named and was never written is a dead link.
NO_LOST_PICTURE = r"(?s)\A(?!.*!\[[^\]]*\]\((?!data:|https?:)[^)]*\))"


def samples() -> Iterator[Sample]:
    yield from _stories()
    yield from _running_lines()
    yield from _headings()
    yield _footnotes()
    yield _figure()
    yield _letter()
    if fonts.is_there():
        yield from _scripts()


def set_story(name: str, story: Story, layout: Layout, known: Truth | None = None) -> Sample:
    setter = Setter(layout).story(story)
    known = known or truth(story)
    aside = "\n".join(f"{layout.head(at)}\n{layout.foot(at)}" for at in range(1, len(setter.sheets) + 1))
    return Sample(f"pdf/{name}.pdf", write(setter.sheets, layout.fonts), replace(known, aside=aside))


def _stories() -> Iterator[Sample]:
    yield set_story("report-lines", Teller("en", 1).story(4), Layout())
    yield set_story("report-words", Teller("de", 2).story(4), Layout(manner="words"))
    yield set_story("report-kerned", Teller("fr", 3).story(4), Layout(manner="kerned"))
    yield set_story("typography", [*TYPOGRAPHY, Teller("es", 4).paragraph()], Layout())
    yield set_story("typography-words", [*TYPOGRAPHY, Teller("fr", 5).paragraph()], Layout(manner="words"))
    ligatures: Story = [Head("Plain"), Para("The \ufb01rst of\ufb01ce \ufb02oor had 12 \ufb01les.")]
    yield set_story("ligatures", ligatures, Layout())
    columns = Layout(columns=2, foot=lambda page: f"Journal 12 ({page})")
    yield set_story("columns-two", _prose("en", 6), columns)
    yield set_story("columns-two-german", _prose("de", 7), replace(columns, manner="words"))
    yield set_story("columns-two-table", _prose("en", 8, Teller("en", 9).grid(3, 4)), columns)
    yield set_story("columns-three", _prose("es", 10), Layout(columns=3, margin=40, gutter=18, size=8.5))


def _prose(language: str, seed: int, *more: Grid) -> Story:
    teller = Teller(language, seed)
    blocks: list[Block] = []
    for at in range(5):
        blocks += [Head(f"{at + 1} {teller.sentence(4)[:-1]}", 2), teller.paragraph(4), teller.paragraph(5)]
        blocks += more if at == 2 else ()
    return blocks


def _running_lines() -> Iterator[Sample]:
    page = Layout(foot=str)
    yield set_story("page-numbers", Teller("en", 11).story(8), page)
    yield set_story(
        "page-of-pages", Teller("de", 12).story(8), replace(page, foot=lambda page: f"Seite {page} von 9")
    )
    heads = replace(page, head=lambda page: f"Sitzung vom {page}.3.2024 – Protokoll Nr. 2024-{page:05}")
    yield set_story("running-heads", Teller("de", 13).story(8), heads)
    yield _payments()
    yield _certificates()
    yield _two_pages()


def _payments() -> Sample:
    """Every line of every page differs from that of the next in digits only, top and bottom lines too."""
    sheets, script, number = [], Script(), 0
    font = Builtin("F1")
    for _ in range(5):
        sheet = Sheet()
        for row in range(38):
            number += 1
            line = f"Payment {number:04} of {number * 7 % 900 + 100}.{number % 90 + 10} EUR received"
            sheet.text(60, 50 + row * 20, line, font)
            script.add(line)
        sheets.append(sheet)
    return Sample("pdf/payments.pdf", write(sheets, [font]), script.truth())


def _certificates() -> Sample:
    sheets, script, layout = [], Script(), Layout()
    for at in range(4):
        sheet = Sheet()
        sheet.text(200, 60, "Certificate of Calibration", layout.bold, 18)
        sheet.text(60, 800, f"No. 2024-{17 + at:05}", layout.regular, 10)
        body = f"The instrument with serial number SN{4400 + at * 13} was tested on {at + 3} May 2024."
        sheet.text(60, 400, body, layout.regular, 11)
        script.heading("Certificate of Calibration")
        script.add(body, f"No. 2024-{17 + at:05}")
        sheets.append(sheet)
    return Sample("pdf/certificates.pdf", write(sheets, layout.fonts), script.truth())


def _two_pages() -> Sample:
    """Two pages whose whole text is a number each, and one with a word."""
    font, sheets = Builtin("F1"), []
    for text in ("1", "2", "Annex 3"):
        sheet = Sheet()
        sheet.text(300, 400, text, font, 12)
        sheets.append(sheet)
    return Sample("pdf/two-numbers.pdf", write(sheets, [font]), Truth("1\n2\nAnnex 3"))


def _headings() -> Iterator[Sample]:
    teller = Teller("en", 40)
    stacked: list[Head | Para] = [
        Head("Handbook for Operators"),
        Head("1 Safety", 2),
        Head("1.1 Before work", 3),
        teller.paragraph(2),
    ]
    stacked += [
        Head("1.2 After work", 3),
        teller.paragraph(2),
        Head("2 Machines", 2),
        Head("2.1 Press", 3),
        teller.paragraph(2),
    ]
    yield set_story("headings-stacked", stacked, Layout())
    close: list[Head | Para] = [
        Head("Minutes of the Board"),
        Head("Present", 2),
        Para("Ada, Bo and Cy."),
        Head("Decisions", 2),
    ]
    close += [
        Para("The budget of 12,500 EUR is agreed."),
        Head("Next meeting", 2),
        Para("14 May 2025 at 10:30."),
    ]
    yield set_story("headings-close", close, Layout())


def _footnotes() -> Sample:
    setter, script, teller = Setter(Layout(bottom=HEIGHT - 150)), Script(), Teller("fr", 50)
    script.heading("Notes")
    setter.block(Head("Notes"))
    notes: list[str] = []
    for at in range(1, 4):
        paragraph = f"{teller.paragraph(2).text} Voir la note {at}."
        script.add(paragraph)
        setter.paragraph(paragraph)
        notes.append(f"{at}. Archives nationales, carton {at * 113}, pièce {at + 20}.")
    sheet, y = setter.sheet, HEIGHT - 130.0
    sheet.rule(60, y - 14, 200, y - 14)
    for note in notes:
        sheet.text(60, y, note, setter.layout.regular, 8)
        y += 12
    script.add(*notes)
    return Sample("pdf/footnotes.pdf", write(setter.sheets, setter.layout.fonts), script.truth())


def _figure() -> Sample:
    setter, script, teller = Setter(Layout()), Script(), Teller("en", 51)
    for text in ("Survey", teller.paragraph(3).text):
        script.add(text)
    script.headings.append("Survey")
    setter.block(Head("Survey"))
    setter.paragraph(script.pieces[1])
    pixels = bytes((x * 7 ^ y * 3) & 0xFF for y in range(60) for x in range(90))
    setter.sheet.picture(150, setter.y, 270, 180, (90, 60, pixels))
    setter.y += 200
    for text in ("Figure 1: Readings of station 17, 2021–2024", teller.paragraph(3).text):
        script.add(text)
        setter.paragraph(text)
    return Sample(
        "pdf/figure.pdf", write(setter.sheets, setter.layout.fonts), script.truth(patterns=(NO_LOST_PICTURE,))
    )


def _letter() -> Sample:
    """A letter whose reference block stands to the right of the address."""
    font, sheet = Builtin("F1"), Sheet()
    left = ["Ms Zoë Brontë", "12 Mill Lane", "Haworth BD22 8DU"]
    right = ["Our ref: K-7731", "Date: 3 March 2025", "Phone: 01535 640195"]
    for at, (one, other) in enumerate(zip(left, right, strict=True)):
        sheet.text(60, 120 + 14 * at, one, font)
        sheet.text(380, 120 + 14 * at, other, font)
    body = [
        "Dear Ms Brontë,",
        "thank you for your letter of 27 February. We enclose form 22–B.",
        "Yours sincerely",
        "J. Ward",
    ]
    for at, line in enumerate(body):
        sheet.text(60, 220 + 24 * at, line, font)
    # Line by line or block by block: both are read so.
    return Sample(
        "pdf/letter.pdf", write([sheet], [font]), Truth("\n".join(body), aside="\n".join(left + right))
    )


def _scripts() -> Iterator[Sample]:
    for at, language in enumerate(("pl", "cs", "ru", "el", "tr")):
        layout = Layout(
            Embedded("F1", fonts.dejavu()), Embedded("F2", fonts.dejavu("DejaVuSans-Bold")), size=9
        )
        yield set_story(f"script-{language}", Teller(language, 70 + at).story(3), layout)
    layout = Layout(
        Embedded("F1", fonts.dejavu("DejaVuSerif")), Embedded("F2", fonts.dejavu("DejaVuSerif-Bold"))
    )
    ligatures: Story = [*TYPOGRAPHY, Para("Of\ufb01ce, \ufb02oor, di\ufb03cult, e\ufb00ort and ba\ufb04ed.")]
    yield set_story("typography-embedded", ligatures, layout)
