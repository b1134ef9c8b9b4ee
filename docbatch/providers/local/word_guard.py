"""Which words and numbers of a document's raw text its Markdown does not say."""

import re
import unicodedata
from collections import Counter

# A number keeps its own points, commas, dashes and strokes, so that 1.204,50 is one and 12-34 is not 1234.
_WORD = re.compile(r"[^\W_]+(?:[.,:/'\u2019\-\u2010\u2011\u2013][^\W_]+)*")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_BREAK = re.compile(r"<br\s*/?>|\xad")


def words(text: str) -> list[str]:
    """Return the words of a text in their order, in one form of writing, Markdown's escapes undone."""
    plain = unicodedata.normalize("NFKC", _ESCAPE.sub(r"\1", _BREAK.sub(" ", text)))
    return _WORD.findall(plain)


def missing(raw: str, said: str) -> list[str]:
    """Return the words of `raw` that `said` holds less often, in their order in `raw`."""
    left = Counter(words(said))
    lacking = []
    for word in words(raw):
        if left[word] > 0:
            left[word] -= 1
        else:
            lacking.append(word)
    return lacking
