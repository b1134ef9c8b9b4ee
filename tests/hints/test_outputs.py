"""Hints of outputs that cannot be written, and of results that are kept, lost or damaged."""

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

import docbatch
from docbatch.core.guard import Replaced
from docbatch.core.models import Draft, ResultPlace, Traits
from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.engine.planning import plan
from docbatch.providers import REGISTRY
from docbatch.providers.local import KIND as LOCAL
from docbatch.sinks import KINDS, outputs
from docbatch.sinks.base import Delivery, Fault, Receipt
from docbatch.spool import Spool, compaction
from docbatch.spool.pack import PackWriter
from docbatch.state import serial_note
from docbatch.state.files import README
from docbatch.state.home import Home
from docbatch.state.store import Store
from docbatch.state.submissions import Submissions
from tests.cli.project import JOB, Ended, Project
from tests.hints.table import Hints, helps
from tests.kept_results import kept_results
from tests.providers.extend.project import extend_project
from tests.sinks.outside_csv import KIND as CSV_KIND
from tests.sinks.outside_csv import CsvSink

LINES = JOB.replace("  - type: files", "  - {type: jsonl, path: out/all.jsonl}\n  - type: files", 1)
ROWS = JOB.replace("  - type: files", "  - {type: sqlite, path: kept/all.db}\n  - type: files", 1)
FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def paying(tmp_path: Path) -> Iterator[Project]:
    """A project whose documents go to a vendor."""
    with ExtendEmulator() as vendor:
        yield extend_project(tmp_path, vendor)


@pytest.fixture
def project(project: Project) -> Project:
    project.write({"in/a.txt": "one"})
    return project


def applied_unseen(project: Project) -> Ended:
    """Apply as if what stands in the way had come there between the plan and the writing."""
    with mock.patch.object(plan, "judge_places", return_value=Replaced()):
        return project.call("apply")


def is_written(project: Project, ended: Ended) -> bool:
    """Say whether a run that only had to write is through."""
    return (
        ended.code == 0
        and project.call("plan").out.endswith("Nothing is due.\n")
        and project.outputs()["a.txt.md"] == b"one\n"
    )


@helps("{}; {} and run `docbatch apply` again")
def test_a_full_disk(project: Project, hints: Hints) -> None:
    project.job(LINES)
    with mock.patch.object(outputs, "create", side_effect=FULL):
        told = project.call("apply")

    assert told.code == 1
    assert is_written(project, hints.follow(project, told))


@helps("{}; then run `docbatch apply` again")
def test_a_folder_in_the_place_of_the_jobs_file(project: Project, hints: Hints) -> None:
    project.job(LINES)
    project.write({"out/all.jsonl/x": ""})
    told = applied_unseen(project)
    shutil.rmtree(project.root / "out/all.jsonl")

    assert told.code == 1
    assert is_written(project, hints.follow(project, told))


@helps("{}; then run `docbatch apply` again")
def test_a_file_in_the_place_of_the_databases_folder(project: Project, hints: Hints) -> None:
    project.job(ROWS.replace("kept/all.db", '"kept/{{ job.name }}/all.db"'))
    project.write({"kept/job": ""})
    told = applied_unseen(project)
    (project.root / "kept/job").unlink()

    assert told.code == 1
    assert is_written(project, hints.follow(project, told))


@helps("{}; close programs that hold it, free space, or restore access to it, and run `docbatch apply` again")
def test_a_database_that_another_program_holds(project: Project, hints: Hints) -> None:
    project.job(ROWS)
    project.applied()
    project.write({"in/a.txt": "two", "in/b.txt": "three"})
    with mock.patch("docbatch.sinks.table.Table.put", side_effect=sqlite3.OperationalError("locked")):
        told = project.call("apply")

    assert told.code == 1
    assert hints.follow(project, told).code == 0
    with closing(sqlite3.connect(project.root / "kept/all.db")) as rows:
        assert len(rows.execute("SELECT path FROM documents").fetchall()) == 2


@helps("{}; move the file away, and `docbatch apply` writes another with all rows")
def test_a_database_that_is_damaged(project: Project, hints: Hints) -> None:
    project.job(ROWS)
    project.applied()
    os.truncate(project.root / "kept/all.db", 4000)
    told = project.call("apply")
    (project.root / "kept/all.db").rename(project.root / "away")

    assert told.code == 1
    assert "is damaged: " in told.err
    assert hints.follow(project, told).code == 0
    with closing(sqlite3.connect(project.root / "kept/all.db")) as rows:
        assert len(rows.execute("SELECT path FROM documents").fetchall()) == 1


@helps("{}; give the sink another path or table, or move the file away, and run `docbatch apply` again")
def test_a_database_of_another_program(project: Project, hints: Hints) -> None:
    project.job(ROWS)
    project.write({"kept/all.db": "notes of somebody's"})
    told = applied_unseen(project)
    (project.root / "kept/all.db").rename(project.root / "away")

    assert told.code == 1
    assert is_written(project, hints.follow(project, told))


class Forgetful(CsvSink):
    def deliver(self, deliveries: Iterator[Delivery]) -> Iterator[Receipt | Fault]:  # type: ignore[override]
        yield from list(super().deliver(deliveries))[1:]


@helps(
    "this kind of sink does not keep what it declares; {}. Mend it, or take it out of the job, and run `docbatch apply` again"
)
def test_a_sink_that_breaks_its_word(project: Project, hints: Hints) -> None:
    project.job(JOB.replace("  - type: files", "  - {type: csv, path: out/job.csv}\n  - type: files", 1))
    with KINDS.added(replace(CSV_KIND, open=Forgetful)):
        told = project.call("apply")
    with KINDS.added(CSV_KIND):
        assert told.code == 1
        assert is_written(project, hints.follow(project, told))


@helps(
    "what was recorded is safe; make room or restore access and run `docbatch apply` again: "
    "it collects the rest without sending anything twice"
)
def test_a_spool_without_room(project: Project, hints: Hints) -> None:
    with mock.patch.object(PackWriter, "append", side_effect=FULL):
        told = project.call("apply")

    assert told.code == 1
    assert is_written(project, hints.follow(project, told))


@helps("nothing was recorded; run `docbatch apply` again")
def test_a_result_that_does_not_lie_where_results_do(project: Project, hints: Hints) -> None:
    admit = Spool.admit

    def astray(self: Spool, draft: Draft) -> ResultPlace:
        return admit(self, replace(draft, digest="0" * 64))

    with mock.patch.object(Spool, "admit", astray):
        told = project.call("apply")

    assert told.code == 1
    assert is_written(project, hints.follow(project, told))


def damage(project: Project) -> None:
    for entry in kept_results(project.root / ".docbatch"):
        entry.write_bytes(b"not what it was")


@helps(
    "run 'docbatch state check --repair', then 'docbatch apply': lost results are brought back, and what is recorded"
    " of documents and outputs is compared with the files",
    "{} will be brought back; run 'docbatch apply'",
    "With --repair: only say what would be mended.",
)
def test_a_damaged_result(project: Project, hints: Hints) -> None:
    project.applied()
    damage(project)
    found = project.call("state", "check")
    hints.see(project.call("state", "check", "--help"), "With --repair")
    tried = project.call("state", "check", "--repair", "--dry-run")
    assert "1 result would be brought back" in tried.out
    repaired = hints.follow(project, found, "lost results are")
    ended = hints.follow(project, repaired, "will be brought back")

    assert found.code == 1
    assert is_written(project, ended)
    assert project.call("state", "check").code == 0


@helps(
    "other documents are not affected; 'docbatch state check --repair', then 'docbatch apply', brings it back: "
    "free work is done again, and what a provider still has is fetched again at no charge"
)
def test_a_damaged_result_that_a_program_reads(project: Project, hints: Hints) -> None:
    project.applied()
    damage(project)
    with pytest.raises(docbatch.StateError) as raised:
        list(docbatch.open_project(project.root).results())
    for step in (0, 1):
        hints.follow(project, str(raised.value.hint), nth=step)

    assert [each.text for each in docbatch.open_project(project.root).results()] == ["one"]


@helps("{} could not be read; 'docbatch state check --repair', then 'docbatch apply', brings them back")
def test_a_damaged_result_that_compaction_meets(project: Project, hints: Hints) -> None:
    project.applied()
    damage(project)
    with mock.patch.object(compaction, "MANY", 1):
        told = project.call("state", "compact")
    for step in (0, 1):
        hints.follow(project, told, "could not be read", nth=step)

    assert project.call("state", "check").code == 0
    assert [each.text for each in docbatch.open_project(project.root).results()] == ["one"]


@helps("other documents are not affected; 'docbatch explain {}' tells what is recorded of this one")
def test_a_result_of_a_shape_that_is_not_understood(project: Project, hints: Hints) -> None:
    project.applied()
    refuse = mock.Mock(side_effect=ValueError("no pages"))
    with (
        REGISTRY.added(replace(LOCAL, read=refuse), replacing=True),
        pytest.raises(docbatch.StateError) as raised,
    ):
        list(docbatch.open_project(project.root).results())
    told = hints.follow(project, str(raised.value.hint))

    assert told.code == 0
    assert "in the spool" in told.out


@helps("run `docbatch state check`")
def test_a_result_whose_name_is_none(project: Project, hints: Hints) -> None:
    project.applied()
    with Store.writable(project.root / ".docbatch") as store, store.write():
        (item,) = store.items.all()
        store.items.set(item, item.status, result=b"junk".hex())
    (project.root / "out/a.txt.md").unlink()
    told = project.call("apply")
    checked = hints.follow(project, told)

    assert told.code == 1
    assert checked.code == 1
    assert f"'{b'junk'.hex()}' is not the digest of a result" in checked.out


@helps(README)
def test_the_folder_of_the_state(project: Project, hints: Hints) -> None:
    project.applied()
    told = (project.root / ".docbatch/README").read_text()
    backed_up = hints.follow(project, told, FILE="copy.db")

    assert backed_up.code == 0
    assert (project.root / "copy.db").exists()
    assert (project.root / "copy.db").stat().st_size > 0


PLACE = Path(".docbatch/lock")


@helps(
    "nothing was done; make room in the state folder or make it writable, or run 'docbatch plan', which only reads"
)
def test_a_state_that_cannot_be_locked(project: Project, hints: Hints) -> None:
    (project.root / PLACE).mkdir(parents=True)
    told = project.call("apply")
    planned = hints.follow(project, told)
    (project.root / PLACE).rmdir()

    assert told.code == 1
    assert "Will send 1 document" in planned.out
    assert is_written(project, project.call("apply"))


@helps("it is not acted on. Restore .docbatch/state.db from a backup, or run 'docbatch state check'")
def test_a_record_that_was_altered(project: Project, hints: Hints) -> None:
    project.applied()
    project.call("state", "backup", "--without-results", "copy.db")
    state = project.root / ".docbatch/state.db"
    with closing(sqlite3.connect(state)) as database, database:
        database.execute("UPDATE item SET attempt = 7")
    told = project.call("explain", "in/a.txt")
    checked = hints.follow(project, told)
    for file in state.parent.glob("state.db*"):
        file.unlink()
    shutil.copy(project.root / "copy.db", state)

    assert told.code == 1
    assert checked.code == 1
    assert "damaged" in checked.out
    assert project.call("state", "check").code == 0


@helps("the state file is damaged; nothing was changed. Run 'docbatch state check'")
def test_a_submission_that_was_altered(paying: Project, hints: Hints) -> None:
    accept = Submissions.accept

    def altered(self: Submissions, identity: str, *rest: Any) -> None:
        with self._database.write():
            self._database.execute("UPDATE submission SET status = 'collected'")
            self._seal(identity)
        accept(self, identity, *rest)

    with mock.patch.object(Submissions, "accept", altered):
        told = paying.call("apply")
    checked = hints.follow(paying, told)

    assert told.code == 1
    assert checked.code == 1
    assert "is collected, but its events say intended" in checked.out


@helps("submission {} is work of this machine: it runs inside 'docbatch apply' and ends with it")
def test_local_work_that_was_interrupted(project: Project, hints: Hints) -> None:
    with (
        # As it was before work of this machine was recorded once it is done.
        mock.patch.object(Traits, "is_recorded_when_done", new=False),
        mock.patch.object(Submissions, "progress", side_effect=KeyboardInterrupt),
    ):
        interrupted = project.call("apply")
    with Store.readable(project.root / ".docbatch") as store:
        (left,) = store.submissions.open()
    told = project.call("cancel", left.id)

    assert (interrupted.code, told.code) == (130, 64)
    assert is_written(project, hints.follow(project, told))


def alter(project: Project, statement: str) -> None:
    with closing(sqlite3.connect(project.root / ".docbatch/state.db")) as database, database:
        database.execute(statement)


@helps("what is recorded of documents and outputs is taken as it is; run 'docbatch apply'")
def test_a_document_that_was_lost_from_the_state(project: Project, hints: Hints) -> None:
    project.applied()
    alter(project, "DELETE FROM document")
    found = project.call("state", "check")
    repaired = project.call("state", "check", "--repair")
    ended = hints.follow(project, repaired)

    assert (found.code, repaired.code) == (1, 1)
    assert is_written(project, ended)
    assert project.call("state", "check").code == 0


@helps(
    "'docbatch state check' names all of it. Restore .docbatch/state.db from a backup; 'docbatch recover' then"
    " takes over what was sent since"
)
def test_an_item_that_was_lost_from_the_state(project: Project, hints: Hints) -> None:
    project.applied()
    project.call("state", "backup", "--without-results", "copy.db")
    alter(project, "DELETE FROM item")
    project.write({"in/b.txt": "one"})
    told = project.call("apply")
    checked = hints.follow(project, told, nth=0)
    for file in (project.root / ".docbatch").glob("state.db*"):
        file.unlink()
    shutil.copy(project.root / "copy.db", project.root / ".docbatch/state.db")
    recovered = hints.follow(project, told, nth=1)

    assert told.code == 1
    assert "table item: row" in checked.out
    assert recovered.code == 0
    assert project.call("state", "check").code == 0


@helps(
    "run 'docbatch state check'. If a disk is full, that of temporary files perhaps, make room first;"
    " restore .docbatch/state.db from a backup if it is damaged"
)
def test_a_state_that_cannot_be_read(project: Project, hints: Hints) -> None:
    project.applied()
    with mock.patch.object(Home, "readable", side_effect=sqlite3.OperationalError("disk is full")):
        told = project.call("status")
    checked = hints.follow(project, told)

    assert told.code == 1
    assert checked.out == "the state is sound\n"


@helps("what was sent is recorded; make room or restore access, and run 'docbatch apply' again")
def test_an_anchor_that_cannot_be_written(paying: Project, hints: Hints) -> None:
    with mock.patch.object(serial_note, "make_file", side_effect=FULL):
        told = paying.call("apply")

    assert told.code == 1
    assert hints.follow(paying, told).code == 0
    assert paying.outputs().keys() == {
        f"{name}.txt.{form}" for name in ("one", "two", "three") for form in ("md", "txt")
    }


@helps(
    "nothing was sent; move them away or change the sink's path, or let '--allow overwritten' put those that differ into the trash, .docbatch/trash or in a store .docbatch-trash/"
)
def test_a_file_of_somebody_elses(project: Project, hints: Hints) -> None:
    project.write({"out/a.txt.md": "theirs", "out/b.txt.md": "not in the way"})
    told = project.call("apply")
    hints.see(told)

    assert told.code == 6
    assert project.outputs()["a.txt.md"] == b"theirs"
    assert is_written(project, project.call("apply", "--allow", "overwritten"))
    assert any(each.read_bytes() == b"theirs" for each in (project.root / ".docbatch/trash").iterdir())


@helps(
    "nothing was sent; choose a folder of this project's own, or say '--allow shared' once,"
    " where the two are known to write different files"
)
def test_a_folder_of_another_project(tmp_path: Path, hints: Hints) -> None:
    made = []
    for name in ("one", "two"):
        each = Project(tmp_path / name)
        each.job(JOB.replace("out/", f"{tmp_path / 'shared'}/"))
        each.write({f"in/{name}.txt": name, "docbatch.yaml": f"project: {{id: project{name}000}}\n"})
        made.append(each)
    one, two = made
    one.applied()
    told = two.call("apply")
    hints.see(told)

    assert told.code == 6
    assert two.call("apply", "--allow", "shared").code == 0
    two.write({"in/more.txt": "more"})
    assert two.call("apply").code == 0


@helps("{}; drop the trigger, or give the sink a table of its own, and run `docbatch apply` again")
def test_a_trigger_that_takes_away_other_rows(project: Project, hints: Hints) -> None:
    project.job(ROWS)
    project.applied()
    database = project.root / "kept/all.db"
    with closing(sqlite3.connect(database)) as rows, rows:
        rows.execute("CREATE TRIGGER eater AFTER INSERT ON documents BEGIN DELETE FROM documents; END")
    project.write({"in/b.txt": "two"})
    told = project.call("apply")
    with closing(sqlite3.connect(database)) as rows, rows:
        rows.execute("DROP TRIGGER eater")

    assert told.code == 1
    assert is_written(project, hints.follow(project, told))
    with closing(sqlite3.connect(database)) as rows:
        assert len(rows.execute("SELECT path FROM documents").fetchall()) == 2


@helps("{}; give the sink another table, or take this one away ({}), and run `docbatch apply` again")
def test_a_table_of_somebody_else_in_the_place_of_declared_rows(project: Project, hints: Hints) -> None:
    project.job(ROWS.replace("path: kept/all.db", "path: kept/all.db, rows: page"))
    project.applied()
    database = project.root / "kept/all.db"
    with closing(sqlite3.connect(database)) as rows, rows:
        rows.execute("DROP TABLE documents")
        rows.execute("CREATE TABLE documents (mine)")
    told = project.call("apply")
    with closing(sqlite3.connect(database)) as rows, rows:
        rows.execute("DROP TABLE documents")

    assert told.code == 1
    assert hints.follow(project, told).code == 0
    with closing(sqlite3.connect(database)) as rows:
        assert rows.execute("SELECT name, row_kind FROM docbatch_tables").fetchall() == [
            ("documents", "page")
        ]


@helps(
    "  what it says is incomplete; what a run did is recorded, and 'docbatch status' tells how things stand"
)
def test_a_standard_output_that_is_full(project: Project, hints: Hints) -> None:
    with mock.patch("docbatch.cli.unwritten", return_value="no space left on device"):
        told = project.call("apply")
    stands = hints.follow(project, told)

    assert told.code == 1
    assert "job on local: 1 done" in stands.out


@helps(
    "nothing was changed. Restore it from a backup, or move it away; 'docbatch recover' then takes over what was sent"
)
def test_a_table_that_was_lost_from_the_state(project: Project, hints: Hints) -> None:
    project.applied()
    alter(project, "DROP TABLE hindrance")
    told = project.call("status")
    for file in (project.root / ".docbatch").glob("state.db*"):
        file.unlink()

    assert told.code == 1
    assert hints.follow(project, told).code == 0
    assert is_written(project, project.call("apply"))
