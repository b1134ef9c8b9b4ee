"""Reading the hints that webhooks left for a run: they bring questions to the vendor forward, and never answer one."""

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from docbatch.core.models import Submission, SubmissionStatus
from docbatch.core.scheduler import Settle
from docbatch.engine.progress_notices import Trouble
from docbatch.engine.running.run_context import Run
from docbatch.webhooks.hints import SUFFIX, Hint, decode

MOST_AT_ONCE = 1000
LARGEST = 64 * 1024
LOOK_SPACING = 10.0
"""Seconds between looks that hints may ask for: a look may page through long lists."""
_LOOK = partial(Settle, replay=False, reason="a webhook speaks of it; looking for it", hinted=True)


class HintInbox:
    """The hints of one run. Each file is read once and removed, whatever it says."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stuck: set[str] = set()
        self._is_shut = False
        self._woken: dict[str, float] = {}

    def has_news(self) -> bool:
        """Say whether there is a hint to take; a folder that cannot be read has none, and `take` says so once."""
        try:
            return next(self._names(), None) is not None
        except OSError:
            return False

    def take(self, run: Run) -> list[Hint]:
        """Read the hints that wait and remove them."""
        return [hint for name in self._listed(run) if (hint := self._taken(run, self._folder / name))]

    def heed(self, run: Run, hints: Sequence[Hint], submissions: Mapping[str, Submission]) -> list[Settle]:
        """Bring the polls forward that the hints concern, and return the looks they ask for.

        A vendor that sends a hint for every document makes for no more than one poll in `poll_initial`.
        """
        looks = []
        for identity in dict.fromkeys(each for hint in hints for each in _concerned(hint, run, submissions)):
            submission = submissions[identity]
            traits = run.connections[submission.connection].traits
            if submission.status is SubmissionStatus.SUBMITTED:
                self._hasten(run, identity, traits.poll_initial)
            elif traits.findable and self._may_look(run, identity):
                looks.append(_LOOK(identity))
        return looks

    def _hasten(self, run: Run, identity: str, spacing: float) -> None:
        now = run.clock.monotonic()
        last = self._woken.get(identity, float("-inf"))
        if last <= now:
            self._woken[identity] = max(now, last + spacing)
            followed = run.follow(identity)
            followed.next_poll = min(followed.next_poll, self._woken[identity])

    def _may_look(self, run: Run, identity: str) -> bool:
        now = run.clock.monotonic()
        if now - self._woken.get(identity, float("-inf")) < LOOK_SPACING:
            return False
        self._woken[identity] = now
        return True

    def _names(self) -> Iterator[str]:
        """Yield the names of files that may be hints; none where nobody ever listened."""
        try:
            with os.scandir(self._folder) as entries:
                names = [entry.name for entry in entries]
        except FileNotFoundError:
            return
        yield from sorted(name for name in names if name.endswith(SUFFIX) and name not in self._stuck)

    def _listed(self, run: Run) -> list[str]:
        try:
            return list(self._names())[:MOST_AT_ONCE]
        except OSError as error:
            if not self._is_shut:
                _complain(run, f"{self._folder} cannot be read: {error.strerror}")
            self._is_shut = True
            return []

    def _taken(self, run: Run, path: Path) -> Hint | None:
        try:
            content = _read(path)
            path.unlink()
            return decode(content)
        except FileNotFoundError:
            return None
        except OSError as error:
            self._stuck.add(path.name)
            _complain(run, f"{path} cannot be read and removed: {error.strerror}")
        except ValueError as error:
            _complain(run, f"{path} is no hint of a webhook and was removed: {error}")
        return None


def _concerned(hint: Hint, run: Run, submissions: Mapping[str, Submission]) -> Iterator[str]:
    """Yield the submissions a hint may be about: the one it names, else all of its connection."""
    known = run.connections.views()
    ours = [
        each
        for each in submissions.values()
        if each.connection == hint.connection
        and each.connection in known
        and each.account == known[each.connection].account
    ]
    if hint.marker is not None:
        yield from (each.id for each in ours if hint.marker == f"{run.project}-{each.id}")
        return
    named = [each for each in ours if each.remote_id in hint.ids]
    yield from (each.id for each in named or ours)


def _read(path: Path) -> bytes:
    """Read a file that others may have put there: no link is followed, no pipe waited for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        return stream.read(LARGEST) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""


def _complain(run: Run, message: str) -> None:
    run.observe(Trouble("inbox", message, "nothing is lost: the vendor is asked without it too"))
