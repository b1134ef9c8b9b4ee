"""The cells of a sheet of an Office Open XML workbook, read as they come."""

from collections.abc import Mapping

from docbatch.providers.local.flow.xml_tree import is_on, whole
from docbatch.providers.local.office.sheets.cell_values import Workings, unescaped
from docbatch.providers.local.office.sheets.grid import LAST_COLUMN, LAST_ROW, area, name, place
from docbatch.providers.local.office.sheets.sheet import Sheet, running_lines

_HEADERS = frozenset({"oddHeader", "evenHeader", "firstHeader"})
_FOOTERS = frozenset({"oddFooter", "evenFooter", "firstFooter"})
_HEARD = frozenset({"v", "t", "f"}) | _HEADERS | _FOOTERS


class WorksheetListener:
    """Fills a sheet with what its XML says."""

    def __init__(self, sheet: Sheet, workings: Workings) -> None:
        self._sheet = sheet
        self._workings = workings
        self._row = -1
        self._column = -1
        self._kind = "n"
        self._style = 0
        self._value = ""
        self._inline: list[str] = []
        self._formula: str | None = None
        self._heard: list[str] = []
        self._is_heard = False
        self._is_guide = False
        self.missing: list[str] = []
        """Places whose shared text there is none of."""
        self.drawings: list[str] = []
        """Identifiers of the relations to what lies on the cells."""

    def start(self, tag: str, attributes: Mapping[str, str], /) -> None:
        if tag == "c":
            self._begin_cell(attributes)
        elif tag in _HEARD:
            self._is_heard = not self._is_guide
            self._heard = []
        elif tag == "row":
            self._begin_row(attributes)
        elif tag == "rPh":
            self._is_guide = True
        elif tag == "drawing":
            self.drawings += [value for name, value in attributes.items() if name.rpartition(":")[2] == "id"]
        elif tag == "mergeCell":
            covered = area(attributes.get("ref", ""))
            if covered:
                self._sheet.grid.spans.append(covered)
        elif tag == "col" and is_on(attributes.get("hidden")):
            first, last = whole(attributes.get("min"), 1), whole(attributes.get("max"), 1)
            self._sheet.hidden_columns.append((max(first, 1) - 1, min(max(last, 1), LAST_COLUMN) - 1))

    def end(self, tag: str, /) -> None:
        if tag in _HEARD:
            self._is_heard = False
            self._hear(tag, "".join(self._heard))
        elif tag == "c":
            self._end_cell()
        elif tag == "rPh":
            self._is_guide = False

    def text(self, content: str, /) -> None:
        if self._is_heard:
            self._heard.append(content)

    def _begin_row(self, attributes: Mapping[str, str]) -> None:
        row = whole(attributes.get("r"), self._row + 2) - 1
        self._row = row if 0 <= row < LAST_ROW else self._row + 1
        self._column = -1
        if is_on(attributes.get("hidden")):
            self._sheet.hidden_rows.append(self._row)

    def _begin_cell(self, attributes: Mapping[str, str]) -> None:
        found = place(attributes.get("r", ""))
        if found:
            self._row, self._column = found
        else:
            self._column += 1
        self._kind = attributes.get("t", "n")
        self._style = whole(attributes.get("s"))
        self._value, self._formula = "", None
        self._inline.clear()

    def _hear(self, tag: str, content: str) -> None:
        if tag == "v":
            self._value = content
        elif tag == "t":
            if not self._is_guide:
                self._inline.append(content)
        elif tag == "f":
            self._formula = content
        else:
            shown = running_lines(content, self._sheet.name)
            lines = self._sheet.headers if tag in _HEADERS else self._sheet.footers
            if shown and shown not in lines:
                lines.append(shown)

    def _end_cell(self) -> None:
        value = self._value
        shown = self._shown(value)
        if self._formula is not None and not value and not self._inline and self._kind != "str":
            self._sheet.valueless.append(name(self._row, self._column))
            shown = f"={self._formula}" if self._formula else ""
        self._sheet.grid.put(self._row, self._column, shown)

    def _shown(self, value: str) -> str:
        match self._kind:
            case "n":
                return self._workings.number(value, self._style) if value else ""
            case "s":
                return self._shared(value)
            case "inlineStr":
                return self._workings.text(unescaped("".join(self._inline)) or value, self._style)
            case "b":
                return {"1": "TRUE", "0": "FALSE"}.get(value.strip(), value.upper())
            case "str":
                return self._workings.text(unescaped(value), self._style)
            case _:
                return unescaped(value)

    def _shared(self, value: str) -> str:
        at = whole(value.strip(), -1)
        if not 0 <= at < len(self._workings.texts):
            if value:
                self.missing.append(name(self._row, self._column))
            return ""
        return self._workings.text(self._workings.texts[at], self._style)
