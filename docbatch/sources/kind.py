"""What a kind of source declares of itself before one is opened: light to import, so that judging specs lists nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from docbatch.core.errors import UsageError
from docbatch.fields import SpecModel

if TYPE_CHECKING:
    from docbatch.sources.base import Source

CONTRACT = 0
"""The version of what a source promises and is promised: `base.py` and this file. A plug-in states the one it was built for.

While it is 0 it may change with any release; what is added has a default.
"""


@dataclass(frozen=True, slots=True)
class SourceKind:
    """A type of source. `key` is the field that only its options have, by which a spec says that it is meant.

    Kinds that are told by `type: NAME` instead have none; `open` gives such a source, from an instance of `options` and the
    project's root, which paths in options are relative to. It lists nothing yet. Those of docbatch's own with a `key` are
    opened from what a job resolves them to: see `sources.folder` and `sources.listed`. A plug-in's `contract` is the
    `CONTRACT` it was built for, as a number; docbatch's own need none.
    """

    name: str
    options: type[SpecModel]
    key: str | None = None
    open: "Callable[[Any, Path], Source] | None" = None
    contract: int | None = None

    def __post_init__(self) -> None:
        field = self.options.model_fields.get("type")
        typed = field is not None and get_args(field.annotation) == (self.name,)
        if self.key is None and not (typed and self.open is not None):
            raise UsageError(
                f"the kind of source '{self.name}' can be neither told nor opened",
                hint=f'declare its options with type: Literal["{self.name}"], and open',
            )

    @property
    def tag(self) -> str:
        """What tells it from the others in a spec."""
        return self.key or self.name
