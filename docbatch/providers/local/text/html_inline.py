"""What stands in a line of an HTML page: words with their emphasis, links, values of form fields, formulas."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from docbatch.providers.local.flow.raised import raised
from docbatch.providers.local.text.html_tree import Element

_HIDDEN_STYLE = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse))\b", re.IGNORECASE)
_NEVER_SHOWN = frozenset(
    {
        "script",
        "style",
        "head",
        "template",
        "datalist",
        "rp",
        "title",
        "meta",
        "link",
        "annotation",
        "annotation-xml",
        "desc",
    }
)
_MARKS = {
    **dict.fromkeys(("b", "strong"), "**"),
    **dict.fromkeys(("i", "em", "cite", "dfn", "var"), "*"),
    **dict.fromkeys(("s", "del", "strike"), "~~"),
}
_CODE = frozenset({"code", "kbd", "samp", "tt"})
_SPACES = re.compile(r"[ \t\n\r\f]+")
_AROUND_BREAKS = re.compile(r" *\n *")
# Only what Markdown would take for markup; words stay as they were written.
_MARKUP = re.compile(
    r"`|\\(?=[!-/:-@\[-`{-~])|<(?=[A-Za-z/!?])|&(?=#?\w{1,31};)|\](?=[(\[])|~~+"
    r"|\*+(?=\S)|(?<=\S)\*+|(?<![^\W_])_+(?=\S)|(?<=\S)_+(?![^\W_])"
)
_APART = frozenset({"text", "object", "video", "audio", "canvas", "progress", "meter", "output", "marquee"})
_NO_VALUE = frozenset({"hidden", "image", "file", "password", "checkbox", "radio", "range", "color"})


class Line(NamedTuple):
    """Words as Markdown and without markup; a line end is one that the page has."""

    markdown: str
    text: str

    def __bool__(self) -> bool:
        return bool(self.text.strip())


def is_hidden(element: Element) -> bool:
    """Whether a reader of the page does not see an element."""
    return (
        element.name in _NEVER_SHOWN
        or "hidden" in element.attributes
        or bool(_HIDDEN_STYLE.search(element.attributes.get("style", "")))
    )


def line(nodes: Iterable[Element | str], *, within: frozenset[str] = frozenset()) -> Line:
    """Return nodes as one line of words, spaces as browsers show them. `within` are marks that are open around it."""
    parts = [part for node in nodes for part in _parts(node, within)]
    return Line(_collapsed(part.markdown for part in parts), _collapsed(part.text for part in parts))


def preformatted(element: Element) -> str:
    """Return the words of an element with its spaces and line ends."""
    return "".join(_raw(element)).removeprefix("\n").rstrip()


def escaped(text: str) -> str:
    """Return words so that Markdown shows them as they are."""
    return _MARKUP.sub(lambda marks: "".join(f"\\{mark}" for mark in marks[0]), text)


def linked(shown: Line, target: str) -> Line:
    """Return a line as a link, unless there is nothing to click on."""
    target = re.sub(r"\s+", "%20", target.strip())
    if not shown or not target or target.lower().startswith(("javascript:", "data:")):
        return shown
    target = (
        target.replace("(", "%28").replace(")", "%29") if target.count("(") != target.count(")") else target
    )
    return Line(_around(shown.markdown, "[", f"]({target})"), shown.text)


def _collapsed(parts: Iterable[str]) -> str:
    return _AROUND_BREAKS.sub("\n", re.sub(" {2,}", " ", "".join(parts))).strip(" \n")


def _parts(node: Element | str, within: frozenset[str]) -> Iterator[Line]:
    if isinstance(node, str):
        words = _SPACES.sub(" ", node)
        yield Line(escaped(words), words)
    elif not is_hidden(node):
        yield from _shown(node, within)


def _shown(element: Element, within: frozenset[str]) -> Iterator[Line]:
    name = element.name
    if name in _FIELDS:
        yield _plain(_FIELDS[name](element))
    elif name == "br":
        yield Line("\n", "\n")
    elif name in _MARKS or name == "a" or name in _CODE:
        yield _marked(element, within)
    elif name in _SHAPES:
        before, after = _SHAPES[name]
        yield _plain(before)
        yield from _inner(element, within)
        yield _plain(after)
    elif name in {"sup", "sub"}:
        yield from _raised(element, within) if name == "sup" else _inner(element, within)
    elif name in _PAIRS:
        yield from _pair(element, within)
    else:
        # Two blocks, or the texts of two pictures, are never one word.
        apart = element.holds_blocks or name in _APART
        yield from (_plain(" "),) if apart else ()
        yield from _inner(element, within)
        yield from (_plain(" "),) if apart else ()


def _inner(element: Element, within: frozenset[str]) -> Iterator[Line]:
    for child in element.children:
        yield from _parts(child, within)


def _plain(text: str) -> Line:
    return Line(escaped(text), text)


def _marked(element: Element, within: frozenset[str]) -> Line:
    mark = "a" if element.name == "a" else "`" if element.name in _CODE else _MARKS[element.name]
    parts = list(_inner(element, within | {mark}))
    shown = Line("".join(part.markdown for part in parts), "".join(part.text for part in parts))
    if mark in within or not shown:
        return shown
    if mark == "a":
        return linked(shown, element.attributes.get("href", ""))
    if mark == "`":
        return Line(_as_code(shown.text), shown.text)
    return Line(_around(shown.markdown, mark, mark), shown.text)


def _around(words: str, before: str, after: str) -> str:
    """Return words between marks, with the spaces at their ends outside."""
    inner = words.strip(" \n")
    start = words.index(inner)
    return f"{words[:start]}{before}{inner}{after}{words[start + len(inner) :]}"


def _as_code(text: str) -> str:
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    pad = " " if "`" in text else ""
    return _around(text, f"{fence}{pad}", f"{pad}{fence}")


def _raised(element: Element, within: frozenset[str]) -> Iterator[Line]:
    """Yield an exponent or a note's mark, so that 10 to the 6th does not become 106."""
    words = line(element.children).text
    if (signs := raised(words)) != words:
        yield _plain(signs)
    else:
        yield from _inner(element, within)


def _pair(element: Element, within: frozenset[str]) -> Iterator[Line]:
    """Yield what a formula writes above, below or over something else."""
    sign = _PAIRS[element.name]
    for at, child in enumerate(element.elements()):
        yield from (_plain(sign),) if at else ()
        yield from _parts(child, within)


def _raw(element: Element) -> Iterator[str]:
    for child in element.children:
        if isinstance(child, str):
            yield child.replace("\r\n", "\n").replace("\r", "\n")
        elif child.name == "br":
            yield "\n"
        elif child.name in _FIELDS:
            yield _FIELDS[child.name](child)
        elif not is_hidden(child):
            yield from _raw(child)


def _picture(element: Element) -> str:
    words = element.attributes.get("alt") or element.attributes.get("title") or ""
    return f" {words.strip()} " if words.strip() else ""


def _nothing(_element: Element) -> str:
    return ""


def _input(element: Element) -> str:
    kind = element.attributes.get("type", "text").lower()
    if kind in {"checkbox", "radio"}:
        return "[x] " if "checked" in element.attributes else "[ ] "
    if kind == "image":
        return _picture(element)
    if kind in _NO_VALUE:
        return ""
    words = element.attributes.get("value") or element.attributes.get("placeholder") or ""
    return f" {words} "


def _select(element: Element) -> str:
    """Return the chosen option of a drop-down list, or all options of an open one with marks."""
    options = [each for each in _descendants(element) if each.name == "option"]
    chosen = [each for each in options if "selected" in each.attributes]
    if "multiple" in element.attributes or element.attributes.get("size", "1") not in {"", "0", "1"}:
        marks = ((each, "x" if each in chosen else " ") for each in options)
        return "".join(f" [{mark}] {_label(each)}" for each, mark in marks) + " "
    return f" {_label((chosen[-1:] or options[:1])[0])} " if options else ""


def _label(option: Element) -> str:
    return option.attributes.get("label") or line(option.children).text


def _descendants(element: Element) -> Iterator[Element]:
    for child in element.elements():
        yield child
        yield from _descendants(child)


def _textarea(element: Element) -> str:
    return (
        f"\n{preformatted(element)}\n" if preformatted(element) else element.attributes.get("placeholder", "")
    )


_FIELDS: dict[str, Callable[[Element], str]] = {
    "img": _picture,
    "input": _input,
    "select": _select,
    "textarea": _textarea,
    "wbr": _nothing,
}
_SHAPES = {
    "q": ("“", "”"),
    "rt": ("(", ")"),
    "msqrt": ("√(", ")"),
    "button": (" ", " "),
    "legend": (" ", " "),
}
_PAIRS = {"msup": "^", "msub": "_", "mfrac": "/", "msubsup": "_", "munder": "_", "mover": "^", "mroot": "√"}
