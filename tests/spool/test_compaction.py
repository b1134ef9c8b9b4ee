"""Packs that are rewritten: what is needed can be read at every moment, and the rest goes."""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from docbatch.core.errors import GuardRefused
from docbatch.core.models import ItemStatus, Operation, Recipe, WorkItem
from docbatch.engine.administration.check_state import check
from docbatch.engine.administration.compact_spool import compact as compact_folder
from docbatch.spool import Spool, compaction
from docbatch.spool.compaction import Compaction, _Rewriting, compact
from docbatch.spool.pack import packs_in
from docbatch.spool.readers import reading
from docbatch.state.results import Results
from docbatch.state.store import Store
from docbatch.testing.tripwire import Tripwire
from tests.cli.project import JOB, Project
from tests.kept_results import KeptResult, kept_results, packs
from tests.spool.opened import killed, opened, taken_up, unread
from tests.spool.power_cut import power_cuts

NEEDED = [os.urandom(300) for _ in range(4)]
GONE = [os.urandom(5000) for _ in range(4)]
DIGESTS = [hashlib.sha256(each).hexdigest() for each in NEEDED]


def name_results(store: Store, digests: Sequence[str]) -> None:
    """Let an item name each of the results."""
    with store.write():
        recipe = store.documents.declare_recipe("recipe", Recipe("fake", "acme", Operation.PARSE))
        for digest in digests:
            made = WorkItem(digest, "recipe", digest, 1, "text/plain", "a.txt", b"/a.txt")
            row = store.items.want(made, recipe)
            store.items.set(store.items.by_row(row), ItemStatus.SUCCEEDED, result=digest)


def run(folder: Path, *payloads: bytes) -> None:
    """Keep results as one run does."""
    with opened(folder) as spool:
        spool.record([(draft.digest, spool.admit(draft)) for draft in map(spool.draft, payloads)])


def half_needed(folder: Path) -> Path:
    """Make a state with two packs, of each of which a good part is needed no more."""
    run(folder, NEEDED[0], GONE[0], NEEDED[1], GONE[1])
    run(folder, GONE[2], NEEDED[2], GONE[3], NEEDED[3])
    with Store.writable(folder) as store:
        name_results(store, DIGESTS)
    return folder


def compacted(spool: Spool, *, dry_run: bool = False) -> Compaction:
    assert isinstance(spool.index, Results)
    return compact(spool, spool.index, dry_run=dry_run)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return half_needed(tmp_path / "state")


def digests(folder: Path) -> set[str]:
    return {each.digest for each in kept_results(folder)}


def test_what_nothing_needs_goes_and_the_rest_lies_in_one_pack(folder: Path) -> None:
    before = packs(folder)
    with opened(folder) as spool:
        done = compacted(spool)

    (after,) = packs(folder)
    assert after not in before
    assert (done.packs, done.dropped, done.damaged, done.waits) == (2, 4, 0, False)
    assert done.after < done.before / 5
    assert digests(folder) == set(DIGESTS)
    assert unread(folder, DIGESTS) == []


def test_a_dry_run_says_it_and_changes_nothing(folder: Path) -> None:
    before = {path: path.read_bytes() for path in packs(folder)}
    with opened(folder) as spool:
        done = compacted(spool, dry_run=True)

    assert (done.packs, done.dropped) == (2, 4)
    assert {path: path.read_bytes() for path in packs(folder)} == before
    assert len(digests(folder)) == 8


def test_packs_that_are_needed_stay_as_they_are(tmp_path: Path) -> None:
    run(tmp_path, *NEEDED)
    with taken_up(tmp_path) as (store, spool):
        name_results(store, DIGESTS)
        assert compacted(spool).packs == 0


def test_many_small_packs_become_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "MANY", 4)
    for payload in NEEDED:
        run(tmp_path, payload)
    with taken_up(tmp_path) as (store, spool):
        name_results(store, DIGESTS)
        assert compacted(spool).packs == 4

    assert len(packs(tmp_path)) == 1
    assert unread(tmp_path, DIGESTS) == []


def test_what_an_output_holds_of_a_document_that_is_gone_is_needed(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.job(JOB.partition("sink:")[0] + "sink:\n  - {type: jsonl, path: out/all.jsonl}\n")
    project.write({"in/a.txt": "kept", "in/b.txt": "stays in the file"})
    project.applied()
    (project.root / "in/b.txt").unlink()
    project.applied()
    whole = project.outputs()
    with opened(tmp_path / ".docbatch") as spool:
        assert compacted(spool).packs == 0
    (project.root / "out/all.jsonl").unlink()
    project.applied()

    assert project.outputs() == whole


def test_a_pack_stays_as_long_as_somebody_reads(folder: Path) -> None:
    before = packs(folder)
    with reading(folder / "spool"):
        with opened(folder) as spool:
            assert compacted(spool).waits
        assert set(before) < set(packs(folder))
        assert unread(folder, DIGESTS) == []
    with opened(folder):
        pass

    assert not set(before) & set(packs(folder))
    assert unread(folder, DIGESTS) == []


def test_a_check_that_goes_on_meanwhile_finds_nothing_wrong(folder: Path) -> None:
    found = check(folder)
    kept = next(found, None)
    with opened(folder) as spool:
        compacted(spool)

    assert kept is None
    assert list(found) == []


def test_a_damaged_result_is_told_and_the_others_are_kept(folder: Path) -> None:
    KeptResult(folder, DIGESTS[1]).write_bytes(b"junk")
    with opened(folder) as spool:
        done = compacted(spool)

    assert done.damaged == 1
    assert unread(folder, DIGESTS) == [DIGESTS[1]]


def test_a_state_that_is_put_back_finds_what_was_moved_since(folder: Path, tmp_path: Path) -> None:
    shutil.copy(folder / "state.db", tmp_path / "kept.db")
    with opened(folder) as spool:
        compacted(spool)
    for path in folder.glob("state.db*"):
        path.unlink()
    shutil.copy(tmp_path / "kept.db", folder / "state.db")
    with opened(folder):
        pass

    assert unread(folder, DIGESTS) == []


def test_nothing_is_let_go_under_a_state_that_does_not_know_all(folder: Path) -> None:
    with Store.writable(folder) as store, store.write():
        store.database.execute("INSERT INTO meta VALUES ('restored', 'it ends early')")
    before = packs(folder)

    with pytest.raises(GuardRefused):
        compact_folder(folder, dry_run=False)
    assert packs(folder) == before


def lost_by_kills(template: Path, root: Path) -> Iterator[str]:
    """Kill who compacts at each of its effects; yield what cannot be read then, or after the next time."""
    wire = Tripwire()
    killed(shutil.copytree(template, root / "undisturbed"), compacted, wire)
    for at in range(1, len(wire.names) + 1):
        folder = shutil.copytree(template, root / str(at))
        killed(folder, compacted, Tripwire(at))
        yield from (f"killed at {at}: {each}" for each in unread(folder, DIGESTS))
        killed(folder, compacted, Tripwire())
        yield from (f"compacted after {at}: {each}" for each in unread(folder, DIGESTS))
        if digests(folder) != set(DIGESTS) or len(packs_in(folder / "spool/packs")) > 2:
            yield f"left at {at}"


def test_a_power_cut_anywhere_loses_nothing(tmp_path: Path) -> None:
    template = half_needed(tmp_path / "template")
    with power_cuts():
        assert list(lost_by_kills(template, tmp_path)) == []


def test_a_flush_that_is_left_out_would_be_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    template = half_needed(tmp_path / "template")
    monkeypatch.setattr(Spool, "flush", lambda _self: None)

    with power_cuts():
        assert next(lost_by_kills(template, tmp_path), None) is not None


def test_killed_anywhere_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    template = half_needed(tmp_path / "template")
    monkeypatch.setattr(compaction, "WINDOW", 1)

    assert list(lost_by_kills(template, tmp_path)) == []


def removed_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove a pack before its results are recorded to lie elsewhere."""
    move = _Rewriting.move

    def early(self: _Rewriting, name: str) -> None:
        held = [
            (digest, self._spool.sound_entry(digest, place)) for digest, place in self._index.needed_of(name)
        ]
        (self._spool.packs / f"{name}.pack").unlink()
        assert held
        move(self, name)

    monkeypatch.setattr(_Rewriting, "move", early)


def recorded_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retire a pack before what is needed of it is recorded to lie elsewhere."""
    move = _Rewriting.move

    def early(self: _Rewriting, name: str) -> None:
        with self._index.write():
            self._index.retire(name)
        move(self, name)

    monkeypatch.setattr(_Rewriting, "move", early)


@pytest.mark.parametrize("broken", [removed_first, recorded_first])
def test_another_order_would_be_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: Callable[[pytest.MonkeyPatch], None]
) -> None:
    template = half_needed(tmp_path / "template")
    broken(monkeypatch)

    assert next(lost_by_kills(template, tmp_path), None) is not None


def test_the_command_says_what_it_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "WORTH", 200)
    project = Project(tmp_path)
    project.job()
    project.write({f"in/{number}.txt": f"text {number} " * 50 for number in range(4)})
    project.applied()
    quiet = project.call("state", "compact")
    for number in range(3):
        project.write({f"in/{number}.txt": f"another {number} " * 50})
    project.applied()
    with Store.writable(tmp_path / ".docbatch") as store, store.write():
        store.database.execute("UPDATE item SET result = NULL WHERE id <= 3")
    would = project.call("state", "compact", "--dry-run")
    done = project.call("state", "compact")

    assert "nothing of it is worth rewriting" in quiet.out
    assert would.out.startswith("1 pack would be rewritten: ")
    assert "; 3 results that nothing needs would be let go" in would.out
    assert done.out.startswith("1 pack rewritten: ")
    assert "; 3 results that nothing needs are let go" in done.out


def test_a_pack_that_cannot_be_read_stays_until_it_can(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = KeptResult(folder, DIGESTS[0]).place[0]
    real = os.open

    def refuse(path: str | Path, *rest: int, **options: int) -> int:
        if Path(path) == closed:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *rest, **options)

    with monkeypatch.context() as patch, opened(folder) as spool:
        patch.setattr(os, "open", refuse)
        done = compacted(spool)
        assert (done.packs, done.damaged) == (2, 2)
        assert unread(folder, DIGESTS) == DIGESTS[:2]
    assert closed in packs(folder)
    assert unread(folder, DIGESTS) == []
    with opened(folder) as spool:
        assert compacted(spool).damaged == 0
    assert closed not in packs(folder)
    assert unread(folder, DIGESTS) == []
