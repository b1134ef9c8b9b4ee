"""The characters of rich text: each font has a code page of its own, and the document has one for the rest."""

import codecs

from docbatch.providers.local.flow import symbols

_OF_CHARSETS = {
    77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gb18030", 136: "big5hkscs", 161: "cp1253", 162: "cp1254",
    163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250", 254: "cp437",
    255: "cp850",
}  # fmt: skip
_OF_NUMBERS = {
    10000: "mac_roman",
    10007: "mac_cyrillic",
    10029: "mac_latin2",
    65001: "utf-8",
    936: "gb18030",
    950: "big5hkscs",
}
_WESTERN = "cp1252"
_ANSI = 0
_DOCUMENTS_OWN = 1
SYMBOL = 2


class CodePages:
    """The code pages of one document; `own` is the document's."""

    def __init__(self) -> None:
        self.own = _WESTERN
        self._charsets: dict[int, int] = {}
        self._numbers: dict[int, str] = {}
        self._named: set[str | None] = set()
        self._fonts: dict[int, str] = {}

    def declare(self, number: int) -> None:
        self.own = _named(number) or self.own

    def set_charset(self, font: int, charset: int) -> None:
        self._charsets[font] = charset
        self._named.add(_OF_CHARSETS.get(charset))

    def set_number(self, font: int, number: int) -> None:
        name = _named(number)
        if name:
            self._numbers[font] = name

    def set_name(self, font: int, part: str) -> None:
        """Take the name of a font, or a part of it."""
        self._fonts[font] = self._fonts.get(font, "") + part

    def symbols_of(self, font: int) -> str:
        """Return the font whose signs are meant where `is_symbolic`."""
        name = self._fonts.get(font, "").partition(";")[0].strip()
        return name if symbols.is_symbolic(name) else "symbol"

    def is_symbolic(self, font: int) -> bool:
        return self._charsets.get(font) == SYMBOL

    def of(self, font: int) -> str:
        if font in self._numbers:
            return self._numbers[font]
        charset = self._charsets.get(font, _DOCUMENTS_OWN)
        if charset == _ANSI:
            # Western, unless nothing in the document says what its own code page is for.
            return _WESTERN if self.own in self._named else self.own
        return _OF_CHARSETS.get(charset, self.own)


def _named(number: int) -> str | None:
    name = _OF_NUMBERS.get(number, f"cp{number}")
    try:
        return codecs.lookup(name).name
    except LookupError:
        return None
