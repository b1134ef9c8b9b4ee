"""What a page shows by its tree alone, held against what was written of it."""

import re
from collections.abc import Iterator

from docbatch.providers.local import word_guard
from docbatch.providers.local.text.html_inline import is_hidden
from docbatch.providers.local.text.html_tree import Element

# Of these not all is shown, or not as it stands in the page.
_OWN_RULES = frozenset({"select", "math", "iframe", "textarea"})
_SCRIPT = re.compile(r"<script\b", re.IGNORECASE)
_SEEN = frozenset({"img", "svg", "input", "select", "textarea", "video", "iframe", "object", "embed", "hr"})
_APART = frozenset(
    {
        "br",
        "hr",
        "img",
        "input",
        "rt",
        "button",
        "legend",
        "td",
        "th",
        "text",
        "object",
        "video",
        "audio",
        "canvas",
        "progress",
    }
) | {"meter", "output", "marquee"}


def unsaid(root: Element, said: str) -> list[str]:
    """Return the words that a page shows and the text of its blocks does not hold, in their order."""
    return word_guard.missing("".join(_visible(root)), said)


def is_made_by_script(root: Element, page: str) -> bool:
    """Say whether a page holds nothing to see but what it says to those without scripts, and a script to fill it."""
    if _SCRIPT.search(page) is None:
        return False
    ahead = [root]
    while ahead:
        element = ahead.pop()
        if element.name in _SEEN or any(isinstance(each, str) and each.strip() for each in element.children):
            return False
        ahead += (each for each in element.elements() if each.name != "noscript" and not is_hidden(each))
    return True


def _visible(element: Element) -> Iterator[str]:
    for child in element.children:
        if isinstance(child, str):
            yield child
        elif child.name not in _OWN_RULES and not is_hidden(child):
            apart = "\n" if child.holds_blocks or child.name in _APART else ""
            yield apart
            yield from _visible(child)
            yield apart
