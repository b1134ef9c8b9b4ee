"""Presentations: order of slides, notes, charts, tables, groups."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from fidelity.made.package import OFFICE, chart, chart_rows, relations, types, xml, zipped
from fidelity.made.story import TYPOGRAPHY, Teller
from fidelity.truth import PARTIAL, Sample, Script, Truth

_NS = (
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
    f'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:r="{OFFICE}"'
)
_ROOT = '<p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>'
_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/"


@dataclass
class Slide:
    """Shapes in the order in which they stand; `charts` are whole parts, `notes` the speaker's text."""

    shapes: list[str] = field(default_factory=list)
    notes: Sequence[str] = ()
    charts: list[str] = field(default_factory=list)

    def title(self, text: str) -> "Slide":
        return self._shape([text], '<p:ph type="title"/>', top=300000)

    def text(self, *lines: str, top: int = 1600000, left: int = 500000) -> "Slide":
        return self._shape(lines, '<p:ph type="body" idx="1"/>', top=top, left=left)

    def box(self, *lines: str, top: int, left: int = 500000) -> "Slide":
        return self._shape(lines, "", top=top, left=left)

    def _shape(self, lines: Sequence[str], place: str, *, top: int, left: int = 500000) -> "Slide":
        self.shapes.append(shape(len(self.shapes) + 2, lines, place, top=top, left=left))
        return self

    def table(
        self,
        rows: Sequence[Sequence[str]],
        top: int = 2000000,
        *,
        spans: Mapping[tuple[int, int], str] | None = None,
    ) -> "Slide":
        body = ""
        for at, row in enumerate(rows):
            cells = (
                f"<a:tc{(spans or {}).get((at, place), '')}><a:txBody><a:bodyPr/>{lines([text])}</a:txBody><a:tcPr/></a:tc>"
                for place, text in enumerate(row)
            )
            body += f'<a:tr h="370000">{"".join(cells)}</a:tr>'
        grid = '<a:gridCol w="1500000"/>' * len(rows[0])
        self._frame(
            "table", f'<a:tbl><a:tblPr firstRow="1"/><a:tblGrid>{grid}</a:tblGrid>{body}</a:tbl>', top
        )
        return self

    def chart(
        self, names: Sequence[str], series: Mapping[str, Sequence[float]], title: str, top: int = 2000000
    ) -> "Slide":
        self.charts.append(chart(names, series, title))
        self._frame("chart", f'<c:chart xmlns:c="{_DRAWING}chart" r:id="c{len(self.charts)}"/>', top)
        return self

    def _frame(self, kind: str, inner: str, top: int) -> None:
        number = len(self.shapes) + 2
        self.shapes.append(
            f'<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr id="{number}" name="{kind} {number}"/><p:cNvGraphicFramePr/><p:nvPr/>'
            f'</p:nvGraphicFramePr><p:xfrm><a:off x="500000" y="{top}"/><a:ext cx="8000000" cy="1400000"/></p:xfrm><a:graphic>'
            f'<a:graphicData uri="{_DRAWING}{kind}">{inner}</a:graphicData></a:graphic></p:graphicFrame>'
        )

    def group(self, *boxes: str, top: int) -> "Slide":
        inner = "".join(shape(40 + at, [text], "", top=top + 300000 * at) for at, text in enumerate(boxes))
        place = f'<a:off x="500000" y="{top}"/><a:ext cx="3000000" cy="900000"/>'
        self.shapes.append(
            f'<p:grpSp><p:nvGrpSpPr><p:cNvPr id="39" name="Group"/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr><a:xfrm>{place}'
            f"{place.replace('a:off', 'a:chOff').replace('a:ext', 'a:chExt')}</a:xfrm></p:grpSpPr>{inner}</p:grpSp>"
        )
        return self


def lines(texts: Sequence[str]) -> str:
    return "".join(f"<a:p><a:r><a:t>{escape(text)}</a:t></a:r></a:p>" for text in texts)


def shape(number: int, texts: Sequence[str], place: str, *, top: int, left: int = 500000) -> str:
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="{number}" name="Shape {number}"/><p:cNvSpPr/><p:nvPr>{place}</p:nvPr></p:nvSpPr><p:spPr><a:xfrm>'
        f'<a:off x="{left}" y="{top}"/><a:ext cx="3000000" cy="250000"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></p:spPr>'
        f"<p:txBody><a:bodyPr/>{lines(texts)}</p:txBody></p:sp>"
    )


def presentation(slides: Sequence[Slide], *, parts: Sequence[int] = (), missing: Sequence[int] = ()) -> bytes:
    """Return the file. `parts` gives the number of each slide's part, in the order of showing."""
    numbers = parts or range(1, len(slides) + 1)
    kinds = {"ppt/presentation.xml": "presentationml.presentation.main"}
    related: dict[str, tuple[str, str]] = {}
    members: dict[str, str | bytes] = {}
    charts = 0
    for at, (slide, number) in enumerate(zip(slides, numbers, strict=True)):
        name = f"slides/slide{number}.xml"
        related[f"r{at}"] = ("slide", name)
        if number in missing:
            continue
        kinds[f"ppt/{name}"] = "presentationml.slide"
        members[f"ppt/{name}"] = _sheet("sld", "".join(slide.shapes))
        own: dict[str, tuple[str, str]] = {}
        for place, content in enumerate(slide.charts, 1):
            charts += 1
            kinds[f"ppt/charts/chart{charts}.xml"] = "drawingml.chart"
            members[f"ppt/charts/chart{charts}.xml"] = content
            own[f"c{place}"] = ("chart", f"../charts/chart{charts}.xml")
        if slide.notes:
            kinds[f"ppt/notesSlides/notesSlide{number}.xml"] = "presentationml.notesSlide"
            note = shape(3, slide.notes, '<p:ph type="body" idx="1"/>', top=0)
            members[f"ppt/notesSlides/notesSlide{number}.xml"] = _sheet("notes", note)
            own["n1"] = ("notesSlide", f"../notesSlides/notesSlide{number}.xml")
        members[f"ppt/slides/_rels/slide{number}.xml.rels"] = relations(own)
    listed = "".join(f'<p:sldId id="{256 + at}" r:id="r{at}"/>' for at in range(len(slides)))
    index = f'<p:presentation {_NS}><p:sldIdLst>{listed}</p:sldIdLst><p:sldSz cx="9144000" cy="6858000"/><p:notesSz cx="6858000" cy="9144000"/></p:presentation>'
    head = {
        "[Content_Types].xml": types(kinds),
        "_rels/.rels": relations({"r1": ("officeDocument", "ppt/presentation.xml")}),
        "ppt/presentation.xml": xml(index),
        "ppt/_rels/presentation.xml.rels": relations(related),
    }
    return zipped(head | dict(sorted(members.items())))


def _sheet(kind: str, shapes: str) -> str:
    return xml(f"<p:{kind} {_NS}><p:cSld><p:spTree>{_ROOT}{shapes}</p:spTree></p:cSld></p:{kind}>")


def samples() -> Iterator[Sample]:
    for at, language in enumerate(("en", "de", "ru")):
        yield _talk(language, 300 + at)
    yield _order()
    yield _notes()
    yield _chart()
    yield _chart_between()
    yield _pipes()
    yield _groups()
    yield _merged()
    yield _typography()
    yield _missing_slide()
    yield _two_boxes()


def _sample(name: str, slides: Sequence[Slide], known: Truth, **more: Sequence[int]) -> Sample:
    return Sample(f"pptx/{name}.pptx", presentation(slides, **more), known)


def _talk(language: str, seed: int) -> Sample:
    teller, script, slides = Teller(language, seed), Script(), []
    for at in range(5):
        title, points, grid = (
            teller.sentence(4)[:-1],
            [teller.sentence(6) for _ in range(3)],
            teller.grid(3, 3).rows,
        )
        slide = Slide().title(title).text(*points)
        script.heading(title)
        script.add(*points)
        if at % 2:
            slide.table(grid, top=3000000)
            script.table(grid)
        slides.append(slide)
    return _sample(f"talk-{language}", slides, script.truth())


def _order() -> Sample:
    """Twelve slides whose parts are numbered otherwise than they are shown."""
    script, slides = Script(), []
    for at in range(12):
        script.heading(f"Step {at + 1}")
        script.add(f"Station {at * 31 + 7} opens")
        slides.append(Slide().title(f"Step {at + 1}").text(f"Station {at * 31 + 7} opens"))
    return _sample("order", slides, script.truth(), parts=[12, 1, 11, 2, 10, 3, 9, 4, 8, 5, 7, 6])


def _notes() -> Sample:
    script, slides = Script(), []
    for at in range(3):
        notes = [f"Say that {at + 3} of {at * 7 + 20} plants reported.", "Pause – then “questions”."]
        script.heading(f"Report {at + 1}")
        script.add(f"Plants reporting: {at + 3}", *notes)
        slides.append(Slide(notes=notes).title(f"Report {at + 1}").text(f"Plants reporting: {at + 3}"))
    return _sample("notes", slides, script.truth(allowed="Notes Notes Notes Speaker notes Note " * 3))


_YEARS = ["2021", "2022", "2023", "2024"]


def _chart() -> Sample:
    series = {"Größe A": [12.5, 13.25, 14, 15.75], "Größe B": [7, 8.5, 9.25, 11]}
    slides = [
        Slide().title("Sizes").chart(_YEARS, series, "Sizes by year"),
        Slide().title("End").text("Thanks, 27 listeners"),
    ]
    script = Script()
    script.heading("Sizes")
    script.add("Sizes by year")
    script.table(chart_rows(_YEARS, series))
    script.heading("End")
    script.add("Thanks, 27 listeners")
    return _sample("chart", slides, script.truth(allowed="Category chart Chart bar"))


def _chart_between() -> Sample:
    """A chart and a table between two boxes of text."""
    series = {"North": [310, 355, 402, 431]}
    rows = [("Plant", "Staff"), ("Ulm", "144"), ("Gent", "97")]
    slide = (
        Slide()
        .title("Plants")
        .box("First the yearly output of region 7:", top=1000000)
        .chart(_YEARS, series, "Output", top=1500000)
    )
    slide.box("Then who works there since 1998:", top=3200000).table(rows, top=3700000).box(
        "Source: survey 44", top=5600000
    )
    script = Script()
    script.heading("Plants")
    script.add("First the yearly output of region 7:", "Output")
    script.table(chart_rows(_YEARS, series))
    script.add("Then who works there since 1998:")
    script.table(rows)
    script.add("Source: survey 44")
    return _sample("chart-between", [slide], script.truth(allowed="Category"))


def _pipes() -> Sample:
    rows = [("Command", "Means"), ("ls | wc", "count | files"), ("a || b", "or"), ("C:\\temp", "70 | 30")]
    script = Script()
    script.heading("Pipes")
    script.table(rows)
    return _sample("pipes", [Slide().title("Pipes").table(rows)], script.truth())


def _groups() -> Sample:
    slide = (
        Slide()
        .title("Flow")
        .group("Receive 12 orders", "Check 9 orders", "Ship 8 orders", top=1500000)
        .text("All within 3 days", top=4000000)
    )
    return _sample(
        "groups",
        [slide],
        Truth("Flow\nReceive 12 orders\nCheck 9 orders\nShip 8 orders\nAll within 3 days", ("Flow",)),
    )


def _merged() -> Sample:
    rows = [("Quarter", "Budget", ""), ("", "Plan", "Actual"), ("Q1", "100", "95"), ("Q2", "120", "131")]
    spans = {(0, 1): ' gridSpan="2"', (0, 2): ' hMerge="1"', (0, 0): ' rowSpan="2"', (1, 0): ' vMerge="1"'}
    script = Script()
    script.heading("Budget 2025")
    script.table(rows)
    return _sample(
        "merged",
        [Slide().title("Budget 2025").table(rows, spans=spans)],
        script.truth(allowed="Quarter Budget"),
    )


def _typography() -> Sample:
    script = Script()
    slides: list[Slide] = []
    for block in TYPOGRAPHY[1:]:
        title = f"Slide – “{len(slides) + 1}”"
        script.heading(title)
        script.add(block.text)
        slides.append(Slide().title(title).text(block.text))
    return _sample("typography", slides, script.truth())


def _missing_slide() -> Sample:
    """The second of three slides is listed and not there."""
    slides = [Slide().title(f"Part {at}").text(f"Content number {at * 111}") for at in (1, 2, 3)]
    known = Truth(
        "Part 1\nContent number 111\nPart 3\nContent number 333",
        ("Part 1", "Part 3"),
        outcomes=(PARTIAL,),
        named=("slide",),
    )
    return _sample("missing-slide", slides, known, missing=[2])


def _two_boxes() -> Sample:
    """Two columns of text: left before right."""
    slide = (
        Slide()
        .title("Compare")
        .text("Left one 11", "Left two 12", left=500000)
        .box("Right one 21", "Right two 22", top=1600000, left=4800000)
    )
    known = Truth("Compare\nLeft one 11\nLeft two 12\nRight one 21\nRight two 22", ("Compare",))
    return _sample("two-boxes", [slide], known)
