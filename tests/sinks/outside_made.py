"""A kind of sink as somebody else may write it, whose outputs are made by what moves by itself."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from docbatch.sinks.kind import SinkKind

from .outside_rows import RowsSink, RowsSinkSpec


class MadeSinkSpec(RowsSinkSpec):
    """Rows that something makes which moves by itself."""

    type: Literal["made"]  # type: ignore[assignment]
    made_by: ClassVar[dict[str, str]] = {}

    @property
    def versions(self) -> Mapping[str, str]:
        return dict(self.made_by)


KIND = SinkKind("made", MadeSinkSpec, RowsSink, per_document=True)
