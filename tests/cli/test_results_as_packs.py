"""Commands on a machine that has the state and no pack: what only looks fetches none, what reads fetches what it reads."""

import shutil
from collections.abc import Iterator

import pytest

import docbatch
from docbatch.state.store import Store
from tests.cli.project import JOB, Project
from tests.fake.packed_home import fetched, lose_packs, packed, put
from tests.state.remote.kept_records import KeptRecords

TEXTS = {f"in/{number}.txt": f"text {number}" for number in range(6)}
LISTED = JOB.replace("name: job", "name: job\nmanifest: true")
JSON = "  - {type: files, path: 'json/{{ doc.path }}.json', format: json}\n"


@pytest.fixture
def records() -> Iterator[KeptRecords]:
    with packed() as made:
        yield made


@pytest.fixture
def fresh(project: Project, records: KeptRecords) -> Project:
    """A project whose documents were read, on a machine that has none of their results."""
    project.write(TEXTS)
    project.job(LISTED)
    project.applied()
    lose_packs(project.root / ".docbatch")
    return project


def test_what_was_read_here_is_one_object_at_the_end_of_a_run(fresh: Project, records: KeptRecords) -> None:
    assert len(put(records)) == 1
    assert fetched(records) == []


LOOKS = [
    ("plan",),
    ("status",),
    ("status", "--json"),
    ("explain", "in/1.txt"),
    ("failures",),
    ("history",),
    ("costs",),
    ("drift",),
    ("verify",),
    ("prune", "--dry-run"),
    ("state", "compact", "--dry-run"),
    ("apply",),
    ("collect",),
]


@pytest.mark.parametrize("command", LOOKS, ids=" ".join)
def test_who_only_looks_fetches_none(fresh: Project, records: KeptRecords, command: tuple[str, ...]) -> None:
    records.asked.clear()

    ended = fresh.call(*command)

    assert (ended.code, ended.err.count("Traceback")) == (0, 0), ended.err
    assert records.asked == []


def test_status_tells_of_results_wherever_they_lie(fresh: Project, records: KeptRecords) -> None:
    (name,) = put(records)

    (said,) = [each for each in fresh.call("status", "--json").lines if each["type"] == "spool"]

    assert (said["entries"], said["bytes"]) == (6, len(records.objects[name][0]))


def test_another_form_of_output_is_made_of_one_fetch(fresh: Project, records: KeptRecords) -> None:
    fresh.job(LISTED.rstrip() + "\n" + JSON)

    assert fresh.applied().processed == 0

    assert len(fresh.outputs("json")) == 6
    assert len(fetched(records)) == 1
    assert len(put(records)) == 1


def test_results_are_read_by_programs(fresh: Project, records: KeptRecords) -> None:
    assert len(list(docbatch.open_project(fresh.root).results("job"))) == 6

    assert len(fetched(records)) == 1


def test_a_backup_has_all_results_and_is_restored_where_packs_lie_here_alone(project: Project) -> None:
    project.write(TEXTS)
    with packed() as records:
        project.applied()
        lose_packs(project.root / ".docbatch")
        assert project.call("state", "backup", "copy.tar").code == 0
        assert len(fetched(records)) == 1
    shutil.rmtree(project.root / ".docbatch")
    shutil.rmtree(project.root / "out")

    restored = project.call("state", "restore", "copy.tar")

    assert restored.code == 0, restored.err
    assert project.applied().processed == 0
    assert len(project.outputs()) == 6
    with Store.readable(project.root / ".docbatch") as store:
        assert {each.stored for each in store.results.packs().values()} == {None}


def test_a_backup_is_restored_with_packs_of_its_own_in_the_store(
    fresh: Project, records: KeptRecords
) -> None:
    fresh.call("state", "backup", "copy.tar")
    shutil.rmtree(fresh.root / ".docbatch")
    shutil.rmtree(fresh.root / "out")
    records.objects.clear()

    restored = fresh.call("state", "restore", "copy.tar")

    assert restored.code == 0, restored.err
    assert len(records.objects) == 1
    lose_packs(fresh.root / ".docbatch")
    assert fresh.applied().processed == 0
    assert len(fresh.outputs()) == 7


def test_a_state_that_is_restored_without_results_has_them_fetched_and_put_anew(
    fresh: Project, records: KeptRecords
) -> None:
    (name,) = put(records)
    fresh.call("state", "backup", "--without-results", "copy.db")
    shutil.rmtree(fresh.root / ".docbatch")
    shutil.rmtree(fresh.root / "out")

    restored = fresh.call("state", "restore", "copy.db")

    assert restored.code == 0, restored.err
    assert fetched(records).count(name) >= 1
    assert fresh.applied().processed == 0
    assert len(fresh.outputs()) == 7


def test_so_has_one_that_is_loaded_of_a_dump(fresh: Project, records: KeptRecords) -> None:
    (name,) = put(records)
    fresh.call("state", "dump", "--out", "copy.jsonl")
    shutil.rmtree(fresh.root / ".docbatch")
    shutil.rmtree(fresh.root / "out")
    records.asked.clear()
    assert fresh.call("state", "load", "--dry-run", "copy.jsonl").code == 0
    assert records.asked == []

    loaded = fresh.call("state", "load", "copy.jsonl")

    assert loaded.code == 0, loaded.err
    assert name in fetched(records)
    assert fresh.applied().processed == 0
    assert len(fresh.outputs()) == 7


def test_a_pack_that_a_rule_of_the_store_removed_is_named_and_its_work_done_again(
    fresh: Project, records: KeptRecords
) -> None:
    (name,) = put(records)
    del records.objects[name]
    shutil.rmtree(fresh.root / "out")

    ended = fresh.call("apply")

    assert ended.code == 0
    assert f"'{name}': it is missing" in ended.err + ended.out
    assert "no rule of the store may remove objects" in ended.err + ended.out
    assert len(fresh.outputs()) == 7
    assert fresh.call("state", "check").code == 0
    with Store.readable(fresh.root / ".docbatch") as store:
        assert name not in {each.stored.object for each in store.results.packs().values() if each.stored}


def test_compacting_fetches_what_is_rewritten_and_puts_it_as_one(
    project: Project, records: KeptRecords
) -> None:
    for number in range(9):
        project.write({f"in/{number}.txt": f"text {number}"})
        project.applied()
    lose_packs(project.root / ".docbatch")
    records.asked.clear()

    done = project.call("state", "compact")

    assert done.code == 0, done.err
    assert len(fetched(records)) == 9
    assert len(put(records)) == 1
    lose_packs(project.root / ".docbatch")
    assert project.call("state", "check").code == 0


def test_rehearsing_a_recovery_on_a_fresh_machine_takes_no_result_for_lost(
    project: Project, records: KeptRecords
) -> None:
    project.job(LISTED.rstrip() + "\n" + JSON)
    project.write(TEXTS)
    project.applied()
    lose_packs(project.root / ".docbatch")
    records.asked.clear()

    ended = project.call("recover", "--dry-run")

    assert ended.code == 0, ended.err
    assert "would be taken" not in ended.out
    assert records.asked == []
