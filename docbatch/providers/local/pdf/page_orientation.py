"""Which pages lie on their side or stand on their head, and by how much they are turned."""

from collections import Counter

from liteparse import ParsedPage

_TURNS = 4
_QUARTER = 90
_MOST_SLANT = 10
"""Degrees by which a scan's text may be off and still be of its direction."""


def turned_pages(pages: list[ParsedPage]) -> list[tuple[int, int]]:
    """Return the pages most of whose characters are turned, each with the degrees clockwise: 90, 180 or 270."""
    turns = ((page.page_num, _turn(page)) for page in pages)
    return [(number, turn) for number, turn in turns if turn]


def _turn(page: ParsedPage) -> int:
    if not any(item.rotation for item in page.text_items):
        return 0
    characters: Counter[int] = Counter()
    for item in page.text_items:
        quarter = round(item.rotation / _QUARTER)
        if abs(item.rotation - quarter * _QUARTER) <= _MOST_SLANT:
            characters[quarter % _TURNS * _QUARTER] += len(item.text)
    return max(characters, key=lambda turn: (characters[turn], turn == 0), default=0)
