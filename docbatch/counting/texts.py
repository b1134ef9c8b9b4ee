"""Pages of a text document, as whoever wrote it says: nothing but laying it out would tell more.

What made a document without laying it out leaves a number from elsewhere, such as that of an empty one. So the number of
characters it gives beside it has to be about what is there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO

from docbatch.core.extents import Extent
from docbatch.counting.package import Package, local
from docbatch.counting.uncountable import Uncountable

_MOST_PAGES = 100_000
_FEW_CHARACTERS = 100
_ABOUT = 1.5


@dataclass(slots=True)
class Stated:
    """What a document says of itself; 0 where it says nothing. `characters` are those that are no spaces, or `with_spaces` all."""

    pages: int = 0
    characters: int = 0
    with_spaces: bool = False


def count_docx(file: BinaryIO, _size: int) -> Extent:
    """Return the pages that docProps/app.xml names. Raises Uncountable."""
    package = Package(file)
    properties = [part for kind, part in package.targets("").values() if kind == "extended-properties"]
    stated, inside = Stated(), ""

    def start(name: str, _attributes: Mapping[str, str]) -> None:
        nonlocal inside
        inside = name

    def text(content: str) -> None:
        if inside == "Pages":
            stated.pages = _whole(content)
        elif inside == "Characters":
            stated.characters = _whole(content)

    for part in properties[:1]:
        package.parse(part, start, lambda _name: start("", {}), text)
    return _believed(stated, package, package.main(), frozenset({"t"}))


def count_odt(file: BinaryIO, _size: int) -> Extent:
    """Return the pages that meta.xml names. Raises Uncountable."""
    package = Package(file)
    stated = Stated()

    def start(name: str, attributes: Mapping[str, str]) -> None:
        if name == "document-statistic":
            stated.pages = _whole(local(attributes, "page-count"))
            bare = local(attributes, "non-whitespace-character-count")
            stated.with_spaces = bare is None
            stated.characters = _whole(local(attributes, "character-count") if bare is None else bare)

    package.parse("meta.xml", start)
    return _believed(stated, package, "content.xml", frozenset({"p", "h", "span", "a"}))


def _believed(stated: Stated, package: Package, part: str, of_text: frozenset[str]) -> Extent:
    if not 0 < stated.pages <= _MOST_PAGES:
        raise Uncountable("it names no number of pages")
    there = _characters(package, part, of_text, with_spaces=stated.with_spaces)
    least, most = sorted((there, stated.characters))
    if most > least * _ABOUT + _FEW_CHARACTERS or (there and not stated.characters):
        raise Uncountable(f"its number of pages is of {stated.characters} characters, it has {there}")
    return Extent(pages=stated.pages)


def _characters(package: Package, part: str, of_text: frozenset[str], *, with_spaces: bool) -> int:
    """Count the characters of a text."""
    found, inside = 0, [False]

    def start(name: str, _attributes: Mapping[str, str]) -> None:
        inside.append(name in of_text)

    def end(_name: str) -> None:
        inside.pop()

    def text(content: str) -> None:
        nonlocal found
        if inside[-1]:
            found += len(content if with_spaces else "".join(content.split()))

    package.parse(part, start, end, text)
    return found


def _whole(text: str | None) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 10 else 0
