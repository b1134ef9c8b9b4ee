"""Word's equations (OMML) in one line, and as LaTeX for Markdown."""

import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping

from docbatch.providers.local.flow.xml_tree import children, first

_DEEPEST = 40
_PART = "m:"
# For each construction: its parts, the line, and LaTeX.
_FORMS: Mapping[str, tuple[tuple[str, ...], str, str]] = {
    "m:f": (("num", "den"), "{}/{}", r"\frac{{{}}}{{{}}}"),
    "m:sSup": (("e", "sup"), "{}^{}", "{}^{{{}}}"),
    "m:sSub": (("e", "sub"), "{}_{}", "{}_{{{}}}"),
    "m:sSubSup": (("e", "sub", "sup"), "{}_{}^{}", "{}_{{{}}}^{{{}}}"),
    "m:sPre": (("sub", "sup", "e"), "_{}^{} {}", "{{}}_{{{}}}^{{{}}} {}"),
    "m:rad": (("deg", "e"), "{}√{}", r"\sqrt[{}]{{{}}}"),
    "m:func": (("fName", "e"), "{} {}", "{} {}"),
    "m:limLow": (("e", "lim"), "{}_{}", "{}_{{{}}}"),
    "m:limUpp": (("e", "lim"), "{}^{}", "{}^{{{}}}"),
    "m:bar": (("e",), "{}", r"\overline{{{}}}"),
}
_WORDS = frozenset({"m:t", "w:t"})
_GONE = frozenset({"w:del", "w:moveFrom"})
# What is written between other parts needs no brackets of its own.
_ALONE = frozenset({"fName", "deg"})
_LONG = 2
_SIGNS = {
    "∑": r"\sum",
    "∫": r"\int",
    "∏": r"\prod",
    "∬": r"\iint",
    "∮": r"\oint",
    "\N{N-ARY UNION}": r"\bigcup",
    "⋂": r"\bigcap",
}


def line(equation: ET.Element) -> str:
    return _written(equation, 0, latex=False)


def latex(equation: ET.Element) -> str:
    return _written(equation, 0, latex=True)


def _written(element: ET.Element, depth: int, *, latex: bool) -> str:
    if depth > _DEEPEST:
        return "".join(each.text or "" for each in element.iter("m:t"))
    return "".join(_one(child, depth + 1, latex=latex) for child in element)


def _one(element: ET.Element, depth: int, *, latex: bool) -> str:
    name = element.tag
    if name in _FORMS:
        names, one_line, form = _FORMS[name]
        parts = [_part(element, part, depth, latex=latex) for part in names]
        return (form if latex else one_line).format(*parts).replace(r"\sqrt[]", r"\sqrt")
    if name in _SHAPES:
        return _SHAPES[name](element, depth, latex)
    if name in _WORDS:
        return element.text or ""
    if name.endswith("Pr") or name in _GONE:
        return ""
    return _written(element, depth, latex=latex)


def _part(element: ET.Element, name: str, depth: int, *, latex: bool) -> str:
    part = first(element, _PART + name)
    if part is None:
        return ""
    text = _written(part, depth, latex=latex)
    return text if latex or len(text) < _LONG or name in _ALONE else f"({text})"


def _property(element: ET.Element, properties: str, name: str, otherwise: str) -> str:
    found = first(element, _PART + properties, _PART + name)
    return otherwise if found is None else found.get("m:val", "")


def _delimited(element: ET.Element, depth: int, latex: bool) -> str:
    opening, closing, between = (
        _property(element, "dPr", *each) for each in (("begChr", "("), ("endChr", ")"), ("sepChr", "|"))
    )
    inner = (_written(part, depth, latex=latex) for part in children(element, "m:e"))
    return f"{opening}{between.join(inner)}{closing}"


def _sum(element: ET.Element, depth: int, latex: bool) -> str:
    sign = _property(element, "naryPr", "chr", "∫")
    low, high, inner = (_part(element, name, depth, latex=latex) for name in ("sub", "sup", "e"))
    form = ("_{{{}}}", "^{{{}}}") if latex else ("_{}", "^{}")
    limits = (form[0].format(low) if low else "") + (form[1].format(high) if high else "")
    return f"{_SIGNS.get(sign, sign) if latex else sign}{limits} {inner}"


def _rows(element: ET.Element, depth: int, latex: bool) -> str:
    if element.tag == "m:eqArr":
        lines = [_written(each, depth, latex=latex) for each in children(element, "m:e")]
        return (r" \\ " if latex else "; ").join(lines)
    rows = [
        [_written(cell, depth, latex=latex) for cell in children(row, "m:e")]
        for row in children(element, "m:mr")
    ]
    if latex:
        return r"\begin{matrix}" + r" \\ ".join(" & ".join(row) for row in rows) + r"\end{matrix}"
    return "; ".join(", ".join(row) for row in rows)


def _accented(element: ET.Element, depth: int, latex: bool) -> str:
    return _part(element, "e", depth, latex=latex) + _property(element, "accPr", "chr", "\u0302")


_SHAPES: Mapping[str, Callable[[ET.Element, int, bool], str]] = {
    "m:d": _delimited,
    "m:nary": _sum,
    "m:m": _rows,
    "m:eqArr": _rows,
    "m:acc": _accented,
}
