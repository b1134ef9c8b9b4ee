"""A small project on one emulator, and the runs of the real command on it: what `docbatch.testing.matrix` is made of."""

import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Generic, TypeVar

from docbatch.core.models import SubmissionStatus
from docbatch.emulators.server import Emulator, Request
from docbatch.state.records import Frozen
from docbatch.state.store import Store
from docbatch.testing import _zygote as zygote
from docbatch.testing.crash import CommandRun, Ending, killing, nobody

E = TypeVar("E", bound=Emulator)

DONE = frozenset({0, 3})
REFUSED = frozenset({6, 12, 64})
MOST_RUNS = 8
LONG = 10_000.0
ENDLESS = 120.0
"""Seconds after which a command counts as one that does not come to an end."""


@dataclass(frozen=True, slots=True)
class Vendor(Generic[E]):
    """A vendor as the kit sees it; said once, and judged in every way.

    `emulator` makes the service and `write` a project on it in a folder, with some documents below in/ and the given
    `recovery:`. `creates` tells the requests that cost money. `remote_id` is what a person reads off the vendor's own
    pages about a held submission: its id there, None when it does not exist. `foreign` turns a project to the
    credentials of another account and returns what is else in its environment then. `environment` is what commands find
    there; `outputs` are the folders compared.

    `kind` says where the provider is declared, as `package.module:NAME`, while it is not installed. `words` are those of
    a document that its result must hold. `patience` (seconds) is how long the emulator may take for all documents.
    """

    emulator: Callable[[], E]
    write: Callable[[Path, E, str], object]
    creates: Callable[[Request], bool]
    remote_id: Callable[[E, Frozen], str | None]
    foreign: Callable[[Path, E], Mapping[str, str]]
    environment: Mapping[str, str] = field(default_factory=dict)
    outputs: Sequence[str] = ("out",)
    kind: str = ""
    words: Callable[[bytes], Collection[str]] = lambda content: content.decode().split()
    patience: float = 20.0


@dataclass
class Attempt(Generic[E]):
    """One project on one emulator, and every run of the command so far."""

    vendor: Vendor[E]
    emulator: E
    root: Path
    environment: Mapping[str, str]
    runs: list[CommandRun] = field(default_factory=list)
    effects: list[str] = field(default_factory=list)

    def run(self, *arguments: str, die_at: int = 0) -> CommandRun:
        process = zygote.start(self.root, arguments, self.environment, die_at=die_at, kind=self.vendor.kind)
        self.emulator.strike = killing(process.pid)
        try:
            out, err = process.communicate(ENDLESS)
        except TimeoutExpired as endless:
            raise AssertionError(
                f"'docbatch {' '.join(arguments)}' did not come to an end within {endless.timeout:.0f} s"
            ) from None
        finally:
            self.emulator.strike = nobody
            process.kill()
        assert process.returncode is not None
        self.runs.append(CommandRun(process.returncode, out, err))
        self.effects = process.effects if process.returncode >= 0 else []
        return self.runs[-1]

    def finish(self, *, by_hand: bool) -> None:
        """Apply until all is done; `by_hand` settles what is held as a person would after a look at the vendor."""
        for _ in range(MOST_RUNS):
            code = self.run("apply", "--yes").code
            if code in DONE | REFUSED or (code == 4 and not (by_hand and self.settle())):
                return

    def settle(self) -> int:
        """Resolve what is held; return how many submissions that were."""
        held = self.held()
        for frozen in held:
            remote_id = self.vendor.remote_id(self.emulator, frozen)
            answer = ("--absent",) if remote_id is None else ("--remote-id", remote_id)
            self.run("resolve", frozen.submission, *answer)
        return len(held)

    def held(self) -> list[Frozen]:
        with Store.readable(self.root / ".docbatch") as store:
            known = [each.id for each in store.submissions.open() if each.status is SubmissionStatus.HELD]
            return [store.submissions.frozen(each) for each in known]

    def payments(self) -> Counter[str]:
        return Counter(self.emulator.ledger)

    def ending(self) -> Ending:
        emulator = self.emulator
        seen = list(emulator.requests), list(emulator.leaks), list(emulator.errors)
        return Ending(self.payments(), self._outputs(), self.runs, *seen)

    def _outputs(self) -> dict[str, bytes]:
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for folder in self.vendor.outputs
            for path in sorted((self.root / folder).rglob("*"))
            if path.is_file()
        }


def pass_time(emulator: Emulator) -> None:
    clock = emulator.clock
    emulator.clock = lambda: clock() + LONG
    emulator.lag = 0.0


@contextmanager
def foreign(attempt: Attempt[E]) -> Iterator[None]:
    """Turn a project to other credentials for a while."""
    kept = {path: path.read_bytes() for path in attempt.root.iterdir() if path.is_file()}
    own = attempt.environment
    attempt.environment = {**own, **attempt.vendor.foreign(attempt.root, attempt.emulator)}
    yield
    attempt.environment = own
    for path, content in kept.items():
        path.write_bytes(content)


def with_one_document(attempt: Attempt[E]) -> None:
    """Apply the project with its first document alone."""
    inbox, aside = attempt.root / "in", attempt.root / ".aside"
    first = next(path.relative_to(inbox) for path in sorted(inbox.rglob("*")) if path.is_file())
    inbox.rename(aside)
    (inbox / first).parent.mkdir(parents=True)
    shutil.copy2(aside / first, inbox / first)
    applied = attempt.run("apply", "--yes")
    assert applied.code == 0, applied
    shutil.copytree(aside, inbox, dirs_exist_ok=True)


def put_back(root: Path, copy: Path, *, whole: bool) -> None:
    """Put the state back, alone or with everything beside it."""
    state = root / ".docbatch"
    if whole:
        shutil.rmtree(state)
        shutil.copytree(copy, state)
        return
    for name in ("state.db-wal", "state.db-shm"):
        (state / name).unlink(missing_ok=True)
    for path in copy.glob("state.db*"):
        shutil.copy2(path, state / path.name)
