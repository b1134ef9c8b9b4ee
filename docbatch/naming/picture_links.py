"""Links to pictures in a vendor's Markdown that lead nowhere: they are replaced by the words that stand for the picture.

Vendors refer to files that lie with them, by name or by a link that soon expires and is a credential until then. Pictures on the web
are the document's own, and those that the text itself holds are whole.
"""

import html
import re
from collections.abc import Callable, Iterator

from docbatch.naming.signed import without_signatures

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})", re.MULTILINE)
_PICTURE = re.compile(
    r"!\[((?:[^\[\]\\]|\\.)*)\]\([ \t]{0,9}(<[^<>\n]*>|[^\s()<>]*(?:\([^\s()<>]*\)[^\s()<>]*)*)"
    r"(?:[ \t]{1,9}(?:\"[^\"\n]*\"|'[^'\n]*'))?[ \t]{0,9}\)"
)
_TAG = re.compile(r"<img\b[^<>]*>", re.IGNORECASE)
_EITHER = re.compile(f"{_PICTURE.pattern}|(?i:{_TAG.pattern})")
_ATTRIBUTE = r"""(?<![\w-]){}\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+))"""
_SOURCE = re.compile(_ATTRIBUTE.format("src"), re.IGNORECASE)
_WORDS = re.compile(_ATTRIBUTE.format("alt"), re.IGNORECASE)
_LASTING = re.compile(r"https?://[^/]|data:image/", re.IGNORECASE)


def without_lost_pictures(markdown: str) -> tuple[str, int]:
    """Return Markdown in which no picture is missing, and how many were replaced by their words. Code is left as it is."""
    lost = 0

    def lasting(source: str) -> str | None:
        nonlocal lost
        if lasts(source):
            return source
        lost += 1
        return None

    return relinked(markdown, lasting), lost


def relinked(markdown: str, link: Callable[[str], str | None]) -> str:
    """Return Markdown with each picture at the address that `link` gives for its own, or replaced by its words for None.

    They are asked for in their order. Code is left as it is.
    """
    if "![" not in markdown and not _TAG.search(markdown):
        return markdown

    def replaced(found: re.Match[str]) -> str:
        is_tag = found[2] is None
        words = _value(_WORDS, found[0]) if is_tag else found[1]
        source = html.unescape(_value(_SOURCE, found[0])) if is_tag else found[2].strip("<>")
        to = link(source)
        if to is None or to == source:
            return words if to is None else found[0]
        if is_tag:
            return f'<img src="{html.escape(to)}" alt="{words.replace(chr(34), "&quot;")}">'
        return f"![{words}]({to})"

    return "".join(part if is_code else _EITHER.sub(replaced, part) for is_code, part in _parts(markdown))


def shown_picture(place: tuple[int, int], link: str) -> str:
    """Return the so many-th picture from 0 of a page as Markdown, with words for who does not see it."""
    page, number = place
    return f"![page {page}, picture {number + 1}]({link})"


def told(lost: int) -> Iterator[str]:
    """Yield the warning that pictures were replaced, none where none was."""
    if lost:
        pictures = "1 picture" if lost == 1 else f"{lost:,} pictures"
        yield f"pictures: the service refers to {pictures} that it did not give; words stand there in the Markdown"


def _parts(markdown: str) -> Iterator[tuple[bool, str]]:
    """Yield the text in parts, and of each whether it is code between fences."""
    fence = ""
    done = 0
    for mark in _FENCE.finditer(markdown):
        if fence and not (mark[1].startswith(fence)):
            continue
        yield bool(fence), markdown[done : mark.start()]
        done = mark.start()
        fence = "" if fence else mark[1]
    yield bool(fence), markdown[done:]


def lasts(source: str) -> bool:
    """Say whether an address holds the picture, or is one of the web that is no credential."""
    source = source.strip()
    encoded = source.encode(errors="replace")
    return bool(_LASTING.match(source)) and without_signatures(encoded) == encoded


def _value(attribute: re.Pattern[str], tag: str) -> str:
    found = attribute.search(tag)
    return next((each for each in found.groups() if each is not None), "") if found else ""
