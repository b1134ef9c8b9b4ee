"""`docbatch prune` and what puts back, in buckets: killed before and after every request, and at stores that misbehave."""

import random
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from docbatch.emulators.exchange import FAULTS
from docbatch.testing.crash import MODES, Mode
from tests.stores.buckets import VENDORS
from tests.stores.store_matrix import StoreAttempt, StoreMatrix, local

TRASH = ".docbatch-trash/"
PRUNE = ("prune", "--yes", "--allow", "pruned")
EDITED = b"edited by somebody"
MOST_RUNS = 4


def _with_left_outputs(attempt: StoreAttempt) -> None:
    """Two documents are gone, the output of one of these was edited, that of the third was moved, and the file of the job has another name."""
    spec, places = (attempt.inner.root / name for name in ("jobs/job.yaml", "places.csv"))
    written = spec.read_text().replace("{{ doc.path }}.md", "{{ doc.metadata.place }}/{{ doc.name }}.md")
    spec.write_text(f"{written}\n".replace("source:", "source:\n  metadata_from: places.csv", 1))
    places.write_text("path,place\n**,old\n")
    ended = attempt.run()
    assert ended.code == 0, ended
    attempt.bucket.remove("in/one.txt")
    attempt.bucket.remove("in/two.txt")
    attempt.bucket.put("out/old/two.txt.md", EDITED)
    places.write_text("path,place\n**,new\n")
    spec.write_text(spec.read_text().replace("rows/all.jsonl", "rows/new.jsonl"))
    ended = attempt.run()
    assert ended.code == 0, ended


def _with_pruned_outputs(attempt: StoreAttempt) -> None:
    _with_left_outputs(attempt)
    ended = attempt.inner.run(*PRUNE)
    assert ended.code == 0, ended


GONE = {"out/old/one.txt.md", "out/old/three.txt.md", "rows/all.jsonl"}


@dataclass
class PruneMatrix:
    """What `command` must survive. Whatever befell it, pruning ends with the same bucket, and so does putting back."""

    matrix: StoreMatrix
    command: tuple[str, ...]

    @cached_property
    def undisturbed(self) -> tuple[dict[str, bytes], int]:
        """What lies in the bucket before anything is pruned, and how many requests the command takes."""
        with self.matrix.attempt() as attempt:
            kept = attempt.bucket.objects()
            ended = attempt.inner.run(*self.command)
            assert ended.code == 0, ended
            number = len(attempt.proxy.requests)
            assert self._differing(attempt) is None
            return {**_plain(kept), **self._back(attempt)}, number

    @property
    def requests(self) -> range:
        return range(1, self.undisturbed[1] + 1)

    def wrong(self, faults: Iterator[tuple[int, str]] | list[tuple[int, str]]) -> list[str]:
        return [
            f"{fault} at request {number}: {found}"
            for number, fault in faults
            if (found := self._disturbed(number, fault))
        ]

    def _disturbed(self, number: int, fault: str) -> str | None:
        before, _ = self.undisturbed
        with self.matrix.attempt() as attempt:
            attempt.proxy.faults[number] = fault
            first = attempt.inner.run(*self.command)
            if fault in MODES and first.code != -signal.SIGKILL:
                return f"the request was not reached: {first}"
            attempt.proxy.faults.clear()
            if lost := before.keys() - _everything(attempt):
                return f"lost at this moment: {lost}"
            if self.command != PRUNE and (back := self._back(attempt)) != before:
                return f"did not come back: {back.keys() ^ before.keys()}, {first}"
            if (found := self._differing(attempt)) is not None:
                return found
            back = self._back(attempt)
            return None if back == before else f"came back: {back.keys() ^ before.keys()}, {first}"

    def _differing(self, attempt: StoreAttempt) -> str | None:
        """Prune until all is done; say what else is in the bucket then, or in its trash, than should be."""
        for _ in range(MOST_RUNS):
            last = attempt.inner.run(*PRUNE)
            if last.code == 0:
                break
        else:
            return f"ended with {last}"
        found = attempt.bucket.objects()
        if GONE & found.keys() or found["out/old/two.txt.md"] != EDITED:
            return f"after pruning there is {sorted(found)}"
        trashed = Counter(key.rpartition("/")[2] for key in found if TRASH in key)
        wanted = Counter(name.rpartition("/")[2] for name in GONE)
        return None if trashed == wanted else f"in the trash lies {trashed}"

    @staticmethod
    def _back(attempt: StoreAttempt) -> dict[str, bytes]:
        """Put everything back; return what lies in the bucket then."""
        for _ in range(MOST_RUNS):
            listed = attempt.inner.run("prune", "--list")
            batches = [line.partition("\t")[0] for line in listed.out.splitlines() if "\t" in line]
            for batch in batches:
                ended = attempt.inner.run("prune", "--restore", batch)
                assert ended.code == 0, ended
        assert attempt.inner.run("drift").code in {0, 2}
        assert not any(TRASH in key for key in attempt.bucket.objects())
        return _plain(attempt.bucket.objects())


def _plain(objects: dict[str, bytes]) -> dict[str, bytes]:
    return {key: content for key, content in objects.items() if TRASH not in key}


def _everything(attempt: StoreAttempt) -> set[str]:
    """Return the names of all that is there, in its place or in the trash."""
    return {key.partition(TRASH)[2].partition("/")[2] or key for key in attempt.bucket.objects()}


def _pruning(store: str, folder: Path) -> PruneMatrix:
    return PruneMatrix(StoreMatrix(store, local(), folder, _with_left_outputs), PRUNE)


def _restoring(store: str, folder: Path) -> PruneMatrix:
    return PruneMatrix(StoreMatrix(store, local(), folder, _with_pruned_outputs), ("prune", "--restore"))


ACTS = {"prune": _pruning, "restore": _restoring}


@pytest.mark.parametrize(
    ("act", "store", "modes"), [("prune", "s3", MODES), ("restore", "azure", MODES[1:])], ids=ACTS
)
def test_killed_at_a_request_all_is_pruned_and_all_comes_back(
    act: str, store: str, modes: Sequence[Mode], tmp_path: Path
) -> None:
    matrix = ACTS[act](store, tmp_path)
    drawn = random.Random(f"{act} {store}")

    assert matrix.wrong([(drawn.choice(matrix.requests), mode) for mode in modes]) == []


@pytest.mark.full
@pytest.mark.parametrize("store", VENDORS)
@pytest.mark.parametrize("act", ACTS)
def test_killed_at_any_request_all_is_pruned_and_all_comes_back(act: str, store: str, tmp_path: Path) -> None:
    matrix = ACTS[act](store, tmp_path)

    assert matrix.wrong((number, mode) for number in matrix.requests for mode in MODES) == []


@pytest.mark.full
@pytest.mark.parametrize("store", VENDORS)
@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("fault", FAULTS)
def test_an_answer_that_fails_changes_nothing_in_the_end(
    act: str, store: str, fault: str, tmp_path: Path
) -> None:
    matrix = ACTS[act](store, tmp_path)
    drawn = random.Random(f"{act} {store} {fault}").sample(matrix.requests, 3)

    assert matrix.wrong((number, fault) for number in drawn) == []
