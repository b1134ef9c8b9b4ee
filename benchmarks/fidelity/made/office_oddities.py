"""Office files and pages with what is easily overlooked: comments, hidden slides, phonetic guides, equations, definition lists."""

from collections.abc import Iterator

from fidelity.made.docx_writer import document, heading, paragraph, run
from fidelity.made.package import relations, types, xml, zipped
from fidelity.made.pptx import Slide, presentation
from fidelity.truth import Sample, Script, Truth

_MATH = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
_SHEET = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def samples() -> Iterator[Sample]:
    yield _equation()
    yield _two_sections()
    yield _placeholders()
    yield _soft_breaks()
    yield _rich_cells()
    yield _cell_comment()
    yield from _pages()


def _equation() -> Sample:
    """An equation's letters and numbers are there, however it is written."""
    inner = f"<m:oMath {_MATH}><m:r><m:t>E=m</m:t></m:r><m:sSup><m:e><m:r><m:t>c</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup></m:oMath>"
    body = (
        heading("Energy")
        + paragraph(run("As shown in 1905: ") + inner)
        + paragraph(run("It holds for 3 cases."))
    )
    known = Truth(
        "Energy\nAs shown in 1905:\nIt holds for 3 cases.",
        ("Energy",),
        allowed="E=m c 2 E=mc2 E=mc^2 E=mc^{2 E=mc² {c}^{2 E m",
        patterns=(r"E\s*=\s*m",),
    )
    return Sample("docx/equation.docx", document(body), known)


def _two_sections() -> Sample:
    """Each of two sections has a header of its own."""

    def header(text: str) -> str:
        return xml(
            f'<w:hdr xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">{paragraph(run(text))}</w:hdr>'
        )

    end = '<w:sectPr><w:headerReference w:type="default" r:id="r1"/></w:sectPr>'
    body = (
        heading("Part A")
        + paragraph(run("Body of A, 101 words."))
        + paragraph("", end)
        + heading("Part B")
        + paragraph(run("Body of B, 202 words."))
    )
    beside = {
        "header1.xml": ("header", header("Section A – 11")),
        "header2.xml": ("header", header("Section B – 22")),
    }
    data = document(body, beside, '<w:headerReference w:type="default" r:id="r2"/>')
    known = Truth(
        "Part A\nBody of A, 101 words.\nPart B\nBody of B, 202 words.",
        ("Part A", "Part B"),
        aside="Section A – 11\nSection B – 22",
    )
    return Sample("docx/two-sections.docx", data, known)


def _placeholders() -> Sample:
    """A footer and a date on the slide itself are seen; empty placeholders show nothing."""
    slide = Slide().title("Status").text("17 of 20 done")
    slide.shapes.append(_place(20, "ftr", "Confidential – Dept. 44"))
    slide.shapes.append(_place(21, "dt", "3 June 2025"))
    slide.shapes.append(_place(22, "subTitle", ""))
    known = Truth("Status\n17 of 20 done", ("Status",), aside="Confidential – Dept. 44\n3 June 2025")
    return Sample("pptx/placeholders.pptx", presentation([slide]), known)


def _place(number: int, kind: str, text: str) -> str:
    content = f"<a:r><a:t>{text}</a:t></a:r>" if text else ""
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="{number}" name="{kind}"/><p:cNvSpPr/><p:nvPr><p:ph type="{kind}" idx="{number}"/></p:nvPr></p:nvSpPr>'
        f'<p:spPr><a:xfrm><a:off x="500000" y="6300000"/><a:ext cx="3000000" cy="250000"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></p:spPr><p:txBody><a:bodyPr/><a:p>{content}</a:p></p:txBody></p:sp>'
    )


def _soft_breaks() -> Sample:
    """A line broken within a paragraph, a field, and text in several runs."""
    slide = Slide().title("Runs")
    inner = '<a:p><a:r><a:t>Sub</a:t></a:r><a:r><a:rPr b="1"/><a:t>total 31</a:t></a:r><a:br/><a:r><a:t>next 32</a:t></a:r><a:fld id="{1}" type="slidenum"><a:t>9</a:t></a:fld></a:p>'
    slide.shapes.append(
        '<p:sp><p:nvSpPr><p:cNvPr id="9" name="t"/><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr><a:xfrm><a:off x="500000" y="2000000"/>'
        f'<a:ext cx="3000000" cy="250000"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></p:spPr><p:txBody><a:bodyPr/>{inner}</p:txBody></p:sp>'
    )
    known = Truth("Runs\nSubtotal 31\nnext", ("Runs",), allowed="32 329 9", patterns=(r"32",))
    return Sample("pptx/runs.pptx", presentation([slide]), known)


def _book(rows: str, strings: str, more: dict[str, str] | None = None) -> bytes:
    kinds = {
        "xl/workbook.xml": "spreadsheetml.sheet.main",
        "xl/worksheets/sheet1.xml": "spreadsheetml.worksheet",
        "xl/sharedStrings.xml": "spreadsheetml.sharedStrings",
    }
    kinds |= {"xl/comments1.xml": "spreadsheetml.comments"} if more else {}
    sheets = '<sheets><sheet name="Data" sheetId="1" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" r:id="r1"/></sheets>'
    members: dict[str, str | bytes] = {
        "[Content_Types].xml": types(kinds),
        "_rels/.rels": relations({"r1": ("officeDocument", "xl/workbook.xml")}),
        "xl/workbook.xml": xml(f"<workbook {_SHEET}>{sheets}</workbook>"),
        "xl/_rels/workbook.xml.rels": relations(
            {"r1": ("worksheet", "worksheets/sheet1.xml"), "r2": ("sharedStrings", "sharedStrings.xml")}
        ),
        "xl/worksheets/sheet1.xml": xml(f"<worksheet {_SHEET}><sheetData>{rows}</sheetData></worksheet>"),
        "xl/sharedStrings.xml": xml(f"<sst {_SHEET}>{strings}</sst>"),
    }
    return zipped(members | (more or {}))


def _rich_cells() -> Sample:
    """Text in several runs, a phonetic guide that is not text of the cell, an error, a truth value."""
    strings = '<si><r><t>Rich</t></r><r><rPr><b/></rPr><t xml:space="preserve"> text 41</t></r></si><si><t>東京</t><rPh sb="0" eb="2"><t>トウキョウ</t></rPh></si><si><t>Key</t></si><si><t>Value</t></si>'
    rows = '<row r="1"><c r="A1" t="s"><v>2</v></c><c r="B1" t="s"><v>3</v></c></row><row r="2"><c r="A2" t="s"><v>0</v></c><c r="B2"><v>42</v></c></row>'
    rows += '<row r="3"><c r="A3" t="s"><v>1</v></c><c r="B3" t="e"><v>#DIV/0!</v></c></row><row r="4"><c r="A4" t="str"><f>A1</f><v>told 43</v></c><c r="B4"><v>44</v></c></row>'
    script = Script()
    script.heading("Data")
    script.table([("Key", "Value"), ("Rich text 41", "42"), ("東京", "#DIV/0!"), ("told 43", "44")])
    return Sample("xlsx/rich-cells.xlsx", _book(rows, strings), script.truth(absent=("トウキョウ",)))


def _cell_comment() -> Sample:
    """A comment on a cell is content that a reader sees."""
    comment = f'<comments {_SHEET}><authors><author>Kim</author></authors><commentList><comment ref="B2" authorId="0"><text><r><t>Check with plant 66</t></r></text></comment></commentList></comments>'
    more = {
        "xl/comments1.xml": xml(comment),
        "xl/worksheets/_rels/sheet1.xml.rels": relations({"r1": ("comments", "../comments1.xml")}),
    }
    rows = '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row><row r="2"><c r="A2"><v>7</v></c><c r="B2"><v>8</v></c></row>'
    script = Script()
    script.heading("Data")
    script.table([("Lot", "Count"), ("7", "8")])
    known = script.truth(aside="Check with plant 66", allowed="Kim B2 Comment comment Comments")
    return Sample("xlsx/comment.xlsx", _book(rows, "<si><t>Lot</t></si><si><t>Count</t></si>", more), known)


def _pages() -> Iterator[Sample]:
    body = "<h1>Terms</h1><dl><dt>Lot</dt><dd>A batch of 50</dd><dt>Gross</dt><dd>144 pieces</dd></dl><ol start=4><li>four</li><li>five</li></ol>"
    body += "<details><summary>More 55</summary><p>Inner 56</p></details><p>H<sub>2</sub>O and 10<sup>3</sup></p><blockquote>Quoted 57</blockquote>"
    known = Truth(
        "Terms\nLot\nA batch of 50\nGross\n144 pieces\nfour\nfive\nMore 55\nInner 56",
        ("Terms",),
        aside="Quoted 57 and",
        allowed="H 2 O H2O 10 3 103 10^3^ H~2~O H₂O 10³ 10^3 4 5",
    )
    yield Sample("html/lists.html", f"<!DOCTYPE html><html><body>{body}</body></html>".encode(), known)
    body = "<h1>Signs</h1><p>Low &#150; high &#128; 5 &#147;quoted&#148; A&nbsp;7 &lt;tag&gt; 2 &times; 3 a*b*c _x_ 1. end</p>"
    known = Truth("Signs\nLow – high € 5 “quoted” A 7 <tag> 2 × 3 a*b*c _x_ 1. end", ("Signs",))
    yield Sample(
        "html/signs.html",
        f"<html><head><meta charset=utf-8></head><body>{body}</body></html>".encode(),
        known,
    )
    inner = "<table><tr><td>inner 61</td><td>62</td></tr></table>"
    body = f"<h1>Nested</h1><table><tr><th>Part</th><th>Detail</th></tr><tr><td>P-60</td><td>{inner}</td></tr></table><p>After 63</p>"
    yield Sample(
        "html/table-in-table.html",
        f"<html><body>{body}</body></html>".encode(),
        Truth("Nested\nPart Detail\nP-60 inner 61 62\nAfter 63", ("Nested",)),
    )
    body = '<h1>Form</h1><label>Name <input value="Ada 71"></label><select><option>red</option><option selected>blue 72</option></select><textarea>note 73</textarea><p hidden>gone</p><p>End 74</p>'
    known = Truth("Form\nName\nEnd 74", ("Form",), allowed="Ada 71 red blue 72 note 73 gone")
    yield Sample("html/form.html", f"<html><body>{body}</body></html>".encode(), known)
