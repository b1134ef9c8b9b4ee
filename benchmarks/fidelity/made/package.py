"""ZIP packages of Office files, the same bytes each time."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def zipped(members: Mapping[str, str | bytes], *, stored: Sequence[str] = ()) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            method = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            archive.writestr(info, content, method)
    return buffer.getvalue()


def xml(body: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n{body}'


def types(parts: Mapping[str, str]) -> str:
    """Return the list of parts and their types; `parts` gives each part's type after the vendor's prefix."""
    base = "application/vnd.openxmlformats-officedocument."
    rows = "".join(
        f'<Override PartName="/{name}" ContentType="{base}{kind}+xml"/>' for name, kind in parts.items()
    )
    return xml(
        f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{rows}</Types>'
    )


def relations(targets: Mapping[str, tuple[str, str]]) -> str:
    """Return a part of relations: {id: (kind, target)}."""
    rows = "".join(
        f'<Relationship Id="{name}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for name, (kind, target) in targets.items()
    )
    return xml(f'<Relationships xmlns="{_PACKAGE}/relationships">{rows}</Relationships>')


def chart(names: Sequence[str], series: Mapping[str, Sequence[float]], title: str) -> str:
    """Return a bar chart with its cached values, which are what a reader sees."""
    dml = "http://schemas.openxmlformats.org/drawingml/2006/"
    points = "".join(f'<c:pt idx="{at}"><c:v>{escape(name)}</c:v></c:pt>' for at, name in enumerate(names))
    categories = f'<c:cat><c:strRef><c:f>A</c:f><c:strCache><c:ptCount val="{len(names)}"/>{points}</c:strCache></c:strRef></c:cat>'
    body = ""
    for at, (name, values) in enumerate(series.items()):
        cached = "".join(
            f'<c:pt idx="{place}"><c:v>{value:g}</c:v></c:pt>' for place, value in enumerate(values)
        )
        body += (
            f'<c:ser><c:idx val="{at}"/><c:order val="{at}"/><c:tx><c:strRef><c:f>B</c:f><c:strCache><c:ptCount val="1"/>'
            f'<c:pt idx="0"><c:v>{escape(name)}</c:v></c:pt></c:strCache></c:strRef></c:tx>{categories}<c:val><c:numRef><c:f>C</c:f>'
            f'<c:numCache><c:formatCode>General</c:formatCode><c:ptCount val="{len(values)}"/>{cached}</c:numCache></c:numRef></c:val></c:ser>'
        )
    heading = f"<c:title><c:tx><c:rich><a:bodyPr/><a:p><a:r><a:t>{escape(title)}</a:t></a:r></a:p></c:rich></c:tx></c:title>"
    return xml(
        f'<c:chartSpace xmlns:c="{dml}chart" xmlns:a="{dml}main"><c:chart>{heading}<c:plotArea><c:layout/><c:barChart>'
        f'<c:barDir val="col"/>{body}<c:axId val="1"/><c:axId val="2"/></c:barChart><c:catAx><c:axId val="1"/></c:catAx>'
        '<c:valAx><c:axId val="2"/></c:valAx></c:plotArea></c:chart></c:chartSpace>'
    )


def chart_rows(names: Sequence[str], series: Mapping[str, Sequence[float]]) -> list[list[str]]:
    """Return a chart as the table a reader would write down."""
    head = ["", *series]
    return [
        head,
        *([name, *(f"{values[at]:g}" for values in series.values())] for at, name in enumerate(names)),
    ]
