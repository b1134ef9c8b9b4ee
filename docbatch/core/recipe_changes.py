"""What differs between two ways of processing documents, named with old and new values. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from docbatch.core.accounts import told_apart
from docbatch.core.changes import Reason
from docbatch.core.keys import canonical
from docbatch.core.models import Recipe


@dataclass(frozen=True, slots=True)
class Difference:
    """A component of the document's identity whose recorded value is not today's."""

    what: str
    old: str
    new: str


def why_another(old: Recipe, new: Recipe) -> Reason | None:
    """Return the first of what differs, None where nothing does: another provider has other accounts and options anyway."""
    for one, other, reason in (
        (old.provider, new.provider, Reason.PROVIDER),
        (old.account, new.account, Reason.ACCOUNT),
        (old.operation, new.operation, Reason.OPERATION),
        (canonical(old.config), canonical(new.config), Reason.CONFIG),
        (canonical(old.pins), canonical(new.pins), Reason.VERSION),
    ):
        if one != other:
            return reason
    return None


def differences(old: Recipe, new: Recipe) -> Iterator[Difference]:
    """Yield all that differs. Of an account's workspace it is told only that it is another."""
    for what, one, other in (
        ("provider", old.provider, new.provider),
        ("account", *told_apart(old.account, new.account)),
        ("operation", str(old.operation), str(new.operation)),
    ):
        if one != other:
            yield Difference(what, one, other)
    yield from _fields("config", old.config, new.config)
    yield from _fields("version", old.pins, new.pins)


def _fields(prefix: str, old: object, new: object) -> Iterator[Difference]:
    """Descend to the fields that differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted({*old, *new}):
            yield from _fields(f"{prefix}.{name}", old.get(name), new.get(name))
    elif canonical(old) != canonical(new):
        yield Difference(prefix, _said(old), _said(new))


def _said(value: object) -> str:
    return "not set" if value is None else canonical(value)
