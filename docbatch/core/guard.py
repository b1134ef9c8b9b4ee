"""Refusing what would be surprising, before anything is spent. Pure: numbers and names in, an error or nothing out."""

from collections.abc import Sequence

from docbatch.core.errors import GuardRefused
from docbatch.core.report import plural, visible


def refuse_empty(job: str, *, found: int, before: int, allow_empty: bool) -> None:
    """Raise GuardRefused when a source matches nothing: a missing mount or a wrong glob looks like that."""
    if found or allow_empty:
        return
    if before:
        raise GuardRefused(
            f"job '{job}': its source matched {plural(before, 'document')} before and matches nothing now",
            hint="is the folder there? Nothing was changed; 'allow_empty: true' in its source says that this is meant",
        )
    raise GuardRefused(
        f"job '{job}': its source matches nothing",
        hint="check root and include; 'allow_empty: true' in its source says that this is meant",
    )


def refuse_collisions(pairs: Sequence[tuple[str, str, str]], limit: int = 5) -> None:
    """Raise GuardRefused for outputs that would overwrite each other: (output, document, document) each."""
    if not pairs:
        return
    lines = [
        f"{visible(output)}: wanted by {visible(one)} and by {visible(other)}"
        for output, one, other in pairs[:limit]
    ]
    if len(pairs) > limit:
        lines.append(f"and {len(pairs) - limit} more")
    raise GuardRefused(
        "several documents would be written to one output, or to names that one file system may keep as one:\n  "
        + "\n  ".join(lines),
        hint="nothing was sent; make the sink's path differ, for example with '{{ doc.path }}' or '{{ doc.sha256 }}'",
    )
