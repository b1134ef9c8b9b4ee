"""A complete answer of a vendor, and what may be shown of it."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from docbatch.core.errors import Unavailable
from docbatch.jsontext import TooHeavy, parse
from docbatch.providers.http import causes
from docbatch.providers.http.redaction import LOOKED_AT, redact
from docbatch.providers.http.times import header_date

LONGEST_WAIT = 3600.0
MOST_WEIGHT = 8_000_000
"""What an answer may weigh that says how work stands, see `jsontext`: half a gigabyte of values at most."""
SECONDS = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?")
LATER = frozenset({408, 425, 429})

EXPLAINED = frozenset({400, 401, 402, 403, 404, 405, 409, 422, 429})
"""Statuses of a refusal that say whose fault it is: the request's own, the account's, or that of what it names."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete answer. Header names are in lower case; the body is decoded and bounded, and repeats no key."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False, compare=False)

    def json(self) -> Any:
        """Read the body. Raises Unavailable with the body cut and redacted."""
        try:
            return parse(self.body, finite=True, most=MOST_WEIGHT)
        except TooHeavy as error:
            what = f"cannot be read: {error}"
            raise Unavailable(f"an answer with status {self.status} {what}", cause=self.cause) from None
        except RecursionError:
            what = f"an answer with status {self.status} is nested too deeply to be read"
            raise Unavailable(f"{what}: {self.excerpt}", cause=self.cause) from None
        except ValueError:
            pass
        what = "is a page, not JSON" if causes.is_page(self.body) else "is not JSON"
        hint = causes.CHECK_ADDRESS if causes.is_page(self.body) else None
        text = f"an answer with status {self.status} {what}: {self.excerpt}"
        raise Unavailable(text, hint=hint, cause=self.cause)

    @property
    def cause(self) -> str:
        """What came instead of a good answer, in a few words."""
        return causes.answered(self.status, self.headers, self.body)

    @property
    def excerpt(self) -> str:
        """The body as it may be shown: without keys and presigned queries, at most 400 characters."""
        start = self.body[: 4 * (LOOKED_AT + 1)]
        return redact(start.decode(errors="replace"), self.secrets) or "(empty)"

    @property
    def retry_after(self) -> float | None:
        """Seconds the vendor asks to wait, at most an hour."""
        asked = self.headers.get("retry-after", "").strip()
        if SECONDS.fullmatch(asked):
            return min(float(asked), LONGEST_WAIT)
        until = header_date(asked)
        return None if until is None else min(max(until - self.date, 0.0), LONGEST_WAIT)

    @property
    def told_date(self) -> float | None:
        """The vendor's time of the answer, where it says."""
        return header_date(self.headers.get("date", ""))

    @property
    def date(self) -> float:
        """The vendor's time of the answer; this machine's where the answer does not say."""
        told = self.told_date
        return time.time() if told is None else told

    @property
    def is_json(self) -> bool:
        try:
            self.json()
        except Unavailable:
            return False
        return True

    @property
    def later(self) -> bool:
        """Whether the answer says no more than that the same call may be made again."""
        return self.status in LATER or self.status >= 500
