"""`docbatch state backup` and `restore`: all is back, nothing is paid again, and what cannot be brought back changes nothing."""

import errno
import hashlib
import itertools
import os
import random
import re
import shutil
import sqlite3
import stat
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.state import files, lock
from tests.cli.failing_disk import failing
from tests.cli.project import JOB, Project
from tests.kept_results import unpack_all
from tests.providers.extend.project import DOCUMENTS, extend_project

TEXTS = {f"in/{number}.txt": f"text {number}" for number in range(12)}


@pytest.fixture
def vendor() -> Iterator[ExtendEmulator]:
    with ExtendEmulator() as emulator:
        yield emulator
        assert emulator.errors == []
        assert emulator.leaks == []


@pytest.fixture
def read(project: Project) -> Project:
    """A project whose documents were read."""
    project.write(TEXTS)
    project.applied()
    return project


def everything(folder: Path) -> dict[str, str]:
    """Return what lies in a state folder that is worth something, by its content."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and path.name not in {"lock", "cache.db", "readers", "README", ".gitignore"}
        and not path.name.endswith(("-wal", "-shm"))
    }


def lose(project: Project, *names: str) -> None:
    for name in names or (".docbatch", "out", "json"):
        shutil.rmtree(project.root / name, ignore_errors=True)


def test_everything_is_written_again_of_a_backup(read: Project) -> None:
    before = read.outputs()
    made = read.call("state", "backup", "copy.tar")
    lose(read)

    restored = read.call("state", "restore", "copy.tar")
    again = read.applied()

    assert re.fullmatch(r"wrote copy.tar: .* kB; state .* kB, 12 results .*B\n", made.out)
    assert restored.code == 0
    assert restored.out.startswith("brought back: 12 documents and 12 results, made 20")
    assert "there was no state before\n" in restored.out
    assert again.processed == 0
    assert read.outputs() == before
    assert read.call("state", "check").out == "the state is sound\n"


def test_at_a_vendor_nothing_is_sent_before_recover_has_looked(
    tmp_path: Path, vendor: ExtendEmulator
) -> None:
    project = extend_project(tmp_path, vendor, grace=0.2)
    project.applied()
    before, paid = project.outputs() | project.outputs("json"), len(vendor.ledger)
    assert project.call("state", "backup", "copy.tar").code == 0
    lose(project)
    project.write({"in/new.txt": "one more"})

    assert "run 'docbatch recover' before" in project.call("state", "restore", "copy.tar").out
    refused = project.call("apply")
    assert (refused.code, len(vendor.ledger)) == (6, paid)
    assert "it was restored from copy.tar, made 20" in refused.err
    assert "'docbatch recover' takes over what vendors have" in refused.err
    assert {**project.outputs(), **project.outputs("json")} == before
    assert project.call("recover").out.endswith("The state is trusted again.\n")
    project.applied()

    assert len(vendor.ledger) == len(set(vendor.ledger)) == paid + 1
    assert len(project.outputs("json")) == len(DOCUMENTS) + 1


def test_what_was_sent_after_a_backup_is_taken_over_and_not_paid_again(
    tmp_path: Path, vendor: ExtendEmulator
) -> None:
    project = extend_project(tmp_path, vendor, grace=0.2)
    project.applied()
    project.call("state", "backup", "copy.tar")
    project.write({"in/new.txt": "one more"})
    project.applied()
    before, paid = project.outputs(), len(vendor.ledger)
    lose(project)

    project.call("state", "restore", "copy.tar")
    assert "1 document: 1 taken over" in project.call("recover").out
    project.applied()

    assert project.outputs() == before
    assert len(vendor.ledger) == len(set(vendor.ledger)) == paid


def test_machines_are_told_in_one_line(read: Project) -> None:
    (made,) = read.call("state", "backup", "copy.tar", "--json").lines
    (looked,) = read.call("state", "restore", "copy.tar", "--json", "--dry-run").lines
    (done,) = read.call("state", "restore", "copy.tar", "--json").lines

    assert (made["type"], made["version"], made["results"], made["missing"]) == (
        "backup",
        "docbatch/state-backup/v1",
        12,
        [],
    )
    assert made["size"] == (read.root / "copy.tar").stat().st_size
    assert (looked["dry_run"], looked["kept"]) == (True, None)
    assert (done["type"], done["documents"], done["kept"]) == ("restore", 12, ".docbatch/before-restore-1")
    assert done["facts"]["state_version"] == 8


def test_a_backup_can_be_opened_by_other_tools(read: Project, tmp_path: Path) -> None:
    read.call("state", "backup", "copy.tar")
    with tarfile.open(read.root / "copy.tar") as archive:
        archive.extractall(tmp_path / "opened", filter="data")

    done = subprocess.run(["sha256sum", "-c", "SHA256SUMS"], cwd=tmp_path / "opened", check=False)

    assert done.returncode == 0
    assert stat.S_IMODE((read.root / "copy.tar").stat().st_mode) == 0o600


def test_the_state_alone_can_be_backed_up_and_restored(read: Project) -> None:
    before = read.outputs()
    made = read.call("state", "backup", "--without-results", "copy.db")
    lose(read, "out")
    (read.root / ".docbatch/state.db").unlink()

    assert "none of the 12 results it names" in made.out
    assert read.call("state", "restore", "copy.db").code == 0
    assert read.applied().processed == 0
    assert read.outputs() == before


def test_a_restored_state_without_its_results_has_them_brought_back(read: Project) -> None:
    before = read.outputs()
    read.call("state", "backup", "--without-results", "copy.db")
    lose(read)

    told = read.call("state", "restore", "copy.db")

    assert "1 pack of results is neither here nor in it" in told.out
    assert read.applied().processed == len(TEXTS)
    assert read.outputs() == before


def test_a_dry_run_reads_all_and_changes_nothing(read: Project) -> None:
    read.call("state", "backup", "copy.tar")
    before = everything(read.root / ".docbatch")

    told = read.call("state", "restore", "copy.tar", "--dry-run")

    assert told.out.startswith("copy.tar is whole: 12 documents and 12 results, made 20")
    assert told.out.endswith("Nothing was changed.\n")
    assert everything(read.root / ".docbatch") == before
    lose(read, ".docbatch")
    assert read.call("state", "restore", "copy.tar", "--dry-run").code == 0
    assert not (read.root / ".docbatch").exists()


def test_what_was_there_is_kept_and_can_be_brought_back(read: Project) -> None:
    read.call("state", "backup", "copy.tar")
    read.write({"in/later.txt": "later"})
    read.applied()
    newer = read.outputs()

    undone = re.search(r"'docbatch (state restore [^']+)'", read.call("state", "restore", "copy.tar").out)
    assert undone is not None
    assert "later.txt" not in read.call("state", "list").out
    read.call("recover")
    read.call("state", "compact")
    lose(read, "out")
    assert read.call(*undone[1].split()).code == 0

    assert read.applied("--allow", "overwritten").processed == 0
    assert read.outputs() == newer
    assert read.call("state", "check").out == "the state is sound\n"


def test_results_that_were_damaged_since_are_those_of_the_backup_again(read: Project) -> None:
    before = read.outputs()
    read.call("state", "backup", "copy.tar")
    (pack,) = (read.root / ".docbatch/spool/packs").iterdir()
    content = bytearray(pack.read_bytes())
    content[100:400] = bytes(300)
    pack.write_bytes(content)
    lose(read, "out")

    assert "0 of them here already" in read.call("state", "restore", "copy.tar").out
    assert read.applied().processed == 0
    assert read.outputs() == before
    assert pack.read_bytes() == content
    assert read.call("state", "check").out == "the state is sound\n"


def test_results_of_before_there_were_packs_are_in_a_backup(read: Project) -> None:
    before = read.outputs()
    unpack_all(read.root / ".docbatch")
    made = read.call("state", "backup", "copy.tar")
    lose(read)
    read.call("state", "restore", "copy.tar")

    assert "12 results" in made.out
    assert read.applied().processed == 0
    assert read.outputs() == before


def test_a_state_of_before_an_upgrade_is_restored_with_its_results(read: Project) -> None:
    with closing(sqlite3.connect(read.root / ".docbatch/state.db")) as state, state:
        before_this = read.root / ".docbatch/state.db.before-8"
        state.execute("VACUUM INTO ?", (str(before_this),))
    outputs = read.outputs()
    read.write({"in/later.txt": "later"})
    read.applied()
    lose(read, "out")

    assert read.call("state", "restore", str(before_this)).code == 0
    (read.root / "in/later.txt").unlink()
    assert read.applied().processed == 0
    assert read.outputs() == outputs


SPOILT: dict[str, Callable[[bytes], bytes]] = {
    "truncated": lambda content: content[: len(content) // 2],
    "without its end": lambda content: content[:-512],
    "with more at its end": lambda content: content + b"x",
    "empty": lambda _content: b"",
    "another file": lambda content: b"\x89PNG" + content[4:],
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_backup_is_refused_and_nothing_is_touched(read: Project, name: str) -> None:
    read.call("state", "backup", "copy.tar")
    file = read.root / "copy.tar"
    file.write_bytes(SPOILT[name](file.read_bytes()))
    before = everything(read.root / ".docbatch")

    refused = read.call("state", "restore", "copy.tar")
    looked = read.call("state", "restore", "copy.tar", "--dry-run")

    assert (refused.code, looked.code) == (1, 1)
    assert refused.err.startswith("error: copy.tar: the backup is damaged: ")
    assert everything(read.root / ".docbatch") == before


def test_no_altered_byte_goes_unseen(read: Project) -> None:
    read.call("state", "backup", "copy.tar")
    content = (read.root / "copy.tar").read_bytes()
    before = everything(read.root / ".docbatch")
    dice = random.Random(7)

    for place in (0, 511, 512, len(content) - 1, *(dice.randrange(len(content)) for _ in range(20))):
        spoilt = bytearray(content)
        spoilt[place] ^= 1 << dice.randrange(8)
        (read.root / "copy.tar").write_bytes(spoilt)
        refused = read.call("state", "restore", "copy.tar")
        assert (refused.code, place) == (1, place), refused.out
    assert everything(read.root / ".docbatch") == before


def test_the_backup_of_another_project_is_refused_unless_it_is_meant(
    tmp_path: Path, vendor: ExtendEmulator
) -> None:
    other = extend_project(tmp_path / "other", vendor, grace=0.2)
    other.applied()
    for form in ((), ("--without-results",)):
        copy = str(tmp_path / f"copy{len(form)}")
        assert other.call("state", "backup", *form, copy).code == 0
        here = Project(tmp_path / f"here{len(form)}")
        here.write({"docbatch.yaml": "project: {id: quiteother01}\n"})
        refused = here.call("state", "restore", copy)

        assert refused.code == 6
        assert "the backup is of another project: " in refused.err
        assert not (here.root / ".docbatch/state.db").exists()
        assert here.call("state", "restore", copy, "--other-project").code == 0


def test_what_a_newer_docbatch_wrote_is_refused(read: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    read.call("state", "backup", "copy.db", "--without-results")
    with closing(sqlite3.connect(read.root / "copy.db")) as state, state:
        state.execute("PRAGMA user_version = 99")
    with monkeypatch.context() as patch:
        patch.setattr("docbatch.engine.administration.backups.write_backup.VERSION", 99)
        read.call("state", "backup", "copy.tar")
    before = everything(read.root / ".docbatch")

    for name in ("copy.db", "copy.tar"):
        refused = read.call("state", "restore", name)
        assert refused.code == 1
        assert f"error: {name}: was written by a newer docbatch (state version 99" in refused.err
    assert everything(read.root / ".docbatch") == before


def test_a_state_whose_rows_were_altered_is_refused(read: Project) -> None:
    read.call("state", "backup", "copy.db", "--without-results")
    with closing(sqlite3.connect(read.root / "copy.db")) as state, state:
        state.execute("UPDATE item SET attempt = 7")
    before = everything(read.root / ".docbatch")

    refused = read.call("state", "restore", "copy.db")

    assert (refused.code, "copy.db: the backup is damaged: " in refused.err) == (1, True)
    assert everything(read.root / ".docbatch") == before


def test_nothing_is_restored_while_a_run_holds_the_state(read: Project) -> None:
    read.call("state", "backup", "copy.tar")

    with lock.hold(read.root / ".docbatch/lock"):
        ended = [read.call("state", "restore", "copy.tar", *more) for more in ((), ("--dry-run",))]

    assert [each.code for each in ended] == [11, 11]


def test_nothing_is_restored_while_another_reads_the_state(
    read: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    read.call("state", "backup", "copy.tar")
    monkeypatch.setattr("docbatch.state.copies.PATIENCE", 0.01)
    with closing(files.open_readable(read.root / ".docbatch")) as reader:
        reader.execute("SELECT count(*) FROM item").fetchone()
        refused = read.call("state", "restore", "copy.tar")

    assert (refused.code, "another command reads the state" in refused.err) == (11, True)
    assert read.call("state", "check").code == 0
    assert read.call("state", "restore", "copy.tar").code == 0


def test_a_backup_goes_where_it_can_and_never_over_something(read: Project) -> None:
    (read.root / "there").write_text("mine")
    (read.root / "link").symlink_to("there")
    (read.root / "dangling").symlink_to("nowhere")

    for place, says in {
        "there": "exists already",
        "link": "is a link",
        "dangling": "is a link",
        "in": "is a folder",
        "no/such/folder": "there is no such folder",
        ".docbatch/copy": "lies in what is backed up",
    }.items():
        refused = read.call("state", "backup", place)
        assert (refused.code, says in refused.err) == (64, True), place
    assert (read.root / "there").read_text() == "mine"
    assert read.call("state", "backup", "there", "--replace").code == 0
    assert read.call("state", "restore", "there", "--dry-run").code == 0


def test_what_is_no_backup_is_told(read: Project) -> None:
    assert "there is no such file" in read.call("state", "restore", "nowhere").err
    assert "holds no state.db" in read.call("state", "restore", "in").err
    assert read.call("state", "restore", "jobs/job.yaml").code == 1


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_a_disk_that_is_full_leaves_all_as_it_was(read: Project, command: str) -> None:
    """Fail at one thing after the other that is done to the disk, until there is none left."""
    read.call("state", "backup", "copy.tar")
    folder, name = read.root / ".docbatch", "new.tar" if command == "backup" else "copy.tar"
    if command == "restore":
        lose(read, ".docbatch/spool")
    before = rows(folder)
    for at in itertools.count(1):
        with failing(read.root, at, errno.ENOSPC) as disk:
            ended = read.call("state", command, name)
        if len(disk.seen) < at:
            break
        assert "Traceback" not in ended.err, at
        if rows(folder) != before:
            assert "restored" in [row[0] for row in rows(folder)], at
        if (read.root / "new.tar").exists():
            assert read.call("state", "restore", "new.tar", "--dry-run").code == 0, at
            (read.root / "new.tar").unlink()
    assert at > 10
    assert list(read.root.glob(".new*")) == []
    assert read.call("state", "check").code == 0


def rows(folder: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / "state.db")) as state:
        return [*state.execute("SELECT * FROM item"), *state.execute("SELECT * FROM meta ORDER BY name")]


def test_results_and_state_belong_together_while_a_run_goes_on(read: Project) -> None:
    """What a backup holds is as the copy of its state says, however much was appended since."""
    read.write({f"in/more{number}.txt": f"more {number}" for number in range(8)})
    read.applied()
    with (read.root / ".docbatch/spool/packs").joinpath("0123456789abcdef.pack").open("wb") as strange:
        strange.write(b"docbatch pack 1\n")
    for pack in (read.root / ".docbatch/spool/packs").iterdir():
        with pack.open("ab") as file:
            file.write(os.urandom(500))

    read.call("state", "backup", "copy.tar")
    lose(read)
    read.call("state", "restore", "copy.tar")

    assert read.call("state", "check").out == "the state is sound\n"
    assert read.applied().processed == 0
    assert len(list((read.root / ".docbatch/spool/packs").iterdir())) == 2


def test_a_database_that_a_sink_wrote_is_no_backup(read: Project) -> None:
    read.job(JOB + "  - {type: sqlite, path: other.db}\n")
    read.applied()
    before = everything(read.root / ".docbatch")

    ended = read.call("state", "restore", "other.db")

    assert ended.code == 1
    assert "other.db: holds no state of docbatch, or a damaged one\n  nothing was changed" in ended.err
    assert everything(read.root / ".docbatch") == before
