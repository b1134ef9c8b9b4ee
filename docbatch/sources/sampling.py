"""A part of a source's documents that stays the same: chosen by a hash of their paths, not by chance."""

import re
from dataclasses import dataclass
from decimal import Decimal
from hashlib import blake2b
from typing import Annotated

from pydantic import BeforeValidator, Field

from docbatch.fields import refuse

SHARE = r"^(100|[1-9]?[0-9])(\.[0-9]{1,4})?%$(?!\n)"
MOST_SAMPLED = 100_000
"""So many documents are held in memory until it is known which of them have the smallest hashes."""
_ALL = 1 << 64
_HINT = "write a number of documents, as in 200, or a share of them, as in 5%"


def _number_or_share(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | str):
        refuse("a whole number or a percentage is needed", _HINT)
    if isinstance(value, str) and (not re.match(SHARE, value) or not 0 < Decimal(value[:-1]) <= 100):
        refuse("a sample is a whole number, or a percentage of more than 0% and at most 100%", _HINT)
    if isinstance(value, int) and not 1 <= value <= MOST_SAMPLED:
        refuse(f"a sample has 1 to {MOST_SAMPLED:,} documents", "take a percentage for more, as in 5%")
    return value


SampleSize = Annotated[
    int | str,
    BeforeValidator(
        _number_or_share,
        json_schema_input_type=Annotated[int, Field(ge=1, le=MOST_SAMPLED)]
        | Annotated[str, Field(pattern=SHARE)],
    ),
]


@dataclass(frozen=True, slots=True)
class Sample:
    """Either `number` documents, those with the smallest ranks, or all whose rank is below `bound`."""

    number: int | None
    bound: int = _ALL

    @classmethod
    def of(cls, written: int | str) -> "Sample":
        if isinstance(written, int):
            return cls(written)
        return cls(None, int(Decimal(written[:-1]) * _ALL / 100))

    def has(self, path: bytes) -> bool:
        """Say whether a share of all documents holds one, whichever others there are."""
        return rank(path) < self.bound


def rank(path: bytes) -> int:
    """Return where a path stands among all there could be: the same on every machine, and in no order of names."""
    return int.from_bytes(blake2b(path, digest_size=8, person=b"docbatch-sample").digest())
