"""Whether a document is taken, as far as it is known what it is. Pure: what has to be looked up is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from docbatch.core.models import REFERENCE_TYPES, Input
from docbatch.core.report import human, plural
from docbatch.media.names import media_type_of, promised_type
from docbatch.sources.documents import Observed
from docbatch.sources.where import WhereOptions, moment, size_in_bytes

_REFERENCES = frozenset(REFERENCE_TYPES.values())
_UNSIZED = _REFERENCES - {REFERENCE_TYPES[Input.OBJECT]}
"""Stores say how large objects are, whoever fetches them."""


@dataclass(frozen=True, slots=True)
class Range:
    """Both ends are within it, None where it has none."""

    low: float | None = None
    high: float | None = None

    def has(self, number: float) -> bool:
        return (self.low is None or number >= self.low) and (self.high is None or number <= self.high)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What `where` asks. `types` are media types in small letters, the last part of which may be `*`.

    `modified` is in seconds since the epoch; its end is not within it.
    """

    size: Range | None = None
    pages: Range | None = None
    modified: Range | None = None
    types: tuple[str, ...] = ()
    metadata: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, where: WhereOptions) -> "Conditions":
        size, pages, modified = where.size, where.pages, where.modified
        bytes_of = (
            (None if each is None else size_in_bytes(each) for each in (size.min, size.max)) if size else ()
        )
        moments = (
            (None if each is None else moment(each) for each in (modified.after, modified.before))
            if modified
            else ()
        )
        return cls(
            size=Range(*bytes_of) if size else None,
            pages=Range(pages.min, pages.max) if pages else None,
            modified=Range(*moments) if modified else None,
            types=tuple((media_type_of(each) or each).lower() for each in where.type or ()),
            metadata={name: frozenset(values) for name, values in where.metadata.items()},
        )

    @property
    def is_of_names(self) -> bool:
        """Whether it can be told without looking at documents."""
        return not (self.size or self.pages or self.modified or self.types)

    def left_out_by_metadata(self, metadata: Mapping[str, str]) -> str | None:
        """Say why a document of this metadata is left out; None where it is not."""
        for name, values in self.metadata.items():
            if metadata.get(name) not in values:
                has = f"'{metadata[name]}'" if name in metadata else "not there"
                return f"doc.metadata.{name} is {has}"
        return None

    def left_out(self, document: Observed) -> str | None:
        """Say why a document is left out by what it is; None where it is not. Of one that a vendor fetches its name is known, and the size of an object."""
        is_reference = document.media_type in _REFERENCES
        is_sized = document.media_type not in _UNSIZED
        if self.size is not None and is_sized and not self.size.has(document.size):
            return f"it has {human(document.size)}"
        media_type = promised_type(document.path) if is_reference else document.media_type
        if self.types and media_type is not None:
            found = media_type.partition(";")[0].lower()
            if not any(
                found.startswith(each[:-1]) if each.endswith("/*") else found == each for each in self.types
            ):
                return f"it is of the type {media_type}"
        return None

    def left_out_by_moment(self, modified: float | None) -> str | None:
        """Say why a document is left out by when it was changed (seconds since the epoch); what is not known leaves nothing out."""
        wanted = self.modified
        if wanted is None or modified is None:
            return None
        if wanted.low is not None and modified < wanted.low:
            return "it was changed last before that"
        if wanted.high is not None and modified >= wanted.high:
            return "it was changed since"
        return None

    def left_out_by_pages(self, pages: int | None) -> str | None:
        """Say why a document is left out by its pages; what cannot be counted leaves nothing out."""
        if self.pages is None or pages is None or self.pages.has(pages):
            return None
        return f"it has {plural(pages, 'page')}"

    def is_unknown(self, document: Observed) -> bool:
        """Say whether something of a document is asked that nobody knows before it is sent."""
        is_reference = document.media_type in _REFERENCES
        by_type = bool(self.types) and promised_type(document.path) is None
        by_size = bool(self.size) and document.media_type in _UNSIZED
        return is_reference and bool(by_size or self.pages or by_type)
