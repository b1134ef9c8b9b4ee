"""What cells hold, and what they show: shared texts, formats of styles, values by their kind."""

import html
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from docbatch.providers.local.flow import xml_stream
from docbatch.providers.local.flow.raised import raised
from docbatch.providers.local.flow.unreadable import UnreadablePartError
from docbatch.providers.local.flow.xml_tree import whole
from docbatch.providers.local.office.opc import OpcPackage
from docbatch.providers.local.office.sheets import number_format
from docbatch.providers.local.office.sheets.format_code import BUILT_IN

ERRORS: Mapping[int, str] = {
    0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!",
    0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A", 0x2B: "#GETTING_DATA",
}  # fmt: skip
"""What binary workbooks keep of values that went wrong."""
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")


@dataclass(slots=True)
class Workings:
    """What the cells of all sheets of a workbook refer to. `formats` are the codes of styles, by their number."""

    texts: Sequence[str] = ()
    formats: Sequence[str] = ()
    is_1904: bool = False

    def code(self, style: int) -> str:
        return self.formats[style] if 0 <= style < len(self.formats) else number_format.GENERAL

    def number(self, value: str, style: int) -> str:
        """Return a number, given as it is written in the file, as its style shows it."""
        code = self.code(style)
        if code == number_format.GENERAL and value.isdigit():
            return value
        try:
            number = float(value)
        except ValueError:
            return value.strip()
        return self.real(number, style)

    def real(self, value: float, style: int) -> str:
        return number_format.number(value, self.code(style), is_1904=self.is_1904)

    def text(self, value: str, style: int) -> str:
        return number_format.text(value, self.code(style))


def short_number(value: int) -> float:
    """Return a number kept in 30 bits: a whole one or the head of a real one, perhaps a hundredth."""
    if value & 2:
        whole = (value >> 2) - (1 << 30 if value & 0x80000000 else 0)
        number = float(whole)
    else:
        (number,) = struct.unpack("<d", struct.pack("<Q", (value & 0xFFFFFFFC) << 32))
    return number / 100 if value & 1 else number


def unescaped(text: str) -> str:
    """Return a text whose characters that XML has no way to write are written out in it."""
    if "_x" not in text:
        return text
    return _ESCAPE.sub(lambda match: _character(int(match[1], 16)), text)


def _character(code: int) -> str:
    return "" if 0xD800 <= code <= 0xDFFF or (code < 32 and code not in {9, 10}) else chr(code)


class _Texts:
    """The shared texts of a workbook, guides to pronunciation left out."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._parts: list[str] = []
        self._is_text = False
        self._is_guide = False
        self._is_raised = False

    def start(self, name: str, attributes: Mapping[str, str], /) -> None:
        if name == "t":
            self._is_text = not self._is_guide
        elif name == "vertAlign":
            self._is_raised = attributes.get("val") == "superscript"
        elif name == "si":
            self._parts = []
        elif name == "rPh":
            self._is_guide = True

    def end(self, name: str, /) -> None:
        if name == "t":
            self._is_text = False
        elif name == "si":
            self.found.append(unescaped("".join(self._parts)))
        elif name == "r":
            self._is_raised = False
        elif name == "rPh":
            self._is_guide = False

    def text(self, content: str, /) -> None:
        if self._is_text:
            self._parts.append(raised(content) if self._is_raised else content)


def texts(package: OpcPackage, part: str) -> tuple[Sequence[str], str | None]:
    """Return the shared texts of a workbook, and why not all of them could be read."""
    listener = _Texts()
    try:
        xml_stream.read(package.chunks(part), listener)
    except UnreadablePartError as error:
        return listener.found, str(error)
    return listener.found, None


def formats(package: OpcPackage, part: str) -> list[str]:
    """Return the format codes of a workbook's styles. Raises UnreadablePartError."""
    tree = package.plain_tree(part)
    codes = dict(BUILT_IN)
    for each in tree.iter("numFmt"):
        # Some writers escape what XML has escaped already.
        codes[whole(each.get("numFmtId"), -1)] = html.unescape(each.get("formatCode", number_format.GENERAL))
    styles = next(tree.iter("cellXfs"), None)
    return [
        _known(codes.get(whole(each.get("numFmtId")), number_format.GENERAL))
        for each in (() if styles is None else styles)
        if each.tag == "xf"
    ]


def _known(code: str) -> str:
    return number_format.GENERAL if code.lower() in {"general", ""} else code
