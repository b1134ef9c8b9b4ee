"""How outputs differ, in words and as JSON lines: what `docbatch drift` and `docbatch verify` print."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from docbatch.cli.output import say, say_json

if TYPE_CHECKING:
    from docbatch.core.output_differences import Differing, OutputDifference

DIFFERS = 2
"""The exit code where something is not as it was written."""


class Teller:
    """Prints differences as they are found, and what they come to at the end."""

    def __init__(self, command: str, *, as_json: bool) -> None:
        self._version = f"docbatch/{command}/v1"
        self._as_json = as_json

    def tell(self, difference: "OutputDifference") -> None:
        if self._as_json:
            from dataclasses import asdict

            say_json({"version": self._version, "type": "difference", **asdict(difference)})
        else:
            say(_line(difference))

    def conclude(self, found: "Differing", hints: Iterable[str] = (), *, failed: bool = False) -> int:
        """Print the last line, and return the exit code; one where the look `failed`."""
        code = DIFFERS if found.is_any else 0
        code = 1 if failed else code
        if self._as_json:
            say_json({"version": self._version, "type": "summary", **found.values(), "exit_code": code})
            return code
        from docbatch.core.report import visible

        for note in found.notes:
            say(visible(f"note: {note}"))
        say(_sum(found, failed=failed))
        for hint in hints if found.is_any else ():
            say(f"  {hint}")
        return code


def _line(difference: "OutputDifference") -> str:
    from docbatch.core.report import visible

    whose = f" ({difference.job}: {difference.document})" if difference.document else ""
    whose = whose or (f" ({difference.job})" if difference.job else "")
    to = f" to {difference.to}" if difference.to else ""
    detail = f": {difference.detail}" if difference.detail else ""
    return visible(f"{difference.kind}: {difference.path}{to}{whose}{detail}")


def _sum(found: "Differing", *, failed: bool) -> str:
    from docbatch.core.output_differences import KINDS
    from docbatch.core.report import plural

    looked = plural(found.looked, "output")
    touched = f"; {found.touched:,} only have other times" if found.touched else ""
    unknown = f"; of {found.unknown:,} the bytes were never noted" if found.unknown else ""
    if failed and not found.is_any:
        return f"{looked} looked at; not every manifest could be read"
    if not found.is_any:
        return f"{looked} looked at, all as they were written{touched}{unknown}"
    counts = ", ".join(f"{found.counts[kind]:,} {kind}" for kind in KINDS if found.counts[kind])
    return f"{looked} looked at: {counts}{touched}{unknown}"
