"""The parts of a DoclingDocument as plain values, and the tree they stand in.

Written as docling-core 2 reads them (https://docling-project.github.io/docling/concepts/docling_document/): importing that library
takes pandas and half a second, and of it nothing but the names of fields is needed here. The tests hold both to each other.
"""

import base64
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from docbatch.core.results import BBox, Block, Cell, Page, Picture
from docbatch.sinks.formats.pictures import Place
from docbatch.sinks.formats.placed_tables import cells_of

Item = dict[str, Any]

MOST_PLACES = 1_000_000
"""Places of a table's grid, which readers fill. A larger one is written as text."""
_LAYERS = {
    "header": "furniture",
    "footer": "furniture",
    "page_number": "furniture",
    "comment": "notes",
    "speaker_notes": "notes",
    "hidden": "invisible",
}
_LABELS = {"header": "page_header", "footer": "page_footer", "page_number": "page_footer", "note": "footnote"}
_LIST_ITEM = re.compile(r"(\s*)(?:([-*+•])|(\d{1,9}[.)]))\s+(.*)\Z", re.DOTALL)
_DPI = 72
_DEEPEST_LIST = 30


class DoclingItems:
    """Collects the items of a document, each below its parent."""

    def __init__(self, files: Mapping[Place, str] | None = None) -> None:
        """Take where pictures lie that are files, as paths beside the document; all others are in it themselves."""
        self._files = files or {}
        self.lists: dict[str, list[Item]] = {"texts": [], "tables": [], "pictures": [], "groups": []}
        self.body = _group("#/body", "_root_", None)
        self._open: list[tuple[int, Item, Item]] = []
        """Lists that go on: how deep their items are indented, the list, and its last item."""

    def add_block(
        self, block: Block, parent: Item, page: Page | None = None, picture: Picture | None = None
    ) -> None:
        """Add a block of a page, or of a text without pages."""
        if block.kind == "list":
            self._add_list(block, parent, page)
            return
        self._open = []
        match block.kind:
            case "table" if fits(cells_of(block)):
                table = self._add("tables", parent, block, page, label="table")
                table |= {"data": _data(cells_of(block), page), **_floating()}
            case "image":
                self._add_picture(block, parent, page, picture)
            case _:
                self._add_text(block, parent, page)

    def add_words(self, text: str, parent: Item, page: Page | None = None) -> None:
        self.add_block(Block(kind="text", text=text), parent, page)

    def group(self, name: str, parent: Item) -> Item:
        self._open = []
        return self._add_group(name, "section", parent)

    def _add_text(self, block: Block, parent: Item, page: Page | None) -> Item:
        role = _LABELS.get(block.role or "")
        item = self._add("texts", parent, block, page, label=role or "text", orig=block.text, text=block.text)
        if role is not None:
            return item
        if block.kind == "heading":
            item |= {"label": "section_header", "level": min(max(block.level or 1, 1), 100)}
        elif block.kind == "formula":
            item["label"] = "formula"
        elif block.kind == "code":
            item |= {"label": "code", "code_language": "unknown", **_floating()}
        return item

    def _add_picture(self, block: Block, parent: Item, page: Page | None, picture: Picture | None) -> None:
        item = self._add("pictures", parent, block, page, label="picture")
        item |= {**_floating(), "annotations": [], "image": self._image(picture)}
        if block.text.strip():
            caption = self._add("texts", item, block, page, label="caption", orig=block.text, text=block.text)
            item["captions"].append(_reference(caption))

    def _image(self, picture: Picture | None) -> Item | None:
        if picture is None or not picture.width or not picture.height:
            return None
        path = self._files.get((picture.page, picture.place))
        return {
            "mimetype": picture.media_type,
            "dpi": _DPI,
            "size": {"width": picture.width, "height": picture.height},
            "uri": _embedded(picture) if path is None else path,
        }

    def _add_list(self, block: Block, parent: Item, page: Page | None) -> None:
        """Add the items of a list; those that are indented more lie below the last one that is not."""
        for line in _list_items(block.text):
            found = _LIST_ITEM.match(line)
            indent, bullet, number, words = found.groups() if found else ("", None, None, line)
            while self._open and self._open[-1][0] > len(indent):
                self._open.pop()
            if not self._open or (self._open[-1][0] < len(indent) and len(self._open) < _DEEPEST_LIST):
                above = self._open[-1][2] if self._open else parent
                self._open.append((len(indent), self._add_group("list", "list", above), {}))
            depth, group, _ = self._open[-1]
            item = self._add(
                "texts",
                group,
                block,
                page,
                label="list_item",
                orig=line.strip(),
                text=words.strip(),
                enumerated=number is not None,
                marker=number or bullet or "-",
            )
            self._open[-1] = (depth, group, item)

    def _add_group(self, name: str, label: str, parent: Item) -> Item:
        reference = f"#/groups/{len(self.lists['groups'])}"
        item = _group(reference, name, parent) | {"label": label}
        self.lists["groups"].append(item)
        parent["children"].append({"$ref": reference})
        return item

    def _add(self, kind: str, parent: Item, block: Block, page: Page | None, **fields: object) -> Item:
        item: Item = {
            "self_ref": f"#/{kind}/{len(self.lists[kind])}",
            "parent": _reference(parent),
            "children": [],
            "content_layer": _LAYERS.get(block.role or "", "body"),
            "prov": _provenance(block, page),
            **fields,
        }
        self.lists[kind].append(item)
        parent["children"].append(_reference(item))
        return item


def fits(cells: Sequence[Cell]) -> bool:
    """Whether a table's grid is such as a reader can hold."""
    height, width = _size(cells)
    return height * width <= MOST_PLACES


def _size(cells: Sequence[Cell]) -> tuple[int, int]:
    height = max((cell.row + cell.row_span for cell in cells), default=0)
    return height, max((cell.column + cell.column_span for cell in cells), default=0)


def _data(cells: Sequence[Cell], page: Page | None) -> Item:
    """Return a table's cells. Which of them are its head nobody says; as in Markdown the first row is taken for it."""
    height, width = _size(cells)
    return {"num_rows": height, "num_cols": width, "table_cells": [_cell(cell, page) for cell in cells]}


def _cell(cell: Cell, page: Page | None) -> Item:
    box = _box(cell.bbox)
    return {
        **({"bbox": box} if box and page else {}),
        "row_span": cell.row_span,
        "col_span": cell.column_span,
        "start_row_offset_idx": cell.row,
        "end_row_offset_idx": cell.row + cell.row_span,
        "start_col_offset_idx": cell.column,
        "end_col_offset_idx": cell.column + cell.column_span,
        "text": cell.text,
        "column_header": cell.row == 0,
        "row_header": False,
        "row_section": False,
    }


def _provenance(block: Block, page: Page | None) -> list[Item]:
    """Say where a block stands; one of which that is not known stands somewhere on its page."""
    if page is None:
        return []
    box = _box(block.bbox) or _box((0.0, 0.0, page.width or 0.0, page.height or 0.0))
    return [{"page_no": page.number, "bbox": box, "charspan": [0, len(block.text)]}]


def _box(box: BBox | None) -> Item | None:
    if box is None or not all(map(math.isfinite, box)):
        return None
    return {**dict(zip("ltrb", box, strict=True)), "coord_origin": "TOPLEFT"}


def _embedded(picture: Picture) -> str:
    return f"data:{picture.media_type};base64,{base64.b64encode(picture.content).decode()}"


def _list_items(text: str) -> list[str]:
    """Return the items of a list: a line that begins with no mark goes on with the one before."""
    items: list[str] = []
    for line in text.splitlines():
        if items and not _LIST_ITEM.match(line):
            items[-1] += f"\n{line}"
        elif line.strip():
            items.append(line)
    return items


def _group(reference: str, name: str, parent: Item | None) -> Item:
    return {
        "self_ref": reference,
        **({} if parent is None else {"parent": _reference(parent)}),
        "children": [],
        "content_layer": "body",
        "name": name,
        "label": "unspecified",
    }


def _floating() -> Item:
    return {"captions": [], "references": [], "footnotes": []}


def _reference(item: Item) -> Item:
    return {"$ref": item["self_ref"]}
