"""Markdown taken apart: plain words, headings, tables. No more of the language than readers write."""

import html
import re
import unicodedata
from html.parser import HTMLParser

_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_IMAGE = re.compile(r"!\[([^\]]*)\]\((?:[^()\s]|\([^()]*\))*(?:\s+\"[^\"]*\")?\)")
_LINK = re.compile(r"\[([^\]]*)\]\((?:[^()\s]|\([^()]*\))*(?:\s+\"[^\"]*\")?\)")
_NOTE = re.compile(r"\[\^([^\]\s]+)\]:?")
_NAMES = (
    "a|abbr|b|blockquote|br|caption|center|cite|code|col|colgroup|dd|del|details|div|dl|dt|em|figcaption|figure|font|h[1-6]|hr|i|img|ins|"
    "kbd|li|mark|ol|p|pre|q|s|samp|section|small|span|strike|strong|sub|summary|sup|table|tbody|td|tfoot|th|thead|tr|u|ul|var|wbr"
)
_TAG = re.compile(rf"</?(?:{_NAMES})(?:\s[^<>]*)?/?>|<!--.*?-->", re.DOTALL | re.IGNORECASE)
_EMPHASIS = re.compile(r"(?<![0-9*])\*{1,3}|\*{1,3}(?![0-9*])|~~|`+")
_UNDERLINED = re.compile(r"(?<!\w)_{1,3}(?=\S)|(?<=\S)_{1,3}(?!\w)")
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(.*?)\s*#*\s*$")
_BARS = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r"^\s*\|?\s*:?-{1,}:?\s*(\|\s*:?-+:?\s*)*\|?\s*$")
_LINE_START = re.compile(r"^\s*(?:>\s*)*(?:#{1,6}\s+|[-*+]\s+)?(?:\[[ xX]\]\s+)?", re.MULTILINE)

_LETTERS = {0xFB00 + at: text for at, text in enumerate(("ff", "fi", "fl", "ffi", "ffl", "st", "st"))}
_FOLDED = {0xA0: " ", 0x202F: " ", 0x2009: " ", 0x2007: " ", 0x2003: " ", 0x2002: " ", 0xAD: "", 0x200B: "", 0xFEFF: "", 0x2011: "-"}  # fmt: skip


def folded(text: str) -> str:
    """Return the text with what looks the same made the same: composed, ligatures as letters, plain spaces."""
    return unicodedata.normalize("NFC", text).translate(_LETTERS | _FOLDED)


def plain(markdown: str) -> str:
    """Return the words of Markdown without its marks. Bars become spaces."""
    text = _NOTE.sub(r" \1 ", markdown)
    text = _IMAGE.sub(r"\1", text)
    text = _LINK.sub(r"\1", text)
    text = _bare(text)
    return folded(text)


def _bare(text: str) -> str:
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(match.group(1))
        return f"\ue000{len(kept) - 1}\ue001"

    text = _ESCAPE.sub(keep, text)
    text = "\n".join(line for line in text.splitlines() if not _RULE.match(line))
    text = _LINE_START.sub("", text)
    text = _TAG.sub(" ", text)
    text = _EMPHASIS.sub("", text)
    text = _UNDERLINED.sub("", text)
    text = html.unescape(text.replace("|", " "))
    return re.sub("\ue000(\\d+)\ue001", lambda match: kept[int(match.group(1))], text)


def headings(markdown: str) -> list[str]:
    """Return the texts of headings, `#` ones, underlined ones and those in HTML."""
    found: list[str] = []
    previous = ""
    fenced = False
    for line in markdown.splitlines():
        fenced ^= line.lstrip().startswith("```")
        if not fenced and (match := _HEADING.match(line)):
            found.append(line_of(match.group(1)))
        elif (
            not fenced
            and re.fullmatch(r"\s{0,3}(=+|-{2,})\s*", line)
            and previous.strip()
            and "|" not in previous
        ):
            found.append(line_of(previous))
        previous = line
    found += [line_of(text) for text in re.findall(r"<h[1-6][^>]*>(.*?)</h[1-6]>", markdown, re.DOTALL)]
    return found


def line_of(text: str) -> str:
    """Return a heading or a cell as one line without marks."""
    return " ".join(plain(text).split())


def tables(markdown: str) -> list[list[list[str]]]:
    """Return the tables, pipe and HTML ones, as rows of cells."""
    found: list[list[list[str]]] = []
    rows: list[list[str]] = []
    for line in [*markdown.splitlines(), ""]:
        stripped = line.strip().lstrip("> ")
        if stripped.startswith("|") and len(_BARS.findall(stripped)) > 1:
            if not _RULE.match(stripped):
                rows.append([line_of(cell) for cell in _cells(stripped)])
        elif rows:
            found.append(rows)
            rows = []
    return found + _html_tables(markdown)


def _cells(line: str) -> list[str]:
    parts = _BARS.split(line)[1:]
    return parts[:-1] if parts and not parts[-1].strip() else parts


class _Tables(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[list[list[str]]] = []
        self._in_cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag == "table":
            self.found.append([])
        elif tag == "tr" and self.found:
            self.found[-1].append([])
        elif tag in {"td", "th"} and self.found and self.found[-1]:
            self.found[-1][-1].append("")
            self._in_cell = True
        elif tag == "br":
            self.handle_data(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th"}:
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self._in_cell and self.found and self.found[-1] and self.found[-1][-1]:
            self.found[-1][-1][-1] += data


def _html_tables(markdown: str) -> list[list[list[str]]]:
    if "<table" not in markdown:
        return []
    parser = _Tables()
    parser.feed(markdown)
    return [[[line_of(cell) for cell in row] for row in rows] for rows in parser.found]
