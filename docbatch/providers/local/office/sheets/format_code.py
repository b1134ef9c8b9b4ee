"""Format codes of spreadsheets, taken apart: sections, their conditions, and the tokens each is made of."""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Kind = Literal[
    "literal", "digit", "point", "comma", "percent", "exponent", "slash", "text", "general", "date", "elapsed"
]

BUILT_IN: Mapping[int, str] = {
    0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: '"$"#,##0_);("$"#,##0)',
    6: '"$"#,##0_);[Red]("$"#,##0)', 7: '"$"#,##0.00_);("$"#,##0.00)', 8: '"$"#,##0.00_);[Red]("$"#,##0.00)',
    9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??", 14: "m/d/yyyy", 15: "d-mmm-yy",
    16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss",
    22: "m/d/yyyy h:mm", 37: "#,##0_);(#,##0)", 38: "#,##0_);[Red](#,##0)", 39: "#,##0.00_);(#,##0.00)",
    40: "#,##0.00_);[Red](#,##0.00)", 41: '_(* #,##0_);_(* (#,##0);_(* "-"_);_(@_)',
    42: '_("$"* #,##0_);_("$"* (#,##0);_("$"* "-"_);_(@_)', 43: '_(* #,##0.00_);_(* (#,##0.00);_(* "-"??_);_(@_)',
    44: '_("$"* #,##0.00_);_("$"* (#,##0.00);_("$"* "-"??_);_(@_)', 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0",
    48: "##0.0E+0", 49: "@",
    **dict.fromkeys((27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58), "yyyy/m/d"),
    **dict.fromkeys((32, 33, 34, 35, 55, 56), "h:mm:ss"),
}  # fmt: skip
"""The codes behind numbers that files do not spell out; 14 and 22 as they are shown where the language is English."""

_LONGEST = 1024
_TOKEN = re.compile(
    r"""
    "(?P<quoted>[^"]*)"?
    | \\(?P<escaped>.)
    | _(?P<gap>.)
    | \*(?P<fill>.)
    | \[(?P<bracket>[^\]]*)\]
    | (?P<general>General)
    | (?P<ampm>AM/PM|A/P)
    | (?P<exponent>E[+-])
    | (?P<date>y+|m+|d+|h+|s+|e+|b+|g+|a{3,4})
    | (?P<zero>\.0+(?=[^0\#?]*$)|[0\#?])
    | (?P<point>\.)
    | (?P<comma>,)
    | (?P<percent>%)
    | (?P<slash>/)
    | (?P<text>@)
    | (?P<other>.)
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?[\d.]+(?:E[+-]?\d+)?)$", re.IGNORECASE)
_COMPARES: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq, "<>": operator.ne,
}  # fmt: skip
_ELAPSED = re.compile(r"(h+|m+|s+)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CodeToken:
    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class FormatSection:
    """One part of a code between semicolons."""

    tokens: tuple[CodeToken, ...]
    condition: tuple[str, float] | None = None
    language: str = ""
    """The language of its names of months and days, as the code has it."""

    @property
    def is_date(self) -> bool:
        return any(token.kind in {"date", "elapsed"} for token in self.tokens)

    def holds(self, value: float) -> bool:
        return self.condition is not None and _COMPARES[self.condition[0]](value, self.condition[1])

    @property
    def is_for_negatives(self) -> bool:
        """Whether all that it is for lies below zero, so that it says itself how that is shown."""
        return self.condition is not None and self.condition[0] in {"<", "<="} and self.condition[1] <= 0


@lru_cache(maxsize=2048)
def sections(code: str) -> tuple[FormatSection, ...]:
    """Return the sections of a code, at least one and at most four."""
    return tuple(_section(part) for part in _parts(code[:_LONGEST])[:4])


def _parts(code: str) -> Sequence[str]:
    parts = [""]
    for match in _TOKEN.finditer(code):
        if match["other"] == ";":
            parts.append("")
        else:
            parts[-1] += match[0]
    return parts


def _section(part: str) -> FormatSection:
    tokens: list[CodeToken] = []
    condition, language = None, ""
    for match in _TOKEN.finditer(part):
        if match["bracket"] is None:
            tokens += _tokens(match)
            continue
        inner = match["bracket"]
        found = _CONDITION.match(inner)
        if found:
            condition = (found[1], _number(found[2]))
        elif _ELAPSED.match(inner):
            tokens.append(CodeToken("elapsed", inner.lower()))
        elif inner.startswith("$"):
            sign, _, place = inner[1:].partition("-")
            tokens.append(CodeToken("literal", sign))
            language = language or place
            if inner[1:].upper() in _SYSTEM:
                return FormatSection(_section(_SYSTEM[inner[1:].upper()]).tokens, condition)
    is_date = any(token.kind in {"date", "elapsed"} for token in tokens)
    return FormatSection(tuple(_dated(tokens) if is_date else tokens), condition, language)


_SYSTEM: Mapping[str, str] = {"-F800": "dddd, mmmm d, yyyy", "-F400": "h:mm:ss AM/PM"}


def _tokens(match: re.Match[str]) -> Sequence[CodeToken]:
    kind, text = match.lastgroup or "other", match[0]
    if kind == "zero":
        point = [CodeToken("point", ".")] if text[0] == "." else []
        return [*point, *(CodeToken("digit", each) for each in text.lstrip("."))]
    if kind in _AS_WRITTEN:
        return [CodeToken(_AS_WRITTEN[kind], text)]
    written = {"quoted": match["quoted"], "escaped": match["escaped"], "gap": " ", "fill": "", "other": text}
    if kind in written:
        return [CodeToken("literal", written[kind] or "")]
    # Names of halves of the day stand in capitals, the letters of dates in small ones.
    return [CodeToken("date", text.upper() if kind == "ampm" else text.lower())]


_AS_WRITTEN: Mapping[str, Kind] = {
    "exponent": "exponent", "general": "general", "point": "point", "comma": "comma",
    "percent": "percent", "slash": "slash", "text": "text",
}  # fmt: skip


def _dated(tokens: Sequence[CodeToken]) -> Sequence[CodeToken]:
    """Return the tokens of a date: strokes, commas and points are written, `.000` is a part of a second."""
    made: list[CodeToken] = []
    for token in tokens:
        if token.kind == "digit" and made and made[-1].kind == "date" and made[-1].text[0] == ".":
            made[-1] = CodeToken("date", made[-1].text + "0")
        elif token.kind == "digit" and made and made[-1] == CodeToken("literal", "."):
            made[-1] = CodeToken("date", ".0")
        elif token.kind in {"date", "elapsed"}:
            made.append(token)
        else:
            made.append(CodeToken("literal", token.text))
    return made


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
