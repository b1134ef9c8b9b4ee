"""The sheets of an OpenDocument spreadsheet: their cells as they are shown, and what is drawn on them."""

import xml.etree.ElementTree as ET

from docbatch.providers.local.engines import Json
from docbatch.providers.local.flow.prose import Prose
from docbatch.providers.local.flow.story import Story
from docbatch.providers.local.flow.xml_tree import children
from docbatch.providers.local.office.opendocument import tables
from docbatch.providers.local.office.opendocument.text import OpenDocumentReader

_VALUES = (
    "office:string-value",
    "office:date-value",
    "office:time-value",
    "office:boolean-value",
    "office:value",
)


def pages(body: ET.Element, reader: OpenDocumentReader) -> list[Json]:
    return [
        _sheet(sheet, reader).page(number)
        for number, sheet in enumerate(children(body, "table:table"), start=1)
    ]


def _sheet(sheet: ET.Element, reader: OpenDocumentReader) -> Story:
    name = sheet.get("table:name", "")
    is_hidden = reader.styles.is_hidden_table(sheet.get("table:style-name", ""))
    story = Story()
    if name:
        story.heading(Prose(name), 2)
    try:
        cells = tables.grid(sheet, lambda cell: _cell(cell, reader), is_sheet=True)
    except tables.TooManyCellsError as error:
        cells = error.cells
        reader.files.lose(f"sheet {name}: only its first {len(cells)} cells were read")
    story.table(cells, boxes=False)
    reader.tell_notes(story)
    for shapes in children(sheet, "table:shapes"):
        reader.inside(shapes, story)
    if not is_hidden:
        return story
    reader.files.warn(f"sheet {name} is hidden; it is marked as hidden")
    hidden = Story()
    hidden.extend(story, "hidden")
    return hidden


def _cell(cell: ET.Element, reader: OpenDocumentReader) -> Story:
    """Return what a cell shows; its value where nothing is kept of how it is shown."""
    story = reader.cell(cell)
    if not story:
        value = next((found for name in _VALUES if (found := cell.get(name))), "")
        story.paragraph(Prose(value))
    return story
