"""PPTX presentations: a title and lines or a table on each slide."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from formats.archive import content_types, core_properties, pack, relationships, xml

_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_NAMESPACES = (
    'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
    f'xmlns:a="{_DRAWING}" xmlns:r="{_OFFICE}"'
)
_MAIN = "application/vnd.openxmlformats-officedocument.presentationml"
_ROOT = '<p:nvGrpSpPr><p:cNvPr id="1" name=""/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>'
_SLIDE_SIZE = '<p:sldSz cx="9144000" cy="6858000"/><p:notesSz cx="6858000" cy="9144000"/>'


@dataclass(frozen=True)
class Slide:
    title: str
    lines: Sequence[str] = ()
    table: Sequence[Sequence[str]] = ()


def presentation(title: str, slides: Sequence[Slide]) -> bytes:
    files = [f"slides/slide{number}.xml" for number in range(1, len(slides) + 1)]
    members = _skeleton(title, files)
    for name, slide in zip(files, slides, strict=True):
        members[f"ppt/{name}"] = _slide(slide)
        members[f"ppt/slides/_rels/{name.rpartition('/')[2]}.rels"] = relationships(
            {"../slideLayouts/slideLayout1.xml": f"{_OFFICE}/slideLayout"}
        )
    return pack(members)


def _skeleton(title: str, files: Sequence[str]) -> dict[str, str]:
    layout, master, theme = (
        "slideLayouts/slideLayout1.xml",
        "slideMasters/slideMaster1.xml",
        "theme/theme1.xml",
    )
    parts = {
        "ppt/presentation.xml": f"{_MAIN}.presentation.main+xml",
        f"ppt/{master}": f"{_MAIN}.slideMaster+xml",
        f"ppt/{layout}": f"{_MAIN}.slideLayout+xml",
        f"ppt/{theme}": "application/vnd.openxmlformats-officedocument.theme+xml",
        "docProps/core.xml": "application/vnd.openxmlformats-package.core-properties+xml",
    }
    parts |= {f"ppt/{name}": f"{_MAIN}.slide+xml" for name in files}
    package = "http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties"
    roots = {"ppt/presentation.xml": f"{_OFFICE}/officeDocument", "docProps/core.xml": package}
    targets = {master: f"{_OFFICE}/slideMaster"} | dict.fromkeys(files, f"{_OFFICE}/slide")
    styles = {f"../{layout}": f"{_OFFICE}/slideLayout", f"../{theme}": f"{_OFFICE}/theme"}
    return {
        "[Content_Types].xml": content_types(parts),
        "_rels/.rels": relationships(roots),
        "docProps/core.xml": core_properties(title),
        "ppt/presentation.xml": _index(len(files)),
        "ppt/_rels/presentation.xml.rels": relationships(targets),
        f"ppt/{master}": _master(),
        "ppt/slideMasters/_rels/slideMaster1.xml.rels": relationships(styles),
        f"ppt/{layout}": _part("sldLayout", ""),
        "ppt/slideLayouts/_rels/slideLayout1.xml.rels": relationships(
            {f"../{master}": f"{_OFFICE}/slideMaster"}
        ),
        f"ppt/{theme}": _theme(),
    }


def _part(kind: str, shapes: str, after: str = "") -> str:
    tree = f"<p:cSld><p:spTree>{_ROOT}{shapes}</p:spTree></p:cSld>"
    return xml(f"<p:{kind} {_NAMESPACES}>{tree}{after}</p:{kind}>")


def _index(count: int) -> str:
    slides = "".join(f'<p:sldId id="{256 + at}" r:id="rId{at + 2}"/>' for at in range(count))
    masters = '<p:sldMasterIdLst><p:sldMasterId id="2147483648" r:id="rId1"/></p:sldMasterIdLst>'
    body = f"{masters}<p:sldIdLst>{slides}</p:sldIdLst>{_SLIDE_SIZE}"
    return xml(f"<p:presentation {_NAMESPACES}>{body}</p:presentation>")


def _master() -> str:
    names = ["bg1", "tx1", "bg2", "tx2"]
    colours = ["lt1", "dk1", "lt2", "dk2"]
    rest = [*(f"accent{number}" for number in range(1, 7)), "hlink", "folHlink"]
    pairs = zip(names + rest, colours + rest, strict=True)
    mapping = " ".join(f'{name}="{colour}"' for name, colour in pairs)
    layouts = '<p:sldLayoutIdLst><p:sldLayoutId id="2147483649" r:id="rId1"/></p:sldLayoutIdLst>'
    return _part("sldMaster", "", f"<p:clrMap {mapping}/>{layouts}")


def _slide(slide: Slide) -> str:
    shapes = _text(2, "title", [slide.title], top=400000, height=1000000)
    if slide.lines:
        shapes += _text(3, "body", slide.lines, top=1600000, height=4000000)
    if slide.table:
        shapes += _table(slide.table)
    return _part("sld", shapes)


def _text(number: int, kind: str, lines: Sequence[str], *, top: int, height: int) -> str:
    paragraphs = "".join(f"<a:p><a:r><a:t>{escape(line)}</a:t></a:r></a:p>" for line in lines)
    return (
        f'<p:sp><p:nvSpPr><p:cNvPr id="{number}" name="{kind}"/><p:cNvSpPr/><p:nvPr><p:ph type="{kind}"/></p:nvPr>'
        f'</p:nvSpPr><p:spPr><a:xfrm><a:off x="500000" y="{top}"/><a:ext cx="8000000" cy="{height}"/></a:xfrm>'
        f'<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></p:spPr><p:txBody><a:bodyPr/>{paragraphs}</p:txBody></p:sp>'
    )


def _table(rows: Sequence[Sequence[str]]) -> str:
    width = 8000000 // len(rows[0])
    grid = f'<a:gridCol w="{width}"/>' * len(rows[0])
    body = "".join(f'<a:tr h="370000">{"".join(map(_cell, row))}</a:tr>' for row in rows)
    return (
        '<p:graphicFrame><p:nvGraphicFramePr><p:cNvPr id="4" name="table"/><p:cNvGraphicFramePr/><p:nvPr/>'
        '</p:nvGraphicFramePr><p:xfrm><a:off x="500000" y="1800000"/>'
        f'<a:ext cx="8000000" cy="{370000 * len(rows)}"/></p:xfrm><a:graphic><a:graphicData uri='
        '"http://schemas.openxmlformats.org/drawingml/2006/table"><a:tbl><a:tblPr firstRow="1"/>'
        f"<a:tblGrid>{grid}</a:tblGrid>{body}</a:tbl></a:graphicData></a:graphic></p:graphicFrame>"
    )


def _cell(text: str) -> str:
    return f"<a:tc><a:txBody><a:bodyPr/><a:p><a:r><a:t>{escape(text)}</a:t></a:r></a:p></a:txBody><a:tcPr/></a:tc>"


def _theme() -> str:
    palette = ["dk1:111111", "lt1:FFFFFF", "dk2:333333", "lt2:EEEEEE", "hlink:0000CC", "folHlink:660066"]
    palette[4:4] = [f"accent{number}:{number * 2}{number}7788" for number in range(1, 7)]
    colours = "".join(
        f'<a:{name}><a:srgbClr val="{value[-6:].zfill(6)}"/></a:{name}>'
        for name, _, value in (entry.partition(":") for entry in palette)
    )
    face = '<a:latin typeface="Arial"/><a:ea typeface=""/><a:cs typeface=""/>'
    fill = '<a:solidFill><a:schemeClr val="phClr"/></a:solidFill>'
    effect = "<a:effectStyle><a:effectLst/></a:effectStyle>"
    formats = (
        f"<a:fillStyleLst>{fill * 3}</a:fillStyleLst><a:lnStyleLst>{f'<a:ln>{fill}</a:ln>' * 3}</a:lnStyleLst>"
        f"<a:effectStyleLst>{effect * 3}</a:effectStyleLst><a:bgFillStyleLst>{fill * 3}</a:bgFillStyleLst>"
    )
    return xml(
        f'<a:theme xmlns:a="{_DRAWING}" name="Plain"><a:themeElements><a:clrScheme name="Plain">{colours}</a:clrScheme>'
        f'<a:fontScheme name="Plain"><a:majorFont>{face}</a:majorFont><a:minorFont>{face}</a:minorFont></a:fontScheme>'
        f'<a:fmtScheme name="Plain">{formats}</a:fmtScheme></a:themeElements></a:theme>'
    )
