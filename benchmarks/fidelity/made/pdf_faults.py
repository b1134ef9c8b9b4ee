"""PDFs on which readers were seen to fail: rotation, forms, attachments, fonts without letters, many pages."""

from collections.abc import Iterator, Sequence

from formats.raster import Bitmap

from fidelity.made import fonts
from fidelity.made.pdf_layout import Layout, Setter
from fidelity.made.pdf_writer import HEIGHT, WIDTH, Builtin, Embedded, Letters, Sheet, write
from fidelity.made.story import Head, Para, Teller
from fidelity.truth import FAILED, PARTIAL, SUCCEEDED, Sample, Script, Truth

_MATRICES = {
    90: "0 1 -1 0 {y:.1f} {x:.1f}",
    180: "-1 0 0 -1 {x2:.1f} {y:.1f}",
    270: "0 -1 1 0 {y2:.1f} {x2:.1f}",
}


def samples() -> Iterator[Sample]:
    for angle in (90, 180, 270):
        yield _rotated(angle)
        yield _sideways(angle)
    yield _mixed_rotation()
    yield _many_pages()
    yield _form()
    yield _radio_form()
    yield _attached("invoice.xml", b"<Invoice><ID>4711</ID><Total>98.70</Total></Invoice>", "4711 98.70")
    yield _attached(
        "figures.csv", "Ort;Menge\nKöln;17\nMünchen;23\n".encode(), "Ort Menge Köln 17 München 23"
    )
    yield _junk_before()
    yield _scan_between()
    yield _free_text()
    if fonts.is_there():
        yield from _fonts_without_letters()


def _lines(teller: Teller) -> list[str]:
    return ["Rotated page 1", *(teller.sentence(9) for _ in range(12)), "Last line, 99 of 100."]


def _rotated(angle: int) -> Sample:
    """A page with /Rotate whose text was drawn for the page as it is then seen."""
    lines, font, sheet = _lines(Teller("en", 100 + angle)), Builtin("F1"), Sheet(rotate=angle)
    _draw_for(sheet, angle, lines, font)
    return Sample(f"pdf/rotate-{angle}.pdf", write([sheet], [font]), Truth("\n".join(lines)))


def _draw_for(sheet: Sheet, angle: int, lines: Sequence[str], font: Builtin) -> None:
    for at, line in enumerate(lines):
        down = 80 + 22 * at
        if angle == 90:
            matrix = f"0 1 -1 0 {down} 60"
        elif angle == 180:
            matrix = f"-1 0 0 -1 {WIDTH - 60} {down}"
        else:
            matrix = f"0 -1 1 0 {WIDTH - down} {HEIGHT - 60}"
        sheet.turned(line, font, 11, matrix)


def _sideways(angle: int) -> Sample:
    """Text written sideways on a page that is not turned: a reader turns the head."""
    lines, font, sheet = _lines(Teller("de", 100 + angle)), Builtin("F1"), Sheet()
    _draw_for(sheet, angle, lines, font)
    return Sample(f"pdf/sideways-{angle}.pdf", write([sheet], [font]), Truth("\n".join(lines)))


def _mixed_rotation() -> Sample:
    """Turned pages between upright ones, /Rotate on pages whose text is upright in the file's own view."""
    setter = Setter(Layout())
    script, teller = Script(), Teller("en", 120)
    for at in range(3):
        if at:
            setter.page()
        for text in (f"Part {at + 1}", teller.paragraph(3).text):
            script.add(text)
        script.headings.append(f"Part {at + 1}")
        setter.block(Head(f"Part {at + 1}"))
        setter.paragraph(script.pieces[-1])
    turned = Sheet(rotate=90)
    lines = _lines(teller)
    _draw_for(turned, 90, lines, setter.layout.regular)  # type: ignore[arg-type]
    setter.sheets.insert(2, turned)
    script.pieces[4:4] = lines
    return Sample("pdf/rotate-one-page.pdf", write(setter.sheets, setter.layout.fonts), script.truth())


def _many_pages() -> Sample:
    font, sheets, script = Builtin("F1"), [], Script()
    for number in range(1, 1002):
        sheet = Sheet()
        line = f"Sheet {number} holds record {number * 37 % 9973} of box {number % 17}."
        sheet.text(60, 100, line, font)
        script.add(line)
        sheets.append(sheet)
    return Sample("pdf/pages-1001.pdf", write(sheets, [font]), script.truth())


def _widget(kind: str, name: str, box: Sequence[float], more: str) -> str:
    x, y, width, height = box
    rect = f"[{x} {HEIGHT - y - height} {x + width} {HEIGHT - y}]"
    return f"<< /Type /Annot /Subtype /Widget /FT /{kind} /T ({name}) /Rect {rect} /F 4 {more} >>"


def _form() -> Sample:
    """Text fields, a multi-line one, a choice and two boxes of which one is ticked; no appearance is stored."""
    sheet, layout, script = Sheet(), Layout(), Script()
    sheet.text(60, 80, "Application", layout.bold, 18)
    script.heading("Application")
    fields = [("Name", "Tx", "/V (SMITHVALUE)"), ("Town", "Tx", "/V (Orl\xe9ans 45000)"), ("Remarks", "Tx", "/Ff 4096 /V (two dogs\rand 1 cat)"),
              ("Country", "Ch", "/Ff 131072 /Opt [(GERMANY) (FRANCE) (SPAIN)] /V (FRANCE)")]  # fmt: skip
    for at, (label, kind, more) in enumerate(fields):
        y = 120 + 40 * at
        sheet.text(60, y, f"{label}:", layout.regular, 10)
        sheet.widgets.append(
            _widget(kind, label.lower(), (140, y - 12, 220, 18), f"/DA (/F1 10 Tf 0 g) {more}")
        )
    script.add("Name: SMITHVALUE", "Town: Orléans 45000", "Remarks: two dogs and 1 cat", "Country: FRANCE")
    for at, (label, state) in enumerate((("I agree to the terms", "Yes"), ("Send me news", "Off"))):
        y = 300 + 30 * at
        sheet.widgets.append(_widget("Btn", f"box{at}", (60, y - 10, 12, 12), f"/V /{state} /AS /{state}"))
        sheet.text(80, y, label, layout.regular, 10)
        script.add(label)
    tick = r"(\[[xX]\]|☒|☑|✓|✔)"
    agreed = rf"{tick}[^\n]{{0,12}}(I agree|box0)|(I agree[^\n]{{0,30}}|box0[^\n]{{0,6}}){tick}|(?i:box0\W+(yes|on|true|checked))"
    allowed = "x X Yes Off yes off name town remarks country box0 box1 true false checked"
    known = script.truth(allowed=allowed, patterns=(agreed,))
    return Sample("pdf/form.pdf", write([sheet], layout.fonts), known)


def _radio_form() -> Sample:
    """Values only in the fields, labels to the right of them, one read-only field."""
    sheet, layout, script = Sheet(), Layout(), Script()
    sheet.text(60, 80, "Order form 2025", layout.bold, 18)
    script.heading("Order form 2025")
    for at, (label, value) in enumerate(
        (("Quantity", "17"), ("Article", "KX-4420"), ("Unit price", "12.40 EUR"), ("Delivery", "2025-03-14"))
    ):
        y = 130 + 30 * at
        sheet.text(60, y, label, layout.regular, 10)
        sheet.widgets.append(
            _widget("Tx", f"f{at}", (160, y - 12, 140, 16), f"/Ff {at % 2} /DA (/F1 10 Tf 0 g) /V ({value})")
        )
        script.add(f"{label} {value}")
    known = script.truth(allowed="f0 f1 f2 f3")
    return Sample("pdf/form-order.pdf", write([sheet], layout.fonts), known)


def _attached(name: str, body: bytes, words: str) -> Sample:
    setter, script = Setter(Layout()), Script()
    script.heading("Invoice 4711")
    setter.block(Head("Invoice 4711"))
    script.add("The machine-readable invoice is attached to this page.")
    setter.paragraph(script.pieces[-1])
    data = write(setter.sheets, setter.layout.fonts, attached={name: body})
    return Sample(
        f"pdf/attached-{name.replace('.', '-')}.pdf",
        data,
        script.truth(aside=name, allowed=f"{words} Invoice ID Total {body.decode()}"),
    )


def _junk_before() -> Sample:
    """1,500 bytes before the header: some readers repair that; if not, the file is corrupt, and no text."""
    setter = Setter(Layout()).story([Head("Hidden start"), Para("Read me all the same: 4,200 units.")])
    data = b"junk line\r\n" * 137 + write(setter.sheets, setter.layout.fonts)
    known = Truth(
        "Hidden start\nRead me all the same: 4,200 units.",
        ("Hidden start",),
        outcomes=(SUCCEEDED, f"{FAILED}:corrupt"),
        excused=True,
        absent=("endobj",),
    )
    return Sample("pdf/junk-before.pdf", data, known)


def _scan_between() -> Sample:
    """A page that is a picture between two with text: read by OCR, or partial and the page named."""
    setter, script, teller = Setter(Layout()), Script(), Teller("en", 130)
    for at in (1, 2):
        text = teller.paragraph(3).text
        script.add(text)
        setter.paragraph(text)
        if at == 1:
            setter.page()
            setter.sheet.picture(0, 0, WIDTH, HEIGHT, _picture("DELIVERY NOTE 2207\nSIX CRATES 4711"))
            setter.page()
    known = script.truth(
        outcomes=(SUCCEEDED, PARTIAL),
        named=("2",),
        whole=("2207",),
        allowed="DELIVERY NOTE 2207 SIX CRATES 4711",
    )
    return Sample("pdf/scan-between.pdf", write(setter.sheets, setter.layout.fonts), known)


def _picture(text: str) -> tuple[int, int, bytes]:
    """Return a page with large letters as grey pixels, 100 dots an inch."""
    bitmap = Bitmap(826, 1169)
    bitmap.lines(80, 120, text, scale=5)
    packed, stride = bitmap.packed(), bitmap.stride
    rows = (packed[at * stride : (at + 1) * stride] for at in range(bitmap.height))
    grey = b"".join(bytes(255 * (row[x // 8] >> 7 - x % 8 & 1) for x in range(bitmap.width)) for row in rows)
    return bitmap.width, bitmap.height, grey


def _free_text() -> Sample:
    """A note written onto the page, as editors do: it is an annotation, and a reader sees it."""
    setter = Setter(Layout()).story([Head("Draft 3"), Para("The sum of 1,200 is to be confirmed.")])
    setter.sheet.widgets.append(
        "<< /Type /Annot /Subtype /FreeText /Rect [60 500 300 540] /F 4 /DA (/F1 12 Tf 1 0 0 rg) /Contents (Confirmed by Lena on 4 May) >>"
    )
    known = Truth(
        "Draft 3\nThe sum of 1,200 is to be confirmed.", ("Draft 3",), aside="Confirmed by Lena on 4 May"
    )
    return Sample("pdf/free-text.pdf", write(setter.sheets, setter.layout.fonts), known)


def _fonts_without_letters() -> Iterator[Sample]:
    story: list[Head | Para] = [
        Head("Größe der Œuvre"),
        Teller("de", 140).paragraph(3),
        Para("Naïve fin, Straße 12, 45 €."),
    ]
    kinds: tuple[Letters, ...] = ("right", "none", "shifted")
    for unicode in kinds:
        layout = Layout(
            Embedded("F1", fonts.dejavu(), unicode=unicode),
            Embedded("F2", fonts.dejavu("DejaVuSans-Bold"), unicode=unicode),
        )
        setter = Setter(layout).story(story)
        script = Script()
        script.heading("Größe der Œuvre")
        script.add(*(block.text for block in story[1:]))
        broken = unicode != "right"
        known = script.truth(
            outcomes=(SUCCEEDED, PARTIAL, f"{FAILED}:needs_ocr") if broken else (SUCCEEDED,),
            excused=broken,
            named=("1",) if broken else (),
            group="pdf by its picture" if broken else "",
        )
        yield Sample(f"pdf/tounicode-{unicode}.pdf", write(setter.sheets, layout.fonts), known)
    yield _one_broken_page()


def _one_broken_page() -> Sample:
    """One page of three with a font that says nothing of its letters."""
    good = Builtin("F1")
    bad = Embedded("F3", fonts.dejavu(), unicode="none")
    sheets, script, teller = [], Script(), Teller("en", 141)
    hidden: list[str] = []
    for at in range(3):
        sheet = Sheet()
        for row in range(12):
            line = teller.sentence(9)
            sheet.text(60, 80 + 18 * row, line, bad if at == 1 else good)
            if at != 1:
                script.add(line)
            else:
                hidden.append(line)
        sheets.append(sheet)
    known = script.truth(
        outcomes=(SUCCEEDED, PARTIAL), named=("2",), whole=(_number(hidden[0]),), allowed=" ".join(hidden)
    )
    return Sample("pdf/tounicode-one-page.pdf", write(sheets, [good, bad]), known)


def _number(line: str) -> str:
    return next(word for word in line.split() if any(map(str.isdigit, word)))
