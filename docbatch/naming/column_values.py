"""Values of columns: an expression alone gives the value itself, text with expressions gives text."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NoReturn

from docbatch.naming.expressions import Context, Lookup, NameScope
from docbatch.naming.templates import Template, compile_template

MAX_TEXT = 1 << 28
"""Characters of a value, above which a few filters could make gigabytes of a long text."""


@dataclass(frozen=True, slots=True)
class ColumnValue:
    """What a column holds. Equal templates give equal values."""

    template: Template

    def bind(self, context: Context) -> "ColumnValue":
        """Return it with what is the same for all rows of a job filled in. Raises TemplateError."""
        return ColumnValue(self.template.bind(context))

    def value(self, context: Context) -> Any:
        """Return the value, None where something it names is not there. Raises ValueError for text that grows out of bounds."""
        parts = self.template.parts
        if len(parts) == 1 and isinstance(parts[0], Lookup) and not parts[0].filters:
            return parts[0].found(context)
        texts = [part if isinstance(part, str) else _text(part, context) for part in parts]
        if None in texts:
            return None
        known = [text for text in texts if text is not None]
        if (length := sum(map(len, known))) > MAX_TEXT:
            _refuse(length)
        return "".join(known)


def column_value(text: str, fields: Collection[str]) -> ColumnValue:
    """Parse the expression of a column of rows that have these fields. Raises TemplateError."""
    return ColumnValue(compile_template(text, NameScope({"row": fields})))


def _text(lookup: Lookup, context: Context) -> str | None:
    text = _shown(lookup.found(context))
    if text is not None and len(text) * lookup.growth > MAX_TEXT:
        _refuse(len(text) * lookup.growth)
    return lookup.filtered(text)


def _refuse(length: int) -> NoReturn:
    raise ValueError(f"the text of a column would be up to {length:,} characters long")


def _shown(value: object) -> str | None:
    """Return a value as text: truth and structures as JSON has them."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool | dict | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
