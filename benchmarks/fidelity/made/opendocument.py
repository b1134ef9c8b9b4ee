"""OpenDocument: texts, sheets, presentations."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from fidelity.made.package import xml, zipped
from fidelity.made.sheets import FORMATS, KINDS, Cell, Sheet, Value, stock_rows, truth_of
from fidelity.made.story import TYPOGRAPHY, Grid, Head, Items, Para, Story, Teller, truth
from fidelity.truth import Sample, Script, Truth

_BASE = "urn:oasis:names:tc:opendocument:xmlns:"
_NAMES = ("office", "text", "table", "style", "draw", "presentation")
_NS = " ".join([*(f'xmlns:{name}="{_BASE}{"drawing" if name == "draw" else name}:1.0"' for name in _NAMES),
    f'xmlns:fo="{_BASE}xsl-fo-compatible:1.0"', f'xmlns:svg="{_BASE}svg-compatible:1.0"', f'xmlns:number="{_BASE}datastyle:1.0"',
    'xmlns:dc="http://purl.org/dc/elements/1.1/"'])  # fmt: skip


@dataclass(frozen=True, slots=True)
class Styles:
    """What stands in styles.xml: running lines of the page."""

    header: str = ""
    footer: str = ""


def package(kind: str, body: str, styles: Styles | None = None) -> bytes:
    media = f"application/vnd.oasis.opendocument.{kind}"
    listed = "".join(
        f'<manifest:file-entry manifest:full-path="{name}" manifest:media-type="text/xml"/>'
        for name in ("content.xml", "styles.xml")
    )
    manifest = f'<manifest:manifest xmlns:manifest="{_BASE}manifest:1.0"><manifest:file-entry manifest:full-path="/" manifest:media-type="{media}"/>{listed}</manifest:manifest>'
    styles = styles or Styles()
    lines = "".join(
        f"<style:{where}>{paragraph(text)}</style:{where}>"
        for where, text in (("header", styles.header), ("footer", styles.footer))
        if text
    )
    pages = f'<office:master-styles><style:master-page style:name="Standard" style:page-layout-name="p1">{lines}</style:master-page></office:master-styles>'
    tag = "drawing" if kind == "graphics" else kind
    return zipped(
        {
            "mimetype": media,
            "META-INF/manifest.xml": xml(manifest),
            "content.xml": xml(
                f"<office:document-content {_NS}><office:body><office:{tag}>{body}</office:{tag}></office:body></office:document-content>"
            ),
            "styles.xml": xml(f"<office:document-styles {_NS}>{pages}</office:document-styles>"),
        },
        stored=("mimetype",),
    )


def paragraph(text: str) -> str:
    return f"<text:p>{escape(text)}</text:p>"


def heading(text: str, level: int = 1) -> str:
    return f'<text:h text:outline-level="{level}">{escape(text)}</text:h>'


def table(rows: Sequence[Sequence[str]], name: str = "T") -> str:
    body = "".join(
        f"<table:table-row>{''.join(f'<table:table-cell>{paragraph(cell)}</table:table-cell>' for cell in row)}</table:table-row>"
        for row in rows
    )
    return f'<table:table table:name={quoteattr(name)}><table:table-column table:number-columns-repeated="{len(rows[0])}"/>{body}</table:table>'


def _body(story: Story) -> str:
    parts = []
    for block in story:
        match block:
            case Head():
                parts.append(heading(block.text, block.level))
            case Para():
                parts.append(paragraph(block.text))
            case Items():
                parts.append(
                    f"<text:list>{''.join(f'<text:list-item>{paragraph(text)}</text:list-item>' for _, text in block.items)}</text:list>"
                )
            case Grid():
                parts.append(table(block.rows))
    return "".join(parts)


def samples() -> Iterator[Sample]:
    for at, language in enumerate(("en", "de", "cs")):
        story = [*Teller(language, 500 + at).story(3), *(TYPOGRAPHY if language == "de" else ())]
        yield Sample(f"odt/report-{language}.odt", package("text", _body(story)), truth(story))
    yield from _texts()
    yield from _sheets()
    yield from _talks()


def _texts() -> Iterator[Sample]:
    known = Truth(
        "Agenda\nRoom 12 is booked.", ("Agenda",), aside="Minutes 2024-17 – draft\nPage 1 of 4, Größe A4"
    )
    yield Sample(
        "odt/headers.odt",
        package(
            "text",
            heading("Agenda") + paragraph("Room 12 is booked."),
            Styles("Minutes 2024-17 – draft", "Page 1 of 4, Größe A4"),
        ),
        known,
    )
    box = f'<draw:frame draw:name="F" svg:width="5cm"><draw:text-box>{paragraph("Box: gate 7 closes at 18:45")}</draw:text-box></draw:frame>'
    body = heading("Notice") + f"<text:p>Deliver to hall 3.{box}</text:p>" + paragraph("Then call 4711.")
    yield Sample(
        "odt/text-box.odt",
        package("text", body),
        Truth(
            "Notice\nDeliver to hall 3.\nThen call 4711.", ("Notice",), aside="Box: gate 7 closes at 18:45"
        ),
    )
    note = f'<text:note text:note-class="footnote"><text:note-citation>1</text:note-citation><text:note-body>{paragraph("Archive of Ulm, box 88.")}</text:note-body></text:note>'
    body = heading("Sources") + f"<text:p>Built in 1377{note} and finished in 1890.</text:p>"
    yield Sample(
        "odt/footnote.odt",
        package("text", body),
        Truth(
            "Sources\nBuilt in 1377 and finished in 1890.",
            ("Sources",),
            aside="Archive of Ulm, box 88.",
            allowed="1 1 ftn1",
            patterns=(r"1377\W{0,4}(\[\^|<sup>|\^|1\b|¹|Archive)",),
        ),
    )
    body = (
        heading("Spaces") + '<text:p>a<text:s text:c="3"/>b 11<text:tab/>c 12<text:line-break/>d 13</text:p>'
    )
    body += '<text:p><text:span>Part</text:span><text:span>ner 14</text:span> and <text:a xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="https://example.org/">link 15</text:a></text:p>'
    yield Sample(
        "odt/inline.odt",
        package("text", body),
        Truth("Spaces\na b 11 c 12\nd 13\nPartner 14 and link 15", ("Spaces",)),
    )
    yield _tracked()
    yield _nested()
    yield _repeated()


def _tracked() -> Sample:
    changes = f'<text:tracked-changes><text:changed-region xml:id="c1" text:id="c1"><text:deletion>{paragraph("struck 99")}</text:deletion></text:changed-region></text:tracked-changes>'
    body = (
        changes + heading("Terms") + '<text:p>Payable in <text:change text:change-id="c1"/>30 days.</text:p>'
    )
    return Sample(
        "odt/tracked.odt",
        package("text", body),
        Truth("Terms\nPayable in 30 days.", ("Terms",), absent=("struck",)),
    )


def _nested() -> Sample:
    inner = f"<text:list><text:list-item>{paragraph('Screw M4 × 12')}</text:list-item><text:list-item>{paragraph('Nut M4')}</text:list-item></text:list>"
    body = (
        heading("Parts")
        + f"<text:list><text:list-item>{paragraph('Frame 7')}{inner}</text:list-item><text:list-item>{paragraph('Cover 8')}</text:list-item></text:list>"
    )
    return Sample(
        "odt/lists.odt",
        package("text", body),
        Truth("Parts\nFrame 7\nScrew M4 × 12\nNut M4\nCover 8", ("Parts",)),
    )


def _repeated() -> Sample:
    cells = f'<table:table-cell>{paragraph("Shift")}</table:table-cell><table:table-cell table:number-columns-repeated="3">{paragraph("8 h")}</table:table-cell>'
    head = "".join(
        f"<table:table-cell>{paragraph(text)}</table:table-cell>" for text in ("Kind", "Mon", "Tue", "Wed")
    )
    body = (
        heading("Plan")
        + f'<table:table><table:table-column table:number-columns-repeated="4"/><table:table-row>{head}</table:table-row><table:table-row>{cells}</table:table-row></table:table>'
    )
    script = Script()
    script.heading("Plan")
    script.table([("Kind", "Mon", "Tue", "Wed"), ("Shift", "8 h", "8 h", "8 h")])
    return Sample("odt/repeated-cells.odt", package("text", body), script.truth())


def _cell(cell: Cell) -> str:
    match cell:
        case None:
            return "<table:table-cell/>"
        case str():
            return f'<table:table-cell office:value-type="string">{paragraph(cell)}</table:table-cell>'
        case Value():
            return f'<table:table-cell office:value-type="{_KINDS.get(cell.style, "float")}" {_kept(cell)}>{paragraph(cell.seen)}</table:table-cell>'
        case _:
            return f'<table:table-cell office:value-type="float" office:value="{cell}">{paragraph(str(cell))}</table:table-cell>'


_KINDS = {1: "date", 2: "percentage", 3: "currency", 4: "time", 5: "currency"}


def _kept(cell: Value) -> str:
    if cell.style == 1:
        return f'office:date-value="{cell.seen}"'
    return 'office:time-value="PT13H30M00S"' if cell.style == 4 else f'office:value="{cell.kept}"'


def _sheets() -> Iterator[Sample]:
    def rows(language: str, seed: int) -> list[list[Cell]]:
        return stock_rows(Teller(language, seed).grid(5, 11).rows)

    books = {
        "stock": [Sheet("Bestände", rows("de", 520)), Sheet("Prices", rows("en", 521))],
        "greek": [Sheet("Αποθήκη", rows("el", 522))],
        "kinds": [Sheet("Kinds", KINDS)],
        "formats": [Sheet("Formats", FORMATS)],
    }
    for name, sheets in books.items():
        body = "".join(map(_sheet, sheets))
        yield Sample(f"ods/{name}.ods", package("spreadsheet", body), truth_of(sheets))
    yield _repeats()


def _sheet(sheet: Sheet) -> str:
    rows = "".join(f"<table:table-row>{''.join(map(_cell, row))}</table:table-row>" for row in sheet.rows)
    return f"<table:table table:name={quoteattr(sheet.name)}>{rows}</table:table>"


def _repeats() -> Sample:
    """Equal cells and rows are written once with a count."""
    body = (
        '<table:table table:name="Plan"><table:table-row>'
        + "".join(map(_cell, ("Kind", "A", "B", "C")))
        + "</table:table-row>"
    )
    five = _cell(5).replace("<table:table-cell ", '<table:table-cell table:number-columns-repeated="3" ')
    body += f'<table:table-row table:number-rows-repeated="2">{_cell("Shift 9")}{five}</table:table-row></table:table>'
    script = Script()
    script.heading("Plan")
    script.table([("Kind", "A", "B", "C"), *[("Shift 9", "5", "5", "5")] * 2])
    return Sample("ods/repeated.ods", package("spreadsheet", body), script.truth())


def _page(number: int, title: str, shapes: str, notes: str = "") -> str:
    frame = f'<draw:frame presentation:class="title" svg:x="1cm" svg:y="1cm"><draw:text-box>{paragraph(title)}</draw:text-box></draw:frame>'
    spoken = (
        f'<presentation:notes><draw:frame presentation:class="notes"><draw:text-box>{paragraph(notes)}</draw:text-box></draw:frame></presentation:notes>'
        if notes
        else ""
    )
    return f'<draw:page draw:name="page{number}" draw:master-page-name="Standard">{frame}{shapes}{spoken}</draw:page>'


def _talks() -> Iterator[Sample]:
    for language in ("en", "pl"):
        teller, script, body = Teller(language, 530), Script(), ""
        for at in range(4):
            title, points = teller.sentence(4)[:-1], [teller.sentence(6) for _ in range(3)]
            script.heading(title)
            script.add(*points)
            box = f'<draw:frame presentation:class="outline" svg:x="1cm" svg:y="4cm"><draw:text-box>{"".join(map(paragraph, points))}</draw:text-box></draw:frame>'
            body += _page(at + 1, title, box)
        yield Sample(
            f"odp/talk-{language}.odp",
            package("presentation", body),
            script.truth(allowed="page1 page2 page3 page4 Slide Slide Slide Slide 1 2 3 4"),
        )
    shape = f'<draw:custom-shape svg:x="1cm" svg:y="5cm">{paragraph("Gate 7: 14 trucks")}</draw:custom-shape><draw:g><draw:rect svg:x="1cm" svg:y="8cm">{paragraph("Dock 8: 22 trucks")}</draw:rect></draw:g>'
    known = Truth(
        "Traffic\nGate 7: 14 trucks\nDock 8: 22 trucks\nMention the strike of 1 May.",
        ("Traffic",),
        allowed="page1 Slide 1 Notes",
    )
    yield Sample(
        "odp/shapes-notes.odp",
        package("presentation", _page(1, "Traffic", shape, "Mention the strike of 1 May.")),
        known,
    )
    grid = [("Dock", "Trucks"), ("7", "14"), ("8", "22")]
    script = Script()
    script.heading("Docks")
    script.table(grid)
    frame = f'<draw:frame svg:x="1cm" svg:y="4cm">{table(grid)}</draw:frame>'
    yield Sample(
        "odp/table.odp",
        package("presentation", _page(1, "Docks", frame)),
        script.truth(allowed="page1 Slide 1"),
    )
