"""Plain text from Extend's Markdown, whose tables are often HTML."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

# Answers are untrusted: none of these looks further than to the next mark of its own kind.
_TABLE = re.compile(r"<table\b", re.IGNORECASE)
_END_OF_TABLE = re.compile(r"</table\s*>", re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_IMAGE_OR_LINK = re.compile(r"!?\[([^\[\]\n]*)\]\([^()\s]*\)")
_HEADING = re.compile(r"^#{1,6}[ \t]+", re.MULTILINE)
_STRONG = re.compile(
    r"\*\*(?=\S)((?:(?!\*\*).)+)(?<=\S)\*\*"
    r"|__(?=\S)((?:(?!__).)+)(?<=\S)__"
)
_RULE = re.compile(r"^\|[ \t:|]*-[ \t:|-]*$\n?", re.MULTILINE)
_ROW = re.compile(r"^\|(.*)\|[ \t]*$", re.MULTILINE)


class _Rows(HTMLParser):
    """Collects the cells of an HTML table."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag == "tr" or not self.rows:
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        elif tag == "br" and self.rows[-1]:
            self.rows[-1][-1] += " "

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def plain(markdown: str) -> str:
    """Return the text without its marks; cells of tables are set apart by tabs."""
    text = _TAG.sub("", _IMAGE_OR_LINK.sub(r"\1", "".join(_without_tables(markdown))))
    text = _STRONG.sub(r"\1\2", _HEADING.sub("", text))
    return _ROW.sub(lambda row: "\t".join(cell.strip() for cell in row[1].split("|")), _RULE.sub("", text))


def _without_tables(markdown: str) -> Iterator[str]:
    """Yield the text with its HTML tables as lines."""
    done = 0
    while start := _TABLE.search(markdown, done):
        end = _END_OF_TABLE.search(markdown, start.end())
        if end is None:
            break
        yield markdown[done : start.start()]
        yield _table(markdown[start.start() : end.end()])
        done = end.end()
    yield markdown[done:]


def _table(html: str) -> str:
    parser = _Rows()
    parser.feed(html)
    parser.close()
    return "\n".join("\t".join(" ".join(cell.split()) for cell in row) for row in parser.rows if row)
