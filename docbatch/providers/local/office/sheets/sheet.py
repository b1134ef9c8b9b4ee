"""A sheet as it is read from any kind of spreadsheet, and the page it becomes."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from docbatch.providers.local import blocks
from docbatch.providers.local.engines import Json
from docbatch.providers.local.office.opc import OpcPackage
from docbatch.providers.local.office.sheets.grid import Grid, letters, name

_HEADING = 2
_MOST_NAMED = 5
_AROUND_NUMBERS = ".,:;/|()[]#-\u2013\u2014"
# What stands around the number of a page, in the languages most met.
_PAGE_WORDS = frozenset(
    [
        "page",
        "pages",
        "p",
        "pg",
        "of",
        "seite",
        "seiten",
        "s",
        "von",
        "blatt",
        "sur",
        "de",
        "página",
        "pagina",
        "pag",
        "pág",
        "di",
        "van",
        "strona",
        "str",
        "z",
        "sida",
        "av",
        "side",
        "af",
        "stránka",
        "strana",
        "oldal",
        "sivu",
        "sayfa",
        "страница",
        "стр",
        "из",
        "лист",
        "第",
        "页",
        "頁",
        "共",
        "ページ",
    ]
) | {""}
_PART = re.compile(r"&(?:\"[^\"]*\"|K[0-9A-Fa-f]{6}|K[0-9]{2}[+-][0-9]{3}|[0-9]+|[A-Za-z&])", re.DOTALL)


@dataclass(slots=True)
class Sheet:
    """`beside` are blocks of what lies on the cells: text boxes, charts, comments, in the order of their places."""

    name: str
    grid: Grid = field(default_factory=Grid)
    is_hidden: bool = False
    headers: list[str] = field(default_factory=list)
    footers: list[str] = field(default_factory=list)
    beside: list[Json] = field(default_factory=list)
    embedded: list[str] = field(default_factory=list)
    """Parts that are files of other programs."""
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    valueless: list[str] = field(default_factory=list)
    """Places of formulas that have no value."""
    warnings: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    pictures: int = 0

    @property
    def is_picture(self) -> bool:
        """Whether there is nothing on it but pictures, which nobody has read."""
        return (
            self.pictures > 0
            and not self.grid.rows
            and all(block["kind"] == "image" for block in self.beside)
        )

    def page(self, number: int, *, with_running_lines: bool = True) -> Json:
        title = f"{self.name} (hidden)" if self.is_hidden else self.name
        running = (self.headers, self.footers) if with_running_lines else ((), ())
        found = [
            blocks.heading(title, _HEADING),
            *({**blocks.paragraph(text), "role": "header"} for text in running[0]),
            *self.grid.blocks(),
            *self.beside,
            *({**blocks.paragraph(text), "role": "footer"} for text in running[1]),
        ]
        if self.is_hidden:
            found = [{"role": "hidden", **block} for block in found]
        return page(number, found)

    def remarks(self) -> list[str]:
        """Return what is to be said of the sheet beside its content, in whole sentences."""
        said = [f'sheet "{self.name}": {warning}' for warning in self.warnings]
        if self.valueless:
            said.append(f'sheet "{self.name}": formula without a value in {named(self.valueless)}')
        rows = [number for number in self.hidden_rows if number in self.grid.rows]
        if rows:
            said.append(f'sheet "{self.name}": hidden and read: rows {named(_runs(rows))}')
        columns = [letters(a) if a == b else f"{letters(a)}:{letters(b)}" for a, b in self._columns()]
        if columns:
            said.append(f'sheet "{self.name}": hidden and read: columns {named(columns)}')
        return said

    def _columns(self) -> list[tuple[int, int]]:
        if not self.hidden_columns:
            return []
        used = {column for row in self.grid.rows.values() for column in row}
        return [(a, b) for a, b in self.hidden_columns if any(a <= column <= b for column in used)]


@dataclass(slots=True)
class Workbook:
    """Sheets, each read when it is asked for; what is lost and to be said of all of them; what the file says of itself."""

    sheets: Iterable[Sheet]
    lost: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    facts: Json = field(default_factory=dict)
    package: OpcPackage | None = None
    """What holds the files inside it."""


def page(number: int, found: Sequence[Json]) -> Json:
    return {
        "number": number,
        "text": blocks.text(found),
        "markdown": blocks.markdown(found),
        "blocks": list(found),
    }


def comment(row: int, column: int, author: str, text: str) -> Json:
    """Return a remark on a cell; authors are not always known."""
    by = f" ({author})" if author else ""
    return {**blocks.paragraph(f"{name(row, column)}{by}: {text}"), "role": "comment"}


def running_lines(code: str, sheet: str) -> str:
    """Return what a header's or footer's code shows, its three parts a line each, fields that change left out.

    The name of the sheet alone, and the words for a page around its number, say nothing.
    """
    numbered: set[str] = set()
    sections: dict[str, list[str]] = {"L": [], "C": [], "R": []}
    now, at = "C", 0
    for match in _PART.finditer(code):
        sections[now].append(code[at : match.start()])
        at = match.end()
        letter = match[0][1:].upper()
        if letter in sections:
            now = letter
        else:
            sections[now].append({"&": "&", "A": sheet}.get(letter, ""))
            numbered |= {now} if letter in {"P", "N"} else set()
    sections[now].append(code[at:])
    shown = ((part, " ".join("".join(parts).split())) for part, parts in sections.items())
    return "\n".join(
        text
        for part, text in shown
        if any(map(str.isalnum, text)) and text != sheet and not (part in numbered and _only_counts(text))
    )


def _only_counts(text: str) -> bool:
    return all(word.strip(_AROUND_NUMBERS).casefold() in _PAGE_WORDS for word in text.split())


def named(places: Sequence[str]) -> str:
    """Return the first of many names, and how many more there are."""
    more = len(places) - _MOST_NAMED
    shown = ", ".join(places[:_MOST_NAMED])
    return f"{shown} and {more} more" if more > 0 else shown


def _runs(numbers: Iterable[int]) -> list[str]:
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return [str(a + 1) if a == b else f"{a + 1}-{b + 1}" for a, b in runs]
