"""Presentations made part by part, whole and broken."""

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

from tests.providers.local.specimens import zipped

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_REL = "http://schemas.openxmlformats.org/package/2006/relationships"
_NS = (
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
    'xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    f'xmlns:r="{OFFICE}"'
)
TITLE = '<p:ph type="title"/>'


def relations(related: Mapping[str, tuple[str, str]]) -> str:
    """Return a part of relations: the last word of the type and the target, by identifier."""
    each = "".join(
        f'<Relationship Id="{name}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for name, (kind, target) in related.items()
    )
    return f'<Relationships xmlns="{_REL}">{each}</Relationships>'


def paragraph(text: str, properties: str = "") -> str:
    runs = "<a:br/>".join(f"<a:r><a:t>{escape(part)}</a:t></a:r>" for part in text.split("\n"))
    return f"<a:p>{properties}{runs}</a:p>"


def shape(*texts: str, place: str = "", at: tuple[int, int, int, int] | None = None, about: str = "") -> str:
    """Return a shape; `at` is left, top, width and height. A text that begins with < is a paragraph as it is."""
    body = "".join(text if text.startswith("<") else paragraph(text) for text in texts)
    box = "" if at is None else _box(at)
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="2" name="" {about}/><p:cNvSpPr/><p:nvPr>{place}</p:nvPr></p:nvSpPr>'
        f"<p:spPr>{box}</p:spPr><p:txBody><a:bodyPr/>{body}</p:txBody></p:sp>"
    )


def frame(content: str, at: tuple[int, int, int, int] = (0, 3000000, 100, 100)) -> str:
    box = _box(at).replace("a:xfrm", "p:xfrm")
    return (
        '<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr id="3" name=""/><p:cNvGraphicFramePr/><p:nvPr/></p:nvGraphicFramePr>'
        f"{box}<a:graphic><a:graphicData>{content}</a:graphicData></a:graphic></p:graphicFrame>"
    )


def table(*rows: Sequence[tuple[str, str]]) -> str:
    """Return a table of cells, each with its text and its attributes."""
    lines = "".join(
        "<a:tr>"
        + "".join(f"<a:tc {more}><a:txBody>{paragraph(text)}</a:txBody></a:tc>" for text, more in row)
        + "</a:tr>"
        for row in rows
    )
    return f"<a:tbl>{lines}</a:tbl>"


def slide(*shapes: str, attributes: str = "", root: str = "sld") -> str:
    head = '<p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>'
    return f"<p:{root} {_NS} {attributes}><p:cSld><p:spTree>{head}{''.join(shapes)}</p:spTree></p:cSld></p:{root}>"


def part(name: str, content: str) -> str:
    return f"<{name} {_NS}>{content}</{name}>"


def chart(names: Sequence[str], series: Mapping[str, Sequence[str]], title: str = "") -> str:
    def points(values: Sequence[str]) -> str:
        return "".join(f'<c:pt idx="{at}"><c:v>{value}</c:v></c:pt>' for at, value in enumerate(values))

    said = f"<c:title><c:tx><c:rich>{paragraph(title)}</c:rich></c:tx></c:title>" if title else ""
    each = "".join(
        f"<c:ser><c:tx><c:strRef><c:strCache>{points([name])}</c:strCache></c:strRef></c:tx>"
        f"<c:cat><c:strRef><c:strCache>{points(names)}</c:strCache></c:strRef></c:cat>"
        f"<c:val><c:numRef><c:f>S!$B$2</c:f><c:numCache>{points(values)}</c:numCache></c:numRef></c:val></c:ser>"
        for name, values in series.items()
    )
    plot = f"<c:plotArea><c:barChart>{each}</c:barChart></c:plotArea>"
    return part("c:chartSpace", f"<c:chart>{said}{plot}</c:chart>")


def pptx(
    slides: Mapping[str, str],
    more: Mapping[str, str | bytes] | None = None,
    *,
    listed: Sequence[str] | None = None,
) -> bytes:
    """Return a presentation of slides by the name of their part, such as slide1; `listed` is the order of showing."""
    order = list(slides) if listed is None else listed
    shown = "".join(f'<p:sldId id="{256 + at}" r:id="r{at}"/>' for at in range(len(order)))
    members: dict[str, str | bytes] = {
        "_rels/.rels": relations({"r1": ("officeDocument", "ppt/presentation.xml")}),
        "ppt/presentation.xml": part("p:presentation", f"<p:sldIdLst>{shown}</p:sldIdLst>"),
        "ppt/_rels/presentation.xml.rels": relations(
            {f"r{at}": ("slide", f"slides/{name}.xml") for at, name in enumerate(order)}
        ),
    }
    members |= {f"ppt/slides/{name}.xml": content for name, content in slides.items()}
    return zipped(members | dict(more or {}))


def _box(at: tuple[int, int, int, int]) -> str:
    return f'<a:xfrm><a:off x="{at[0]}" y="{at[1]}"/><a:ext cx="{at[2]}" cy="{at[3]}"/></a:xfrm>'
