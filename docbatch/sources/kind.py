"""What a kind of source declares of itself before one is opened: light to import, so that judging specs lists nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from pydantic import create_model

from docbatch.core.errors import UsageError
from docbatch.fields import SpecModel

if TYPE_CHECKING:
    from docbatch.sources.base import Source
    from docbatch.sources.options import SelectionOptions

CONTRACT = 0
"""The version of what a source promises and is promised: `base.py` and this file. A plug-in states the one it was built for.

While it is 0 it may change with any release; what is added has a default.
"""


@cache
def _with_selection(options: type[SpecModel]) -> type[SpecModel]:
    from docbatch.sources.options import SelectionOptions  # noqa: PLC0415 - it declares kinds itself

    if issubclass(options, SelectionOptions):
        return options
    made: type[SpecModel] = create_model(
        options.__name__,
        __base__=(options, SelectionOptions),
        __doc__=options.__doc__,
        __module__=options.__module__,
    )
    return made


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
    def written(self) -> type[SpecModel]:
        """What a spec may say of it: its own options, and what may be said of any source."""
        return _with_selection(self.options)

    def own(self, written: SpecModel) -> SpecModel:
        """Return its own options alone."""
        names = self.options.model_fields
        values = {name: getattr(written, name) for name in names if name in written.model_fields_set}
        return written if type(written) is self.options else self.options.model_construct(**values)

    def selection(self, written: SpecModel) -> "SelectionOptions":
        """Return what is said of any source; a field of its own that has such a name is none of it."""
        from docbatch.sources.options import SelectionOptions  # noqa: PLC0415 - it declares kinds itself

        if isinstance(written, SelectionOptions) and type(written) is self.options:
            return written
        names = SelectionOptions.model_fields.keys() - self.options.model_fields.keys()
        return SelectionOptions.model_construct(**{name: getattr(written, name) for name in names})

    @property
    def tag(self) -> str:
        """What tells it from the others in a spec."""
        return self.key or self.name
