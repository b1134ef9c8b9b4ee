"""Ids that a vendor gives. They are a stranger's text: kept in the state, printed, and put into the paths of requests."""

from docbatch.core.outside_text import REPLACEMENT
from docbatch.providers.http.redaction import CUT

LONGEST_ID = 1000


def identity(value: object) -> str | None:
    """Return an id; None for what cannot be one, as if it were missing.

    That is what is no text, or too long to be kept, or has what is not printed, and what is no longer as the vendor said
    it: with a key cut out of it, or half a character replaced.
    """
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= LONGEST_ID:
        return None
    return None if CUT in value or REPLACEMENT in value else value
