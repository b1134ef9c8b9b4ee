"""The real command against LlamaCloud: killed, unanswered, starved of credits. Each document is paid once, none is lost."""

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from docbatch.emulators.llamacloud import KEY, LlamaCloud
from docbatch.emulators.server import Emulator, Request, Response
from tests.emulators.crash import MODES, Crash, Ending, Mode, some
from tests.vendors.llamacloud import DOCUMENTS, EXPECTED, VendorProject, project

OPERATIONS = ("parse", "extract")
CHAOS = (
    "lost",
    "lost_before",
    "reset",
    "500_after",
    "500_before",
    "429",
    "429_plain",
    "truncated",
    "malformed",
    "html502",
)
LAG = 0.1


def vendor() -> LlamaCloud:
    made = LlamaCloud()
    made.lag, made.page, made.mapping, made.working = LAG, 3, 0.02, 0.02
    return made


def crash(folder: Path, operation: str, factory: Callable[[], LlamaCloud] = vendor) -> Crash:
    number = count()

    def made(emulator: Emulator) -> VendorProject:
        assert isinstance(emulator, LlamaCloud)
        return project(folder / str(next(number)), emulator, operation=operation)

    return Crash(factory, made)


def check(ending: Ending, expected: Mapping[str, bytes]) -> None:
    assert ending.errors == []
    assert ending.leaks == []
    assert ending.paid_twice == {}, ending.runs
    assert sorted(ending.paid) == sorted(DOCUMENTS.values()), ending.runs
    assert ending.code == 0, ending.runs
    assert ending.outputs == expected


def enumerate_kills(folder: Path, operation: str, points: int | None) -> None:
    """Kill at requests of a run, before and after they take effect; at all of them, or at some."""
    subject = crash(folder, operation)
    undisturbed = subject.undisturbed()
    total = len(undisturbed.requests)
    check(undisturbed, undisturbed.outputs)
    modes: tuple[Mode, ...] = MODES
    for number in range(1, total + 1) if points is None else some(total, points, seed=3):
        for mode in modes:
            check(subject.kill_at(number, mode), undisturbed.outputs)


def number_of(path: str, method: str = "POST", nth: int = 1) -> Callable[[Ending], int]:
    """Return what finds the n-th request to a path in an undisturbed run."""

    def find(ending: Ending) -> int:
        found = [
            each.number
            for each in ending.requests
            if (each.method, each.path.endswith(path)) == (method, True)
        ]
        return found[nth - 1]

    return find


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_killed_run_pays_once_and_loses_nothing(tmp_path: Path, operation: str) -> None:
    enumerate_kills(tmp_path, operation, points=3)


@pytest.mark.full
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_run_killed_at_any_request_pays_once_and_loses_nothing(tmp_path: Path, operation: str) -> None:
    enumerate_kills(tmp_path, operation, points=None)


@pytest.mark.parametrize("fault", ["kill_after", "lost", "500_after", "lost_before"])
def test_a_batch_whose_answer_is_lost_is_paid_once(tmp_path: Path, fault: str) -> None:
    subject = crash(tmp_path, "parse")
    create = number_of("/batches")(subject.undisturbed())

    ending = subject.run({create: fault})

    check(ending, EXPECTED)
    created = [each for each in ending.requests if each.method == "POST" and each.path == "/api/v2/batches"]
    assert len(created) == (2 if fault == "lost_before" else 1)


class Lagging(LlamaCloud):
    """Its lists fall behind for an hour as soon as there is a batch."""

    def _make_batch(self, request: Request, project: str) -> Response:
        self.lag = 3600.0
        return super()._make_batch(request, project)


def test_what_lists_show_only_after_the_grace_is_held_and_settles_itself(tmp_path: Path) -> None:
    create = number_of("/batches")(crash(tmp_path / "undisturbed", "parse", LlamaCloud).undisturbed())
    with Lagging() as emulator:
        made = project(tmp_path / "lagging", emulator)
        emulator.faults[create] = "lost"

        held = made.run("apply")
        assert held.returncode == 4, held.stdout + held.stderr
        assert len(emulator.batches) == 1

        emulator.lag = 0.0
        settled = made.run("apply")
        assert settled.returncode == 0, settled.stdout + settled.stderr
        assert sorted(emulator.ledger) == sorted(DOCUMENTS.values())
        assert made.outputs() == EXPECTED


@pytest.mark.parametrize("then", ["hold", "resend"])
def test_another_projects_key_after_a_crash_sends_nothing(tmp_path: Path, then: str) -> None:
    create = number_of("/batches")(crash(tmp_path / "undisturbed", "parse", LlamaCloud).undisturbed())
    with LlamaCloud({KEY: "prj-one", "llx-other": "prj-other"}) as emulator:
        made = project(tmp_path / "made", emulator, recovery=f"{{grace: 0.4, then: {then}}}")
        emulator.faults[create] = "kill_after"
        killed = made.start("apply")
        emulator.victim = killed.pid
        killed.communicate()

        ended = replace(made, key="llx-other").run("apply")
        assert ended.returncode in {4, 6, 12}, ended.stdout + ended.stderr
        assert sorted(emulator.ledger) == sorted(DOCUMENTS.values())

        again = made.run("apply")
        assert again.returncode == 0, again.stdout + again.stderr
        assert len(emulator.ledger) == len(DOCUMENTS)
        assert made.outputs() == EXPECTED


def chaos(folder: Path, seeds: Iterable[int]) -> None:
    """Let many requests of a run go wrong, in ways drawn by a seed."""
    for seed in seeds:
        dice = random.Random(seed)
        faults = {number: dice.choice(CHAOS) for number in range(1, 60) if dice.random() < 0.06}
        check(crash(folder / str(seed), "parse").run(faults), EXPECTED)


def test_chaos_changes_nothing(tmp_path: Path) -> None:
    chaos(tmp_path, (0, 2, 3))


@pytest.mark.full
def test_long_chaos_changes_nothing(tmp_path: Path) -> None:
    chaos(tmp_path, range(200))


def test_a_second_apply_sends_nothing(tmp_path: Path) -> None:
    with vendor() as emulator:
        made = project(tmp_path, emulator)
        assert made.run("apply").returncode == 0
        sent = len(emulator.sent("POST", "PUT", "PATCH", "DELETE"))

        again = made.run("apply")

        assert again.returncode == 0
        assert len(emulator.sent("POST", "PUT", "PATCH", "DELETE")) == sent


def test_failed_and_partial_documents_are_seen_in_the_exit_code(tmp_path: Path) -> None:
    with vendor() as emulator:
        made = project(
            tmp_path, emulator, {"a.txt": "apple", "b.txt": "bad", "p.txt": "whole\ftorn", "r.txt": "refused"}
        )

        ended = made.run("apply")

        assert ended.returncode == 3
        assert made.outputs() == {"a.txt.md": b"apple\n", "p.txt.md": b"whole\n"}
        assert sorted(emulator.ledger) == ["apple", "bad", "whole\ftorn"]


@pytest.mark.parametrize("key", [None, "llx-wrong"])
def test_a_missing_or_wrong_key_is_12_before_any_upload(tmp_path: Path, key: str | None) -> None:
    with LlamaCloud() as emulator:
        ended = project(tmp_path, emulator, key=key).run("apply")

        assert ended.returncode == 12, ended.stderr
        assert emulator.sent("POST") == []
        assert "llx-wrong" not in ended.stdout + ended.stderr


def test_a_lost_state_is_refused_also_after_the_cleanup(tmp_path: Path) -> None:
    with vendor() as emulator:
        made = project(tmp_path / "first", emulator)
        assert made.run("apply").returncode == 0
        for each in emulator.directories.values():
            each.deleted = emulator.clock()

        restored = project(tmp_path / "second", emulator)
        ended = restored.run("apply")

        assert ended.returncode == 6, ended.stdout + ended.stderr
        assert len(emulator.ledger) == len(DOCUMENTS)


def test_the_key_is_nowhere_but_in_its_header(tmp_path: Path) -> None:
    with vendor() as emulator:
        made = project(tmp_path, emulator)
        emulator.faults = {4: "500_after", 9: "html502"}
        ended = made.run("apply")

        kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
        assert ended.returncode == 0
        assert not any(KEY.encode() in each for each in [*kept, (ended.stdout + ended.stderr).encode()])


def many(folder: Path, documents: int, most: int) -> None:
    with LlamaCloud() as emulator:
        texts = {f"{number:04}.txt": f"document {number}" for number in range(documents)}
        made = replace(project(folder, emulator, texts), most=most)
        ended = made.run("apply")

        assert ended.returncode == 0, ended.stderr
        assert len(emulator.batches) == -(-documents // most)
        assert sorted(emulator.ledger) == sorted(texts.values())
        assert len(made.outputs()) == documents


def test_more_documents_than_a_batch_takes_are_several_batches(tmp_path: Path) -> None:
    many(tmp_path, documents=25, most=10)


@pytest.mark.full
def test_2500_documents_are_three_batches(tmp_path: Path) -> None:
    many(tmp_path, documents=2500, most=1000)
