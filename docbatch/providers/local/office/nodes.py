"""The document tree of xberg and kreuzberg, flattened into blocks in reading order."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from docbatch.providers.local.blocks import item
from docbatch.providers.local.engines import Json
from docbatch.providers.local.office import engine_words

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
_NOTES = frozenset({"footnote", "endnote"})
_LAYERS: Mapping[str, str] = {"header": "header", "footer": "footer", "footnote": "note"}
_DEEPEST_ITEM = 12


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

    def all(self) -> list[Json]:
        return [block for _, block in self.blocks]

    def tables(self, pages: Collection[int]) -> list[Json]:
        """Return the tables that stand on none of these pages."""
        return [block for number, block in self.blocks if block["kind"] == "table" and number not in pages]

    def only_pictures(self) -> bool:
        """Whether there are pictures and no word."""
        return not any(block["text"] for _, block in self.blocks) and any(
            block["kind"] == "image" for _, block in self.blocks
        )


@dataclass(frozen=True, slots=True)
class TreeNode:
    """A node of an engine's tree: the page it stands on, what it says, and the place of the node it hangs below."""

    page: int | None
    content: Mapping[str, Any]
    parent: int | None = None
    layer: str = ""


def read(nodes: Iterable[TreeNode]) -> Structure:
    """Flatten nodes in their order; a node hangs below one that stands before it.

    Boxes are left out: these engines count PDF's from the bottom of the page and others' in other units.
    """
    lists = _Lists()
    blocks = []
    for place, node in enumerate(nodes):
        lists.enter(place, node)
        if node.content["node_type"] not in _CONTAINERS:
            blocks.append((node.page, _with_role(_block(node.content), node) | lists.marked(node)))
    return Structure(tuple(blocks))


class _Lists:
    """How deep each node hangs in lists, and how far numbered ones have counted."""

    def __init__(self) -> None:
        self._depths: dict[int, int] = {}
        self._counts: dict[int, int] = {}

    def enter(self, place: int, node: TreeNode) -> None:
        is_list = node.content["node_type"] == "list"
        self._depths[place] = self._depths.get(_parent(node), -1) + is_list
        if is_list and node.content.get("ordered"):
            self._counts[place] = 0

    def marked(self, node: TreeNode) -> Json:
        """Return an item's text as deep as it hangs, with its number or a dash."""
        if node.content["node_type"] != "list_item":
            return {}
        parent = _parent(node)
        marker = "-"
        if parent in self._counts:
            self._counts[parent] += 1
            marker = f"{self._counts[parent]}."
        depth = min(max(self._depths.get(parent, 0), 0), _DEEPEST_ITEM)
        return item(_text("list_item", node.content), depth, marker)


def _parent(node: TreeNode) -> int:
    return -1 if node.parent is None else node.parent


def _with_role(block: Json, node: TreeNode) -> Json:
    kind = node.content["node_type"]
    role = "note" if kind in _NOTES else _LAYERS.get(node.layer)
    return block | {"role": role} if role else block


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
    return engine_words.without_pictures(next((content[name] for name in fields if content.get(name)), ""))


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
