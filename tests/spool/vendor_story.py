"""What a project lives through at a vendor: results of before are moved, documents are processed, packs are rewritten.

The first documents were paid before there were packs, or by many runs that each left one; then some come, one is another
and one goes. The story is told once undisturbed, and again with a kill somewhere in it.
"""

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any, Generic
from unittest import mock

from docbatch.spool.moving import _move
from docbatch.state.store import Store
from docbatch.testing.attempt import Attempt, E, Vendor
from docbatch.testing.crash import Ending
from docbatch.testing.matrix import HASTE, essence
from tests.cli.project import Project, gone
from tests.kept_results import kept_results, packs, unpack_all
from tests.providers.extend import test_matrix as extend
from tests.providers.extractpage import test_matrix as extractpage
from tests.providers.llamacloud import test_matrix as llamacloud
from tests.spool.dying_commands import DEATH
from tests.spool.opened import opened

RECOVERY = "{grace: 0.3, then: resend}"
CONFIGS = {
    "extend": "{}",
    "llamacloud": "{parameters: {tier: agentic, version: '2026-10-16'}}",
    "extractpage": "{}",
}
JOB = """
apiVersion: docbatch/v1
name: job
source: {{root: in, include: "**/*"}}
provider: {provider}
config: {config}
sink:
  - {{type: files, path: "out/{{{{ doc.path }}}}.md", format: markdown}}
  - {{type: files, path: "out/{{{{ doc.path }}}}.txt", format: text}}
  - {{type: files, path: "out/{{{{ doc.path }}}}.json", format: json}}
  - {{type: jsonl, path: out/all.jsonl}}
"""
BEFORE = {f"in/{number}.txt": f"document number {number}\nand its second line" for number in range(8)}
OLD, WASTE = 3, 4
GONE = "out/1.txt"
CONSONANTS = "bcdfghjklmnpqrst"
STORY = (("apply", "--yes"), ("state", "compact"))


def vendors() -> dict[str, Vendor[Any]]:
    return {"extend": extend.vendor(), "llamacloud": llamacloud.vendor(), "extractpage": extractpage.vendor()}


def later() -> dict[str, str]:
    """Return what comes later: a document that is another, new ones, and one that is too large to be carried."""
    # Words decide at the vendors what becomes of a document, and there are none without vowels.
    large = random.Random(1).randbytes(300_000).hex().translate(str.maketrans("0123456789abcdef", CONSONANTS))
    new = {f"in/new/{number}.txt": f"later document {number}" for number in range(5)}
    return {**new, "in/0.txt": "document number 0 is another by now", "in/large.txt": large}


def age(state: Path) -> None:
    """Let results lie there as old and as many runs leave them: some in files of before, the others in a pack each."""
    unpack_all(state)
    with opened(state) as spool:
        digests = list(spool.old.digests())
    for digest in digests[OLD:]:
        with opened(state) as spool:
            _move(spool, [digest])
    for number in range(WASTE):
        with opened(state) as spool:
            draft = spool.draft(random.Random(number).randbytes(3000))
            spool.record([(draft.digest, spool.admit(draft))])


def lose_one(state: Path) -> None:
    """Remove the pack of a document that stays as it is."""
    with Store.readable(state) as store:
        documents = store.documents.with_results("job", b"", len(BEFORE))
    kept = {each.digest: each for each in kept_results(state)}
    lost = next(each.result for each in documents if each.path[0] > b"1"[0] and each.result in kept)
    kept[lost].place[0].unlink()


@dataclass(frozen=True)
class Kill:
    """Where the story is cut: in which of its commands, and at which of its effects, or after how many seconds.

    An effect is the n-th of its name, such as `2 after unlink`. `again` numbers the effect at which the next run is killed as well.
    `environment` is what the command finds in its own.
    """

    command: int
    death: str = ""
    delay: float = 0.0
    again: int = 0
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Story(Generic[E]):
    """`provider` is the vendor's name; `killed` counts the commands that were. With `loses` a pack is gone when it begins.

    With `removes` a document goes and one is another, whose results no check asks for then.
    """

    provider: str
    vendor: Vendor[E]
    folder: Path
    loses: bool = False
    removes: bool = True
    killed: int = 0
    numbers: Iterator[int] = field(default_factory=count)

    @cached_property
    def undisturbed(self) -> tuple[Ending, list[list[str]]]:
        """How it ends, and the effects of its commands."""
        with self._begun() as attempt:
            effects = []
            for command in STORY:
                _undisturbed(attempt, command)
                effects.append(attempt.effects)
            return lined(attempt.ending()), effects

    @property
    def effects(self) -> list[list[str]]:
        return self.undisturbed[1]

    @cached_property
    def lengths(self) -> list[float]:
        """How long its commands take in processes of their own, in seconds."""
        with self._begun() as attempt:
            return [_timed(attempt, command) for command in STORY]

    def faults(self, kill: Kill) -> list[str]:
        """Tell the story with a kill, and to its end; return what is wrong."""
        with self._begun() as attempt:
            for command in STORY[: kill.command]:
                _undisturbed(attempt, command)
            self._kill(attempt, kill)
            found = [*self._unsound(attempt, "after the kill"), *self._ends(attempt)]
        shutil.rmtree(attempt.root)
        return [f"{kill}: {each}" for each in found]

    def is_unsound(self, kill: Kill) -> bool:
        """Tell the story up to a kill, and say whether the state is not sound then."""
        with self._begun() as attempt:
            for command in STORY[: kill.command]:
                _undisturbed(attempt, command)
            self._kill(attempt, kill)
            return bool(list(_unsound(attempt, "after the kill")))

    def _kill(self, attempt: Attempt[E], kill: Kill) -> None:
        command = STORY[kill.command]
        if kill.delay:
            code = _killed_later(attempt, command, kill.delay)
        else:
            with _environment(attempt, {**kill.environment, DEATH: kill.death}):
                code = attempt.run(*command).code
        assert code in {0, -signal.SIGKILL}, attempt.runs[-1]
        self.killed += code != 0
        if kill.again:
            assert not list(self._unsound(attempt, "between two kills"))
            self.killed += attempt.run(*STORY[0], die_at=kill.again).code != 0

    def _unsound(self, attempt: Attempt[E], when: str) -> Iterator[str]:
        """Yield what is not sound, unless it was not from the beginning."""
        return iter(()) if self.loses else _unsound(attempt, when)

    def _ends(self, attempt: Attempt[E]) -> Iterator[str]:
        for command in STORY:
            ended = attempt.run(*command)
            if ended.code != 0:
                yield f"{command} ended with {ended}"
        yield from _unsound(attempt, "at the end")
        yield from self._unequal(attempt)
        yield from _left(attempt.root / ".docbatch")
        yield from _unlike_what_is_kept(attempt)

    def _unequal(self, attempt: Attempt[E]) -> Iterator[str]:
        wanted, found = self.undisturbed[0], lined(attempt.ending())
        if found.errors or found.leaks:
            yield f"{len(found.leaks)} leaks, {found.errors}"
        if found.paid != wanted.paid:
            yield f"paid {found.paid - wanted.paid} more, {wanted.paid - found.paid} less"
        for name in sorted(wanted.outputs.keys() | found.outputs.keys()):
            if essence(found, name) != essence(wanted, name):
                yield f"{name} differs"

    @contextmanager
    def _begun(self) -> Iterator[Attempt[E]]:
        root = self.folder / str(next(self.numbers))
        root.mkdir(parents=True)
        with self.vendor.emulator() as emulator:
            emulator.haste = HASTE
            self.vendor.write(root, emulator, RECOVERY)
            project, attempt = Project(root), Attempt(self.vendor, emulator, root, self.vendor.environment)
            shutil.rmtree(root / "in")
            project.write(BEFORE)
            project.job(JOB.format(provider=self.provider, config=CONFIGS[self.provider]))
            _undisturbed(attempt, STORY[0])
            age(root / ".docbatch")
            if self.loses:
                lose_one(root / ".docbatch")
            coming = later()
            if self.removes:
                (root / "in/1.txt").unlink()
            else:
                del coming["in/0.txt"]
            project.write(coming)
            yield attempt


def lined(ending: Ending) -> Ending:
    """Return an ending with each line of JSON Lines as an output of its own."""
    outputs: dict[str, bytes] = {}
    for name, content in ending.outputs.items():
        if name.endswith(".jsonl"):
            lines = content.splitlines(keepends=True)
            outputs |= {f"{name} {number}.json": line for number, line in enumerate(lines)}
        else:
            outputs[name] = content
    return replace(ending, outputs=outputs)


def _undisturbed(attempt: Attempt[E], command: tuple[str, ...]) -> None:
    ended = attempt.run(*command)
    assert ended.code == 0, ended


@contextmanager
def _environment(attempt: Attempt[E], more: Mapping[str, str]) -> Iterator[None]:
    own = attempt.environment
    attempt.environment = {**own, **more}
    yield
    attempt.environment = own


def _started(attempt: Attempt[E], command: tuple[str, ...]) -> "subprocess.Popen[str]":
    with mock.patch.dict(os.environ, attempt.environment):
        return Project(attempt.root).start(*command)


def _timed(attempt: Attempt[E], command: tuple[str, ...]) -> float:
    began = time.monotonic()
    process = _started(attempt, command)
    out, err = process.communicate()
    assert process.returncode == 0, out + err
    return time.monotonic() - began


def _killed_later(attempt: Attempt[E], command: tuple[str, ...], delay: float) -> int:
    """Run a command in a process of its own and kill it after some seconds; return its exit code."""
    process = _started(attempt, command)
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert gone(attempt.root, process.pid)
    return process.returncode


def _unsound(attempt: Attempt[E], when: str) -> Iterator[str]:
    checked = Project(attempt.root).call("state", "check")
    if checked.code != 0:
        yield f"{when}: {checked.out}{checked.err}"


def _left(state: Path) -> Iterator[str]:
    """Yield what a finished story must not leave, and what it must have done."""
    spool = state / "spool"
    known = {kept.place[0] for kept in kept_results(state)}
    if set(packs(state)) - known:
        yield f"packs that hold nothing: {set(packs(state)) - known}"
    if known - set(packs(state)):
        yield f"packs that are gone: {known - set(packs(state))}"
    if "nothing of it is worth" not in Project(state.parent).call("state", "compact", "--dry-run").out:
        yield f"{len(known)} packs are still worth rewriting"
    for path in (*spool.glob("[0-9a-f][0-9a-f]"), *(spool / "incoming").iterdir(), *state.rglob("*.part")):
        yield f"{path} is left"
    yield from (f"{path} is left" for path in (state.parent / "out").rglob(".docbatch-*"))


def _unlike_what_is_kept(attempt: Attempt[E]) -> Iterator[str]:
    """Have all outputs written anew from what is kept; yield those that are others then, by a byte."""
    before, paid = attempt.ending().outputs, attempt.payments()
    shutil.rmtree(attempt.root / "out")
    ended = attempt.run("apply", "--yes")
    after = attempt.ending().outputs
    if ended.code != 0 or attempt.payments() != paid:
        yield f"writing anew ended with {ended}, paid {attempt.payments() - paid}"
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name) and not (name not in after and name.startswith(GONE)):
            yield f"{name} is not what is kept"
