"""Refusing what would be surprising, before anything is spent. Pure: numbers and names in, an error or nothing out."""

import enum
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from docbatch.core.errors import GuardRefused
from docbatch.core.report import plural, visible

SHOWN = 20
"""How many examples are gathered for what is refused; fewer are shown."""
_LINES = 5


class Permission(enum.StrEnum):
    """What `--allow` lets one run do."""

    OVERWRITTEN = "overwritten"
    SHARED = "shared"
    CHANGED = "changed"
    NEW = "new"
    MONEY = "money"
    RESENT = "resent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Replaced:
    """Files that docbatch does not know as its own and that outputs are to replace: the first of them, and how many there are."""

    number: int = 0
    first: str = ""


def refuse_empty(job: str, *, found: int, before: int, allow_empty: bool, sought: str = "") -> None:
    """Raise GuardRefused when a source matches nothing: a missing mount or a wrong glob looks like that.

    `sought` says what was looked for, and where.
    """
    if found or allow_empty:
        return
    where = f": {visible(sought)}" if sought else ""
    if before:
        raise GuardRefused(
            f"job '{job}': its source matched {plural(before, 'document')} before and matches nothing now{where}",
            hint="is the folder there? Nothing was changed; 'allow_empty: true' in its source says that this is meant",
        )
    raise GuardRefused(
        f"job '{job}': its source matches nothing{where}",
        hint="check root, or store and prefix, and include, or the list that it names; 'allow_empty: true' in its source says that this is meant",
    )


def refuse_collisions(
    pairs: Sequence[tuple[str, str, str]], limit: int = _LINES, *, remedy: str = "make the sink's path differ"
) -> None:
    """Raise GuardRefused for outputs that would overwrite each other: (output, document, document) each."""
    if not pairs:
        return
    raise GuardRefused(
        "several documents would be written to one output, or to names that one file system may keep as one:\n  "
        + listed_names([f"{output}: wanted by {one} and by {other}" for output, one, other in pairs], limit),
        hint=f"nothing was sent; {remedy}",
    )


def refuse_nested(pairs: Sequence[tuple[str, str, str, str]]) -> None:
    """Raise GuardRefused for outputs that others would need as a folder: (output, whose, output below it, whose) each."""
    if not pairs:
        return
    lines = [
        f"{upper} ({whose}) and {lower} ({other})"
        if upper != lower
        else f"{upper}: wanted by {whose} and by {other}"
        for upper, whose, lower, other in pairs
    ]
    raise GuardRefused(
        "one output would be the folder of another, or its file:\n  " + listed_names(lines),
        hint="nothing was sent; make the sink's path differ, with a suffix behind '{{ doc.path }}', or the job's name before it",
    )


def refuse_blocked(blocked: Sequence[tuple[str, str, str]]) -> None:
    """Raise GuardRefused for outputs that cannot be written for what stands there: (output, whose, what) each."""
    if not blocked:
        return
    raise GuardRefused(
        "these outputs cannot be written where they are to be:\n  "
        + listed_names([f"{output} ({whose}): {what}" for output, whose, what in blocked]),
        hint="nothing was sent; move away what is there, or change the sink's path",
    )


def refuse_replaced(
    found: Sequence[tuple[str, str]], number: int, allowed: Collection[str], *, is_first: bool
) -> Replaced:
    """Return what is replaced where that is allowed; raise GuardRefused where it is not.

    `found` are the first of so many: (output, whose) each. `is_first` says that the state knows nothing as yet.
    """
    if not found:
        return Replaced()
    if Permission.OVERWRITTEN in allowed:
        return Replaced(number, found[0][0])
    raise GuardRefused(
        "files that docbatch does not know as its own stand where outputs are to be written:\n  "
        + listed_names([f"{output} ({whose})" for output, whose in found], number=number),
        hint="nothing was sent; move them away or change the sink's path,"
        " or let '--allow overwritten' put those that differ into the trash, .docbatch/trash or in a store .docbatch-trash/"
        + (
            "; where docbatch wrote them and its state was lost, 'docbatch recover' takes its work over first"
            if is_first
            else ""
        ),
    )


def refuse_shared(folder: str, owner: str, allowed: Collection[str]) -> None:
    """Raise GuardRefused for a folder that another project writes to, unless that is allowed."""
    if Permission.SHARED not in allowed:
        raise GuardRefused(
            f"{visible(folder)}: {visible(owner)} writes to this folder as well",
            hint="nothing was sent; choose a folder of this project's own, or say '--allow shared' once,"
            " where the two are known to write different files",
        )


def listed_names(lines: Sequence[str], limit: int = _LINES, *, number: int | None = None) -> str:
    """Return the first lines, made safe to show, and how many more of so many there are."""
    shown = [visible(line) for line in lines[:limit]]
    rest = (len(lines) if number is None else number) - len(shown)
    if rest:
        shown.append(f"and {rest:,} more")
    return "\n  ".join(shown)
