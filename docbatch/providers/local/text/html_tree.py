"""HTML as a tree, the way browsers forgive it: tags that imply the end of others, attributes without quotes, no end at all.

The work is linear in the page and the tree has a bounded depth, whatever the page is made of.
"""

import html
import re
from collections.abc import Iterator

DEEPEST = 100


def _names(names: str) -> frozenset[str]:
    return frozenset(names.split())


VOID = _names(
    "area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr"
)
BLOCK = _names(
    "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption figure footer form"
    " frameset h1 h2 h3 h4 h5 h6 header hgroup hr html iframe legend li listing main menu nav noframes ol optgroup p plaintext pre"
    " search section select summary table tbody td textarea tfoot th thead tr ul xmp"
)
# A drop-down list and a text field stand in a line.
_IN_LINE = frozenset({"select", "optgroup", "textarea"})
_CLOSES_P = (
    BLOCK - _IN_LINE - {"body", "html", "td", "th", "tr", "tbody", "thead", "tfoot", "caption", "iframe"}
)
_RAW = frozenset({"script", "style", "xmp", "noembed", "iframe"})
_TEXT_ONLY = frozenset({"textarea", "title"})
_OF_HEAD = _names("base basefont bgsound head html link meta noscript script style template title")
_FOREIGN = frozenset({"svg", "math"})
_CELLS = frozenset({"td", "th", "caption"})
_SECTIONS = frozenset({"thead", "tbody", "tfoot", "colgroup"})
# What the start of an element ends, and where the search for it stops.
_ENDS = {
    "li": (frozenset({"li"}), frozenset({"ul", "ol", "menu", "dir", "table"})),
    **dict.fromkeys(("dt", "dd"), (frozenset({"dt", "dd"}), frozenset({"dl", "table"}))),
    **dict.fromkeys(("td", "th"), (_CELLS, frozenset({"tr", "table"}))),
    "tr": (frozenset({"tr", "caption"}), frozenset({"table"})),
    **dict.fromkeys(_SECTIONS, (_SECTIONS | {"caption"}, frozenset({"table"}))),
    "option": (frozenset({"option"}), frozenset({"select", "datalist"})),
    "optgroup": (frozenset({"optgroup", "option"}), frozenset({"select"})),
    **dict.fromkeys(("rt", "rp"), (frozenset({"rt", "rp"}), frozenset({"ruby"}))),
    "select": (frozenset({"select"}), frozenset({"table"})),
    "a": (frozenset({"a"}), frozenset({"table", "td", "th", "div", "li", "p"})),
    **dict.fromkeys(
        ("h1", "h2", "h3", "h4", "h5", "h6"), (frozenset({"h1", "h2", "h3", "h4", "h5", "h6"}), BLOCK)
    ),
}
_WALLS = frozenset({"table", "td", "th", "caption", "select"})

_NEAR = 30
_XML = re.compile(r"\s*<\?xml\b")
_TOKEN = re.compile(r"<(?:(!--)|([!?])|(/)?([a-zA-Z][^\s/><]*))")
_COMMENT_END = re.compile(r"--!?>")
_ATTRIBUTE = re.compile(
    r"""[\s/]*(?:(>)|([^\s=>/]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"'][^\s>]*))?)?|["'=])"""
)


class Element:
    """An element; `holds_blocks` says whether it is one of a block's, or has such an element inside."""

    __slots__ = ("attributes", "children", "holds_blocks", "name")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.children: list[Element | str] = []
        self.holds_blocks = False

    def elements(self) -> Iterator["Element"]:
        return (child for child in self.children if isinstance(child, Element))


def parse(page: str) -> Element:
    """Return the root of a page. Comments, scripts and styles are left out. Never raises."""
    tree = _Tree(_XML.match(page) is not None)
    at = 0
    while at < len(page):
        tag = _TOKEN.search(page, at)
        if tag is None:
            break
        tree.text(page[at : tag.start()])
        at = _taken(tree, page, tag)
    tree.text(page[at:])
    return tree.root


def _taken(tree: "_Tree", page: str, tag: re.Match[str]) -> int:
    """Take a tag, and what may only stand as text after it; return where the rest of the page begins."""
    comment, declaration, closing, name = tag.groups()
    if comment:
        return _after_comment(page, tag.end())
    if declaration:
        return _after_declaration(tree, page, tag.end())
    attributes, at = _attributes(page, tag.end())
    if closing:
        tree.close(name.lower())
        return at
    return _opened(tree, page, name.lower(), attributes, at)


def _opened(tree: "_Tree", page: str, name: str, attributes: dict[str, str], at: int) -> int:
    if name == "plaintext":
        tree.open("pre", {})
        tree.text(page[at:], raw=True)
        return len(page)
    tree.open(name, attributes)
    if page.startswith("/>", at - 2) and tree.closes_itself(name):
        tree.close(name)
    elif name in _RAW or name in _TEXT_ONLY:
        return _after_raw(tree, page, at, name)
    return at


def _after_comment(page: str, at: int) -> int:
    if page.startswith((">", "->"), at):
        return page.index(">", at) + 1
    end = _COMMENT_END.search(page, at)
    return end.end() if end else len(page)


def _after_declaration(tree: "_Tree", page: str, at: int) -> int:
    if page.startswith("[CDATA[", at):
        end = page.find("]]>", at)
        end = end if end >= 0 else len(page)
        tree.text(page[at + 7 : end], raw=True)
        return end + 3
    end = page.find(">", at)
    return end + 1 if end >= 0 else len(page)


def _after_raw(tree: "_Tree", page: str, at: int, name: str) -> int:
    end = _raw_end(name).search(page, at)
    stop = end.start() if end else len(page)
    if name in _TEXT_ONLY or name == "xmp":
        tree.text(page[at:stop], raw=name == "xmp")
    tree.close(name)
    if end is None:
        return stop
    closed = page.find(">", stop)
    return closed + 1 if closed >= 0 else len(page)


def _raw_end(name: str) -> re.Pattern[str]:
    return re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE)


def _attributes(page: str, at: int) -> tuple[dict[str, str], int]:
    """Return a tag's attributes and where it ends; the first of two that have one name counts."""
    attributes: dict[str, str] = {}
    while at < len(page):
        match = _ATTRIBUTE.match(page, at)
        if match is None:
            return attributes, len(page)
        at = match.end()
        end, name, double, single, bare = match.groups()
        if end:
            return attributes, at
        if name:
            value = next((each for each in (double, single, bare) if each is not None), "")
            attributes.setdefault(name.lower(), html.unescape(value))
    return attributes, at


class _Tree:
    def __init__(self, is_xml: bool) -> None:
        self.root = Element("html", {})
        self._is_xml = is_xml
        self._stack = [self.root]
        # Elements too deep to be kept apart, by name; what they hold is kept.
        self._deeper: list[str] = []

    def text(self, text: str, *, raw: bool = False) -> None:
        if not text:
            return
        if self._stack[-1].name == "head" and text.strip():
            self._stack.pop()
        self._stack[-1].children.append((text if raw else html.unescape(text)).replace("\0", ""))

    def open(self, name: str, attributes: dict[str, str]) -> None:
        if name in {"html", "body"}:
            self.root.attributes = attributes | self.root.attributes
            if name == "body":
                self._until(frozenset({"head"}), frozenset())
            return
        if self._stack[-1].name == "head" and name not in _OF_HEAD:
            self._stack.pop()
        if name in _CLOSES_P:
            self._until(frozenset({"p"}), _WALLS)
        ended = _ENDS.get(name)
        if ended:
            self._until(*ended)
        element = Element(name, attributes)
        self._stack[-1].children.append(element)
        if name in BLOCK and name not in _IN_LINE:
            self._mark(element)
        if name not in VOID:
            if len(self._stack) < DEEPEST:
                self._stack.append(element)
            else:
                self._deeper.append(name)

    def close(self, name: str) -> None:
        if name == "br":
            self.open("br", {})
        elif name == "p" and not self._is_open("p"):
            self.open("p", {})
            self._until(frozenset({"p"}), _WALLS)
        elif self._deeper:
            # Their ends, as far as they were not forgotten.
            if name in self._deeper[-DEEPEST:]:
                while self._deeper.pop() != name:
                    pass
        elif name not in {"html", "body"}:
            self._until(
                frozenset({name}), _WALLS - {name} if name not in {"table", "select"} else frozenset()
            )

    def closes_itself(self, name: str) -> bool:
        """Whether a slash at the end of a tag counts: in XHTML, and in pictures and formulas."""
        return name not in VOID and (
            self._is_xml or any(each.name in _FOREIGN for each in self._stack[-_NEAR:])
        )

    def _is_open(self, name: str) -> bool:
        return any(element.name == name for element in self._stack) or name in self._deeper[-DEEPEST:]

    def _until(self, names: frozenset[str], walls: frozenset[str]) -> None:
        """Close the innermost open element of these names, unless a wall stands before it."""
        for at in range(len(self._stack) - 1, 0, -1):
            if self._stack[at].name in names:
                del self._stack[at:]
                self._deeper.clear()
                return
            if self._stack[at].name in walls:
                return

    def _mark(self, element: Element) -> None:
        element.holds_blocks = True
        for parent in reversed(self._stack):
            if parent.holds_blocks:
                break
            parent.holds_blocks = True
