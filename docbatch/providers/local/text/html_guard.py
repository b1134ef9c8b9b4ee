"""What a page shows by its tree alone, held against what was written of it."""

from collections.abc import Iterator

from docbatch.providers.local import word_guard
from docbatch.providers.local.text.html_inline import is_hidden
from docbatch.providers.local.text.html_tree import Element

# Of these not all is shown, or not as it stands in the page.
_OWN_RULES = frozenset({"select", "math", "iframe", "textarea"})
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


def _visible(element: Element) -> Iterator[str]:
    for child in element.children:
        if isinstance(child, str):
            yield child
        elif child.name not in _OWN_RULES and not is_hidden(child):
            apart = "\n" if child.holds_blocks or child.name in _APART else ""
            yield apart
            yield from _visible(child)
            yield apart
