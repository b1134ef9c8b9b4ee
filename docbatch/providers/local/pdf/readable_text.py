"""Whether the text of a page can be what is seen on it, judged by its characters and how they follow each other."""

import re
import unicodedata
from itertools import pairwise

_MOST_BAD = 0.02
_BAD = "\x00-\x08\x0e-\x1f\x7f-\x9f\ufffd\ue000-\uf8ff"
# One such character alone is a bullet or a part of a bracket.
_BAD_WORD = re.compile(rf"(?=\S*[{_BAD}]\S|\S*\S[{_BAD}])\S+")
_BAD_LETTER = re.compile(f"[{_BAD}]")
_WORD = re.compile(r"[^\W\d_]+")
_LEAST_PAIRS = 20
_USUAL = 0.2
_MANY_PAIRS = 80
_STRANGE = 0.13
_VOWELS = "aeiou"
_USUAL_VOWELS = 0.22
_SAMPLE = 4_000
# Pairs of letters that make up a third and more of any text in a European language.
_COMMON_PAIRS_TEXT = """
th he in er an re on at en nd ti es or te of ed is it al ar st to nt ng se ha as ou io le ve co me de hi ri ro ic ne
ea ra ce li ch ll be ma si om ur ei ie un ge te ss qu ai la ue el os ad do da
"""
_COMMON_PAIRS = frozenset(_COMMON_PAIRS_TEXT.split())


def is_rubbish(text: str) -> bool:
    """Whether a page says characters that stand for no letter, in words and not for a bullet."""
    if not _BAD_LETTER.search(text):
        return False
    bad = sum(len(_BAD_LETTER.findall(word)) for word in _BAD_WORD.findall(text))
    return bad > _MOST_BAD * sum(map(len, text.split()))


def is_likely(text: str) -> bool:
    """Whether the letters of a page follow each other as those of a language do, or are of a script not known here."""
    number, share = _common_pairs(text)
    return number >= _LEAST_PAIRS and share >= _USUAL


def is_unlikely(text: str) -> bool:
    """Whether a page has so many letters in a strange order that they alone are a sign."""
    sample = text[:_SAMPLE].lower()
    vowels = sum(map(sample.count, _VOWELS))
    if vowels >= _USUAL_VOWELS * len(sample):
        return False
    number, share = _common_pairs(text)
    return number >= _MANY_PAIRS and share < _STRANGE


def _common_pairs(text: str) -> tuple[int, float]:
    """Return how many pairs of letters there are, and the share of those that are common in some language."""
    words = _WORD.findall(text[:_SAMPLE].lower())
    letters = "".join(words)
    others = [] if letters.isascii() else [letter for letter in letters if not letter.isascii()]
    latin = len(letters) - sum("LATIN" not in unicodedata.name(letter, "") for letter in others)
    pairs = [first + second for word in words for first, second in pairwise(word)]
    if latin * 2 < len(letters):
        return max(len(pairs), _LEAST_PAIRS), 1.0
    return len(pairs), sum(pair in _COMMON_PAIRS for pair in pairs) / max(len(pairs), 1)
