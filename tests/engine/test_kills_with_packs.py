"""Killed at any effect, and gone with its disk: who follows has what was published and the packs, and nothing is paid twice or lost."""

import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from docbatch.core.models import Recovery
from docbatch.engine.progress_notices import ResultsLost
from docbatch.engine.running.rounds import hand_on_results
from docbatch.spool import Spool
from docbatch.state.home import Home, Publication
from docbatch.state.remote.store_requests import Get, ListBelow, Put, Remove
from docbatch.state.store import Store
from docbatch.testing.tripwire import Killed, Tripwire
from tests.engine.test_bring_back_results import OUTPUTS, PAID, lose_outputs
from tests.fake.packed_home import PackedHome, lose_packs
from tests.fake.project import Project
from tests.state.remote.kept_records import KeptRecords

KINDS = (Recovery.KEYED, Recovery.FINDABLE)
SHORT = 8


class WiredRecords(KeptRecords):
    """Each request is an effect at which a run can be killed."""

    wire = Tripwire()

    def answer(self, request: Get | Put | ListBelow | Remove) -> Any:
        self.wire(f"before {type(request).__name__}")
        answer = super().answer(request)
        self.wire(f"after {type(request).__name__}")
        return answer


class PublishingHome(PackedHome):
    """What was published last is what a machine begins with that has nothing else."""

    def publish(self, store: Store, what: Publication, about: str) -> None:
        super().publish(store, what, about)
        for each in store.results.packs().values():
            assert each.stored is None or each.stored.object in self._records.objects
        kept = self.folder.with_name("published")
        store.copy(kept.with_suffix(".new"))
        kept.with_suffix(".new").rename(kept)


@contextmanager
def machines() -> Iterator[WiredRecords]:
    with pytest.MonkeyPatch.context() as patch:
        records = WiredRecords()
        patch.setattr(Home, "at", partial(PublishingHome, records=records))
        yield records


def another_machine(project: Project) -> None:
    """Lose the disk; what was published is there."""
    shutil.rmtree(project.folder, ignore_errors=True)
    project.folder.mkdir()
    published = project.folder.with_name("published")
    if published.exists():
        shutil.copyfile(published, project.folder / "state.db")


def made(root: Path, kind: Recovery, **traits: Any) -> Project:
    root.mkdir()
    project = Project(root, kind, cloud_options={"trickle": 1.0}, trait_options=traits)
    project.write()
    return project


def effects(root: Path, kind: Recovery, **traits: Any) -> int:
    wire = Tripwire()
    with machines() as records:
        records.wire = wire
        made(root, kind, **traits).apply(wire)
    return len(wire.names)


def wrong(root: Path, kind: Recovery, at: int, **traits: Any) -> str | None:
    """Kill a run at an effect, lose its disk, and let others follow; return what is wrong then."""
    project = made(root, kind, **traits)
    with machines() as records:
        records.wire = wire = Tripwire(at)
        try:
            project.apply(wire)
        except Killed:
            another_machine(project)
        records.wire = Tripwire()
        project.apply()
        if any(isinstance(each, ResultsLost) for each in project.notices) and not traits.get("free"):
            return "a result that was published is lost"
        lose_packs(project.folder)
        lose_outputs(project)
        project.apply()
    if project.outputs() != OUTPUTS:
        return f"outputs are {sorted(project.outputs())}"
    if not traits.get("free") and project.paid() != PAID:
        return f"paid {project.paid()}"
    return None


def faults(root: Path, kind: Recovery, points: Iterator[int], **traits: Any) -> Iterator[tuple[int, str]]:
    for at in points:
        why = wrong(root / f"{kind}-{at}", kind, at, **traits)
        if why is not None:
            yield at, why


def drawn(count: int) -> Iterator[int]:
    yield from sorted(random.Random(20).sample(range(1, count + 1), SHORT))


@pytest.mark.parametrize("kind", KINDS)
def test_killed_somewhere_who_follows_has_all_results(tmp_path: Path, kind: Recovery) -> None:
    count = effects(tmp_path / "undisturbed", kind)

    assert list(faults(tmp_path, kind, drawn(count))) == []


def test_free_work_is_done_again_at_most(tmp_path: Path) -> None:
    count = effects(tmp_path / "undisturbed", Recovery.FINDABLE, free=True)

    assert list(faults(tmp_path, Recovery.FINDABLE, drawn(count), free=True)) == []


@pytest.mark.full
@pytest.mark.parametrize("free", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_killed_anywhere(tmp_path: Path, kind: Recovery, *, free: bool) -> None:
    count = effects(tmp_path / "undisturbed", kind, free=free)

    assert list(faults(tmp_path, kind, iter(range(1, count + 1)), free=free)) == []


def test_another_order_would_be_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def put_late(spool: Spool, store: Store, *, free: bool = False) -> None:
        del free
        spool.flush()
        store.publish(Publication.PACK)

    for module in ("docbatch.engine.running.follow_submission", hand_on_results.__name__):
        monkeypatch.setattr(f"{module}.hand_on", put_late)
    count = effects(tmp_path / "undisturbed", Recovery.FINDABLE)

    found = faults(tmp_path, Recovery.FINDABLE, iter(range(count // 2, count, 5)))

    assert next(found, None) is not None
