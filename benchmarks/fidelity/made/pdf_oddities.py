"""PDFs that are well-formed and unusual: text in forms and layers, drawn twice or out of order, hidden lines, raised figures."""

from collections.abc import Iterator

from fidelity.made.pdf_layout import Layout, Setter
from fidelity.made.pdf_writer import HEIGHT, WIDTH, Builtin, Sheet, write
from fidelity.made.story import Head, Para, Teller
from fidelity.truth import Sample, Script, Truth


def samples() -> Iterator[Sample]:
    yield _out_of_order()
    yield _drawn_twice()
    yield _layer_of_a_scan()
    yield _raised()
    yield _side_by_side()
    yield _landscape()
    yield _blank_page()
    yield _spaced()
    yield _margin_notes()
    yield _numbered_lines()
    yield _contents()
    yield _code()


def _sample(name: str, sheets: list[Sheet], layout: Layout, known: Truth) -> Sample:
    return Sample(f"pdf/{name}.pdf", write(sheets, layout.fonts), known)


def _out_of_order() -> Sample:
    """Lines are written from the bottom up, as some producers do."""
    layout, sheet, teller = Layout(), Sheet(), Teller("en", 150)
    lines = [teller.sentence(9) for _ in range(20)]
    for at in reversed(range(20)):
        sheet.text(60, 80 + 20 * at, lines[at], layout.regular)
    return _sample("order-of-drawing", [sheet], layout, Truth("\n".join(lines)))


def _drawn_twice() -> Sample:
    """A heading in false bold: the same text twice, a third of a point apart."""
    layout, sheet = Layout(), Sheet()
    for shift in (0.0, 0.3):
        sheet.text(60 + shift, 80, "Inventory 2024", layout.bold, 18)
        sheet.text(60 + shift, 120, "Total: 4,711 pieces", layout.regular, 11)
    sheet.text(60, 150, "Counted on 31 December by two clerks.", layout.regular, 11)
    known = Truth(
        "Inventory 2024\nTotal: 4,711 pieces\nCounted on 31 December by two clerks.", ("Inventory 2024",)
    )
    return _sample("drawn-twice", [sheet], layout, known)


def _layer_of_a_scan() -> Sample:
    """A picture of the page with its text behind it, invisible: what scanners with OCR write."""
    layout, sheet, teller = Layout(), Sheet(), Teller("de", 151)
    lines = [teller.sentence(9) for _ in range(16)]
    pixels = bytes(255 if y % 20 > 4 or x % 7 else 60 for y in range(280) for x in range(200))
    sheet.picture(0, 0, WIDTH, HEIGHT, (200, 280, pixels))
    sheet.drawing.append("3 Tr")
    for at, line in enumerate(lines):
        sheet.text(60, 80 + 22 * at, line, layout.regular)
    return _sample("scan-with-text", [sheet], layout, Truth("\n".join(lines)))


def _raised() -> Sample:
    """Raised figures of notes and powers: the words around them stay whole."""
    layout, sheet = Layout(), Sheet()
    font = layout.regular
    sheet.text(60, 80, "The plot measures 450 m", font)
    sheet.text(60 + font.width("The plot measures 450 m") * 10, 76, "2", font, 6)
    sheet.text(60 + font.width("The plot measures 450 m") * 10 + 6, 80, "and was sold in 1998.", font)
    sheet.text(60, 110, "Prices rose by 12 percent.", font)
    sheet.text(60 + font.width("Prices rose by 12 percent.") * 10, 106, "7", font, 6)
    known = Truth(
        "The plot measures 450\nand was sold in 1998.\nPrices rose by 12",
        allowed="percent m m2 2 7 percent.7 m² m^2^ m2and and 2and",
    )
    return _sample("raised", [sheet], layout, known)


def _side_by_side() -> Sample:
    """Two ruled tables beside each other."""
    setter = Setter(Layout(columns=2))
    left, right = (
        [("Day", "Sales"), ("Mon", "118"), ("Tue", "94")],
        [("Branch", "Staff"), ("Ulm", "12"), ("Gera", "7")],
    )
    script = Script()
    for rows in (left, right):
        setter.table(rows)
        script.table(rows)
        if rows is left:
            setter.y = setter.layout.bottom
    return _sample("tables-side-by-side", setter.sheets, setter.layout, script.truth())


def _landscape() -> Sample:
    """A wide table on a wide page after an upright one."""
    setter, script, teller = Setter(Layout()), Script(), Teller("en", 152)
    script.heading("Plan")
    setter.block(Head("Plan"))
    script.add(teller.paragraph(3).text)
    setter.paragraph(script.pieces[-1])
    wide = Setter(Layout(width=HEIGHT, bottom=WIDTH - 60))
    wide.sheets[0].height = WIDTH
    rows = teller.grid(7, 12).rows
    script.table(rows)
    wide.table(rows)
    return _sample("landscape", [*setter.sheets, *wide.sheets], setter.layout, script.truth())


def _blank_page() -> Sample:
    """A page with nothing on it between two others takes nothing away."""
    setter, teller = Setter(Layout()), Teller("fr", 153)
    first, last = teller.paragraph(3), teller.paragraph(3)
    setter.block(first)
    setter.page()
    setter.page()
    setter.block(last)
    return _sample("blank-page", setter.sheets, setter.layout, Truth(f"{first.text}\n{last.text}"))


def _spaced() -> Sample:
    """A line set wide, letter by letter, as titles are; the file has character spacing, not spaces."""
    layout, sheet = Layout(), Sheet()
    sheet.drawing.append("3 Tc")
    sheet.text(60, 80, "DECLARATION 2024", layout.bold, 14)
    sheet.drawing.append("0 Tc")
    sheet.text(60, 120, "I declare that 14 items were returned.", layout.regular, 11)
    known = Truth("DECLARATION 2024\nI declare that 14 items were returned.", ("DECLARATION 2024",))
    return _sample("letter-spacing", [sheet], layout, known)


def _margin_notes() -> Sample:
    """Notes in the margin beside the text they belong to."""
    layout, sheet, script, teller = Layout(), Sheet(), Script(), Teller("de", 154)
    notes = []
    for part in range(4):
        for row in range(5):
            line = teller.sentence(8)
            sheet.text(180, 80 + 110 * part + 18 * row, line, layout.regular)
            script.add(line)
        notes.append(f"Rn. {part + 41}")
        sheet.text(60, 80 + 110 * part, notes[-1], layout.regular, 8)
    return _sample("margin-notes", [sheet], layout, script.truth(aside="\n".join(notes)))


def _numbered_lines() -> Sample:
    """A numbered list whose numbers stand on their own, and a contract's clauses."""
    layout, sheet, script = Layout(), Sheet(), Script()
    for at in range(1, 13):
        text = f"Clause about payment of {at * 125} EUR within {at + 7} days"
        sheet.text(60, 60 + 30 * at, f"{at}.", layout.regular)
        sheet.text(84, 60 + 30 * at, text, layout.regular)
        script.add(f"{at}. {text}")
    return _sample("numbered", [sheet], layout, script.truth())


def _contents() -> Sample:
    """A table of contents with leading dots."""
    layout, sheet, script = Layout(), Sheet(), Script()
    sheet.text(60, 80, "Contents", layout.bold, 18)
    script.heading("Contents")
    dots = []
    for at, title in enumerate(("Introduction", "Method of counting", "Results by region", "Appendix A")):
        page, y = 3 + at * 14, 120 + 20 * at
        width = layout.regular.width(title) * 10
        leader = "." * int((400 - width) / (layout.regular.width(".") * 10))
        sheet.text(60, y, title, layout.regular)
        sheet.text(66 + width, y, leader, layout.regular)
        sheet.text(480, y, str(page), layout.regular)
        script.add(f"{title} {page}")
        dots.append(leader)
    return _sample("contents", [sheet], layout, script.truth(allowed=" ".join(dots)))


def _code() -> Sample:
    """Lines of code in a font of one width, with signs that are marks in Markdown."""
    mono = Builtin("F2", "Courier", 1.1)
    layout = Layout(bold=mono)
    lines = [
        "def area(a, b):",
        "    # 2 * (a + b)",
        "    return a * b  # *exact*",
        "x = [1, 2_000, 0x1F]",
        "print(x[0] | 3, `y`)",
    ]
    setter = Setter(layout)
    setter.block(Para("The listing computes 17 areas:"))
    for line in lines:
        setter.line(line, mono, 9)
    setter.block(Para("It ends with 88."))
    return _sample(
        "code",
        setter.sheets,
        layout,
        Truth("\n".join(["The listing computes 17 areas:", *lines, "It ends with 88."])),
    )
