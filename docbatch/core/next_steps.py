"""What a person may do next about a document that is not well, with the command for it. Pure."""

import re
import shlex
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from docbatch.core.models import RETRY_CLASS, FailureClass, RetryClass
from docbatch.core.outside_text import escaped
from docbatch.core.result_warnings import WarningKind

_MAGIC = re.compile(r"([*?\[\]{}\\])")
_OF_SHELLS = re.compile(r'["$`!]|\\\\|\\$')
_KNOWN = {str(each) for each in FailureClass}


@dataclass(frozen=True, slots=True)
class NextStep:
    """`advice` says what it is good for, `command` is what to run."""

    advice: str
    command: str


def selecting(job: str, kind: str, path: str | None = None) -> str:
    """Return the options that select failures: those of a class of a job, or one document by its path as it is shown."""
    return f" --job {job} --class {kind}" + ("" if path is None else f" --path {quoted(literal(path))}")


def options(
    jobs: Collection[str],
    classes: Collection[str],
    paths: Collection[str],
    labels: Mapping[str, str],
    older_than: float | None,
) -> str:
    """Return the options that select by these, each with a space before it; `older_than` is in seconds."""
    pairs: list[tuple[str, str | None]] = [
        *(("--job", each) for each in jobs),
        *(("--class", each) for each in classes),
        *(("--path", each) for each in paths),
        *(("--label", f"{name}={value}") for name, value in labels.items()),
        *([] if older_than is None else [("--older-than", f"{older_than:g}s")]),
    ]
    return typed(pairs)


def typed(pairs: Iterable[tuple[str, str | None]]) -> str:
    """Return options as they are typed, each with a space before it; those without a value are None."""
    return "".join(f" {option}" + ("" if value is None else f" {quoted(value)}") for option, value in pairs)


def quoted(value: str) -> str:
    """Return it as a shell takes it, in quotes that may stand inside of the others around a command where that can be."""
    if shlex.quote(value) == value:
        return value
    return shlex.quote(value) if _OF_SHELLS.search(value) else f'"{value}"'


def withdrawing(options: str) -> str:
    """Return the command that lets failures count again that were accepted."""
    return f"docbatch accept{options} --withdraw"


def undoing(options: str) -> str:
    """Return the command that lets what was said of failures before hold again."""
    return f"docbatch accept{options} --undo"


def taking_back(options: str) -> str:
    """Return the command that takes back what was queued and is not sent yet."""
    return f"docbatch retry{options} --undo"


def literal(path: str) -> str:
    """Return the pattern that a path matches, and nearly nothing else; what cannot be typed is matched by a ?."""
    return "".join(
        _MAGIC.sub(r"\\\1", each) if escaped(each) == each or each == "\\" else "?" for each in path
    )


def next_step(status: str, kind: str, options: str, *, charges: bool, in_parts: bool = False) -> NextStep:
    """Return what to do about documents that stand so, for a reason of this class.

    `options` select them in commands, `charges` says that another try costs money, `in_parts` that they are read in parts.
    """
    if kind == "held":
        return NextStep(
            "it may have been sent: once you made sure that the provider does not have it, queue it by",
            f"docbatch retry{options}",
        )
    if status == "problem" or _passes(kind):
        return NextStep(
            "it is tried again by every run; mend what its message names, then run", "docbatch apply"
        )
    if _ends_the_same_way(kind, charges=charges and not in_parts):
        return NextStep(
            "the same bytes end the same way: give it other bytes, which apply sends, or let it stand by",
            f"docbatch accept{options} --reason TEXT",
        )
    again = ", which the provider charges again" if charges else ""
    what = "what was not read of it" if in_parts else "it"
    return NextStep(
        f"mend what its message names, then queue {what} again{again}, by", f"docbatch retry{options}"
    )


def _passes(kind: str) -> bool:
    return kind in _KNOWN and RETRY_CLASS[FailureClass(kind)] is RetryClass.AUTO


def _ends_the_same_way(kind: str, *, charges: bool) -> bool:
    if kind == WarningKind.LOST:
        return charges
    return kind in _KNOWN and RETRY_CLASS[FailureClass(kind)] is RetryClass.NEVER
