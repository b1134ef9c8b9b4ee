"""What general engines say beside the document: complaints that name what is lost, pictures that nobody writes."""

import re

_LOSS = re.compile(
    r"\b(?:could not|cannot|can't|unable to|failed|failure|skipp(?:ed|ing)|not (?:be )?(?:extracted|read|parsed|found|processed|supported)"
    r"|missing|truncated|dropped|omitted|ignored|collapsed|incomplete|exceed(?:s|ed))\b",
    re.IGNORECASE,
)
# Steps on top of what was read: without them nothing of the document is missing.
_BESIDE = frozenset(
    {
        "metadata",
        "language_detection",
        "keyword_extraction",
        "chunking",
        "embedding",
        "token_reduction",
        "quality",
        "cache",
    }
)
_PICTURE = re.compile(
    r"!\[((?:[^\[\]\\]|\\.){0,2000})\]\((?!https?:|data:)[^()\s]{0,2000}(?:\s\"[^\"\n]{0,500}\")?\)"
)
_PICTURE_TOLD = re.compile(r"\[Image: ([^\[\]\n()]{0,500})(?: \([^()\n]{0,500}\))?\]")
_MADE_UP = re.compile(r"(?:image|picture)[ _-]?\d*", re.IGNORECASE)
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")


def is_loss(source: str, message: str) -> bool:
    """Whether a complaint says that a part of the document was not read."""
    return source.lower() not in _BESIDE and _LOSS.search(message) is not None


def without_pictures(markdown: str) -> str:
    """Return Markdown in which pictures that stand nowhere are the words for them."""
    if "![" not in markdown and "[Image" not in markdown:
        return markdown
    return _PICTURE_TOLD.sub(_words, _PICTURE.sub(_words, markdown))


def plain(markdown: str) -> str:
    """Return Markdown without its escapes, as text."""
    return _ESCAPED.sub(r"\1", markdown)


def _words(picture: re.Match[str]) -> str:
    words = picture[1].strip()
    return "" if _MADE_UP.fullmatch(words) else words
