"""Laying spec files out: each by itself, so that what is wrong with one keeps no other from it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from docbatch.core.errors import DocbatchError
from docbatch.engine.administration.formatting.find_specs import SpecSearch
from docbatch.engine.administration.formatting.replace_file import replace_file
from docbatch.specs.formatting.formatted_text import BOM, formatted
from docbatch.specs.formatting.upgrades import upgraded, versions
from docbatch.specs.text import MAX_BYTES, decoded, read_bytes

Verdict = Literal["formatted", "unchanged", "refused"]


@dataclass(frozen=True, slots=True)
class LaidOut:
    """What became of one file: `before` and `after` are its text, `versions` those of the format it was in.

    A file that is `refused` is as it was, and `error` says why.
    """

    file: str
    verdict: Verdict
    before: str = ""
    after: str = ""
    versions: tuple[str, ...] = ()
    error: DocbatchError | None = None


def lay_out_files(
    files: Iterable[Path], search: SpecSearch, *, upgrade: bool = False, write: bool = True
) -> Iterator[LaidOut]:
    """Lay out files one after another, and yield what became of each. Without `write` they stay as they are."""
    for file in files:
        shown = search.shown(file)
        try:
            content = read_bytes(file, shown, search.checkout, MAX_BYTES)
            found = lay_out(content, shown, upgrade=upgrade)
            if write and found.verdict == "formatted":
                replace_file(file, shown, content, found.after.encode())
        except DocbatchError as error:
            found = LaidOut(shown, "refused", error=error)
        yield found


def lay_out(content: bytes, shown: str, *, upgrade: bool = False) -> LaidOut:
    """Lay out the content of one file, called `shown` in messages. Raises SpecError, LayoutRefused."""
    text = decoded(content, shown)
    said = versions(text, shown)
    after = formatted(upgraded(text, shown) if upgrade else text, shown)
    # A byte order mark was cut off the text already.
    is_same = after.encode() == content
    before = text if not content.startswith(BOM.encode()) else BOM + text
    return LaidOut(shown, "unchanged" if is_same else "formatted", before, after, said)
