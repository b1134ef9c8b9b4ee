"""Warnings as the state keeps them: few, short, on one line each, and with a reason for all that is partial."""

from collections.abc import Iterable
from itertools import islice

from docbatch.core.result_warnings import UNNAMED_LOSS, WarningKind, abridged, kind_of
from docbatch.providers.http.redaction import redact

MOST = 20
LONGEST = 300
LOOKED_AT = 10_000


def told_warnings(warnings: Iterable[object], *, partial: bool) -> tuple[str, ...]:
    """Return the first warnings, the gravest before the others. What is no text is left out."""
    found = [each for each in islice(warnings, LOOKED_AT) if isinstance(each, str)]
    if partial and not any(kind_of(each) is WarningKind.LOST for each in found):
        found.append(UNNAMED_LOSS)
    return tuple(redact(each, (), LONGEST) for each in abridged(found, MOST))
