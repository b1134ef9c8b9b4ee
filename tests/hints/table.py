"""The table of hints: each text of the code that names a command, and the scenario that shows that the command helps.

To add a row, write a test in one of the modules `test_*.py` of this folder:

    @helps("queued; run 'docbatch apply'")
    def test_what_was_queued_is_sent(project: Project, hints: Hints) -> None:
        told = project.call("retry")               # brings about the situation, through the real command
        ended = hints.follow(project, told)        # finds the hint in what was printed, and runs what it names
        assert ended.code == 0                     # and the situation is gone

The text is the one in the code, with {} for what is put into it: the test of all hints prints it when the row is missing.
Where it stands in several places of the code, each has a row. `follow` takes words such as JOB or FILE to be put in the
place of those printed; `see` returns the commands instead of running one. A row whose hint was not seen fails.
"""

import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from tests.cli.project import Ended, Project

Row = TypeVar("Row", bound=Callable[..., object])

ROWS: list[str] = []
"""The texts that have a scenario, in every module of this folder that was imported."""
MARK = "hints"

_QUOTED = re.compile(r"(['`])docbatch ([^'`]+)\1")
_BARE = re.compile(r"\bdocbatch ([a-z]+)")
_TO_FILL = re.compile(r"[A-Z]{2,}")


def helps(*texts: str) -> Callable[[Row], Row]:
    """Enter hints into the table: the test that follows shows that they help."""

    def enter(row: Row) -> Row:
        ROWS.extend(texts)
        setattr(row, MARK, texts)
        return row

    return enter


@dataclass
class Hints:
    """The hints of one row. `seen` are those that were found in what a command said."""

    texts: tuple[str, ...]
    seen: set[str] = field(default_factory=set)

    def see(self, told: Ended | str, of: str = "") -> list[str]:
        """Find a hint in what was printed, and return the commands it names.

        `of` is a part of its text, where the row has several.
        """
        (text,) = [each for each in self.texts if each == of] or [each for each in self.texts if of in each]
        printed = _flat(told if isinstance(told, str) else told.out + "\n" + told.err)
        found = re.search(_pattern(_flat(text)), printed)
        assert found is not None, f"{text!r} is not in: {printed}"
        self.seen.add(text)
        quoted = [command for _, command in _QUOTED.findall(found[0])]
        if text.startswith("docbatch ") and not text.startswith("docbatch init"):
            return [found[0].removeprefix("docbatch ")]
        return quoted or _BARE.findall(found[0])

    def follow(
        self, project: Project, told: Ended | str, of: str = "", *, nth: int = 0, **words: str
    ) -> Ended:
        """Run the command that a hint names, the `nth` of them, as it was printed."""
        command = [words.get(word, word) for word in shlex.split(self.see(told, of)[nth])]
        assert not [word for word in command if _TO_FILL.fullmatch(word)], command
        return project.call(*command)


def _flat(text: str) -> str:
    """Return text on one line, as help texts are broken anywhere."""
    return " ".join(text.split())


def _pattern(text: str) -> str:
    """Return what finds a hint: anything may have been put into it, and at its end what is left of a command."""
    pieces = map(re.escape, text.removesuffix("{}").split("{}"))
    return "(.*?)".join(pieces) + (r"([^'`\s]*)" if text.endswith("{}") else "")


def unseen(hints: Hints) -> Iterator[str]:
    yield from (text for text in hints.texts if text not in hints.seen)
