"""The document tree of xberg and kreuzberg, flattened into blocks in reading order."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from docbatch.providers.local.engines import Json

_KINDS: Mapping[str, str] = {
    "title": "heading",
    "heading": "heading",
    "slide": "heading",
    "list_item": "list",
    "table": "table",
    "image": "image",
    "code": "code",
    "formula": "formula",
}
_CONTAINERS = frozenset({"group", "list", "quote", "definition_list", "page_break", "comment"})


@dataclass(frozen=True, slots=True)
class Structure:
    """Blocks with the page each stands on; None for documents without pages."""

    blocks: tuple[tuple[int | None, Json], ...]

    def text(self, page: int | None = None) -> str:
        """Return the words of one page, or of the whole document, without markup."""
        parts = []
        before = ""
        for number, block in self.blocks:
            if block["text"] and page in (None, number):
                tight = before == block["kind"] == "list"
                parts += ["\n" if tight else "\n\n", block["text"]]
                before = block["kind"]
        return "".join(parts[1:])

    def on_page(self, page: int) -> list[Json]:
        return [block for number, block in self.blocks if number == page]

    def tables(self, pages: Collection[int]) -> list[Json]:
        """Return the tables that stand on none of these pages."""
        return [block for number, block in self.blocks if block["kind"] == "table" and number not in pages]

    def only_pictures(self) -> bool:
        """Whether there are pictures and no word."""
        return not any(block["text"] for _, block in self.blocks) and any(
            block["kind"] == "image" for _, block in self.blocks
        )


def read(nodes: Iterable[tuple[int | None, Mapping[str, Any]]]) -> Structure:
    """Flatten nodes, each given as the page it stands on and its content.

    Boxes are left out: these engines count PDF's from the bottom of the page and others' in other units.
    """
    return Structure(tuple((page, _block(content)) for page, content in nodes if _says_something(content)))


def _says_something(content: Mapping[str, Any]) -> bool:
    return content["node_type"] not in _CONTAINERS


def _block(content: Mapping[str, Any]) -> Json:
    kind = content["node_type"]
    block: Json = {"kind": _KINDS.get(kind, "text"), "text": _text(kind, content)}
    if kind == "heading":
        block["level"] = content["level"]
    elif kind == "title":
        block["level"] = 1
    elif kind == "table":
        block["cells"] = [_cell(cell) for cell in content["grid"]["cells"]]
    return block


def _text(kind: str, content: Mapping[str, Any]) -> str:
    if kind == "table":
        return _rows(content["grid"])
    if kind == "metadata_block":
        return "\n".join(f"{entry['key']}: {entry['value']}" for entry in content["entries"])
    if kind == "definition_item":
        return f"{content['term']}: {content['definition']}"
    fields = ("text", "content", "title", "description")
    return next((content[name] for name in fields if content.get(name)), "")


def _rows(grid: Mapping[str, Any]) -> str:
    rows: dict[int, list[str]] = {}
    for cell in grid["cells"]:
        rows.setdefault(cell["row"], []).append(cell["content"])
    return "\n".join("\t".join(cells) for _, cells in sorted(rows.items()))


def _cell(cell: Mapping[str, Any]) -> Json:
    value: Json = {"row": cell["row"], "column": cell["col"], "text": cell["content"]}
    if cell.get("row_span", 1) != 1:
        value["row_span"] = cell["row_span"]
    if cell.get("col_span", 1) != 1:
        value["column_span"] = cell["col_span"]
    return value


def pruned(about: Mapping[str, Any]) -> Json:
    """Leave out of a document's metadata what says nothing, at every depth."""
    inner = {key: pruned(value) if isinstance(value, dict) else value for key, value in about.items()}
    return {key: value for key, value in inner.items() if value not in (None, {}, [], "")}
