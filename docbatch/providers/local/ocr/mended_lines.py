"""What a model gets wrong in a whole page's lines: spaces that it leaves out, apostrophes that it takes for one another."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from PIL import Image

from docbatch.providers.local.ocr.text_lines import TextLine, slope_of, turned
from docbatch.providers.local.ocr.word_gaps import has_seams, respaced, strip_of, usual_gap

_MEASURED = 12
"""Lines that say enough about how wide a page's spaces are."""
_APOSTROPHE = re.compile("(?<=[^\\W\\d_])['\u2019]{1,2}(?=[^\\W\\d_])")
_CURLY = "\u2019"
_SHARE_OF_CURLY = 0.2


def mended(lines: Sequence[TextLine], grey: Image.Image, witness: Sequence[TextLine] = ()) -> list[TextLine]:
    """Return the lines of a grey picture with their spaces, and with one kind of apostrophe.

    `witness` is what another model read of the same picture.
    """
    return _with_one_apostrophe(_with_spaces(lines, grey), witness)


def _with_spaces(lines: Sequence[TextLine], grey: Image.Image) -> list[TextLine]:
    if not any(has_seams(line.text) for line in lines):
        return list(lines)
    slope = slope_of(lines)
    measured = (usual_gap(line.text, strip_of(grey, turned(line, slope), slope)) for line in lines)
    known = list(islice((each for each in measured if each is not None), _MEASURED))
    # Neighbours that reach into a line's strip make its gaps narrower, nothing makes them wider.
    usual = sorted(known)[len(known) * 3 // 4] if known else None
    return [
        replace(line, text=respaced(line.text, strip_of(grey, turned(line, slope), slope), usual))
        if has_seams(line.text)
        else line
        for line in lines
    ]


def _with_one_apostrophe(lines: Sequence[TextLine], witness: Sequence[TextLine]) -> list[TextLine]:
    """A page is set with one kind, and models see the straight one in a curly one more often than the reverse."""
    found = [mark for line in (*lines, *witness) for mark in _APOSTROPHE.findall(line.text)]
    if sum(_CURLY in mark for mark in found) <= len(found) * _SHARE_OF_CURLY:
        return list(lines)
    return [replace(line, text=_APOSTROPHE.sub(_CURLY, line.text)) for line in lines]
