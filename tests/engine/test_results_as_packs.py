"""Results travel as packs: one object for many of them, there before they count, and fetched by who reads them."""

import shutil
from pathlib import Path

import pytest

from docbatch.core.errors import StateError
from docbatch.core.models import Recovery, ResultPlace
from docbatch.engine.administration.check_state import check, repair
from docbatch.engine.progress_notices import ResultsLost, Trouble
from docbatch.engine.reading.outputs_ahead import made_ahead
from docbatch.engine.reading.result_reader_process import Wanted
from docbatch.testing.tripwire import Killed, Tripwire
from tests.engine.test_bring_back_results import OUTPUTS, PAID, lose_outputs
from tests.engine.test_result_reader_pool import payload, reading
from tests.fake.packed_home import fetched, lose_packs, packed, put
from tests.fake.project import Project
from tests.spool.index_here import IndexHere
from tests.spool.packs_here import PacksHere
from tests.spool.test_packs_in_a_store import opened
from tests.state.remote.kept_records import KeptRecords


def project(root: Path, kind: Recovery = Recovery.FINDABLE, **traits: object) -> Project:
    made = Project(root, kind, trait_options={"max_items": 10, **traits})
    made.write()
    return made


@pytest.mark.parametrize("kind", list(Recovery))
def test_results_of_a_submission_are_one_object(tmp_path: Path, kind: Recovery) -> None:
    ours = project(tmp_path, kind)
    with packed() as records:
        ours.apply()

    assert ours.outputs() == OUTPUTS
    assert len(put(records)) == 1
    assert [name for name in put(records) if not name.startswith("packs/0000000001/")] == []
    assert fetched(records) == []


def test_free_results_are_put_at_the_end_of_a_run(tmp_path: Path) -> None:
    ours = project(tmp_path, free=True, max_items=1)
    with packed() as records:
        ours.apply()
        assert len(put(records)) == 1
        lose_packs(ours.folder)
        lose_outputs(ours)
        ours.apply()

    assert ours.outputs() == OUTPUTS
    assert ours.paid() == PAID


def test_what_cannot_be_put_does_not_count_and_is_fetched_again(tmp_path: Path) -> None:
    ours = project(tmp_path)
    away = KeptRecords()
    away.loses = lambda _: False
    with packed(away), pytest.raises(StateError, match="does not say whether 'packs/"):
        ours.apply()
    assert ours.statuses().keys() & {"succeeded", "partial"} == set()
    assert ours.outputs() == {}
    lose_packs(ours.folder)

    with packed() as records:
        ours.apply()

    assert ours.outputs() == OUTPUTS
    assert ours.paid() == PAID
    assert len(put(records)) == 1


def test_a_fresh_machine_writes_outputs_from_packs_that_it_fetches_once(tmp_path: Path) -> None:
    ours = project(tmp_path)
    with packed() as records:
        ours.apply()
        lose_packs(ours.folder)
        records.asked.clear()
        ours.apply()
        assert records.asked == []

        lose_outputs(ours)
        ours.apply()
        assert len(fetched(records)) == 1
        lose_outputs(ours)
        ours.apply()

    assert ours.outputs() == OUTPUTS
    assert len(records.asked) == 1
    assert ours.paid() == PAID


@pytest.mark.parametrize("free", [False, True])
def test_a_pack_that_is_gone_is_had_again_at_no_charge_and_named(tmp_path: Path, *, free: bool) -> None:
    ours = project(tmp_path, free=free)
    with packed() as records:
        ours.apply()
        (name,) = put(records)
        lose_packs(ours.folder)
        del records.objects[name]
        lose_outputs(ours)
        before = ours.cloud.calls("create")
        ours.notices.clear()
        ours.apply()

        (told,) = [each for each in ours.notices if isinstance(each, Trouble)]
        assert f"'{name}': it is missing" in told.message
        lost = [each for each in ours.notices if isinstance(each, ResultsLost)]
        assert sum(each.documents for each in lost) == 3
        assert sum(each.read_again if free else each.fetched_again for each in lost) == 3
        assert ours.outputs() == OUTPUTS
        assert ours.cloud.calls("create") - before == (1 if free else 0)

        lose_packs(ours.folder)
        lose_outputs(ours)
        ours.notices.clear()
        ours.apply()
        assert not [each for each in ours.notices if isinstance(each, Trouble | ResultsLost)]
        assert ours.outputs() == OUTPUTS


def test_a_store_that_does_not_answer_has_nothing_done_again(tmp_path: Path) -> None:
    ours = project(tmp_path)
    with packed() as records:
        ours.apply()
        lose_packs(ours.folder)
        lose_outputs(ours)
    with packed(away := Away()), pytest.raises(StateError, match="does not answer"):
        ours.apply()
    assert away.times == 1
    assert ours.statuses().keys() <= {"succeeded", "partial", "failed"}

    with packed(records):
        ours.apply()

    assert ours.outputs() == OUTPUTS
    assert ours.paid() == PAID


class Away(KeptRecords):
    times = 0

    def answer(self, request: object) -> object:
        self.times += 1
        raise StateError("the store does not answer")


def test_what_was_put_and_not_recorded_is_put_again_after_a_kill(tmp_path: Path) -> None:
    ours = project(tmp_path)
    with packed() as records:
        with pytest.raises(Killed):
            ours.apply(_at_the_put(records))
        lose_packs(ours.folder)
        records.loses = lambda _: None
        ours.apply()

    assert ours.outputs() == OUTPUTS
    assert ours.paid() == PAID


def _at_the_put(records: KeptRecords) -> Tripwire:
    def die(_: int) -> bool | None:
        raise Killed

    records.loses = die
    return Tripwire()


def test_checking_on_a_fresh_machine_reads_all_and_mends_what_is_gone(tmp_path: Path) -> None:
    ours = project(tmp_path)
    with packed() as records:
        ours.apply()
        (name,) = put(records)
        lose_packs(ours.folder)
        assert list(check(ours.folder)) == []
        assert len(fetched(records)) == 1

        lose_packs(ours.folder)
        del records.objects[name]
        faults = list(check(ours.folder))
        assert len(faults) == 3
        assert all(name in each.sentence for each in faults)
        assert repair(ours.folder, [each.item for each in faults if each.item is not None]) == 0
        shutil.rmtree(ours.root / "out")
        ours.apply()
        assert list(check(ours.folder)) == []

    assert ours.outputs() == OUTPUTS
    assert ours.paid() == PAID


def test_who_checks_while_the_store_is_away_calls_nothing_damaged(tmp_path: Path) -> None:
    ours = project(tmp_path)
    with packed():
        ours.apply()
        lose_packs(ours.folder)
    with packed(Away()), pytest.raises(StateError, match="does not answer"):
        list(check(ours.folder))


def test_packs_are_brought_before_other_processes_read_them(tmp_path: Path) -> None:
    index, packs = IndexHere(), PacksHere()
    writer = opened(tmp_path / "here", index, packs)
    drafts = [writer.draft(payload(number)) for number in range(3)]
    writer.record([(each.digest, writer.admit(each)) for each in drafts])
    fresh = opened(tmp_path / "fresh", index, packs)
    places: list[ResultPlace | None] = fresh.places([each.digest for each in drafts])
    wanted = [
        (number, Wanted(each.digest, "a.pdf", "0" * 64, 7, "application/pdf", place))
        for number, (each, place) in enumerate(zip(drafts, places, strict=True))
    ]
    with reading(fresh) as readers:
        made = [give() for *_, give in made_ahead(readers, "llamacloud", "markdown", wanted, fresh.bring)]

    assert made == [b"# 0\n", b"# 1\n", b"# 2\n"]
    assert [each.partition(" ")[0] for each in packs.asked] == ["put", "fetch"]
