"""`docbatch drift` and `docbatch prune` of data sets, on this disk and in a store: rows of removed documents leave their parts, and come back."""

import io
import os
import random
import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pyarrow.parquet as pq
import pytest

from docbatch.durability import Flusher
from docbatch.engine.administration.outputs.trash_batches import TrashBatch, batches
from docbatch.sinks import tree
from docbatch.sinks.parquet.part_file import PartReader
from docbatch.sinks.parquet.part_names import MANIFEST, part_name, part_of
from docbatch.sinks.paths import TEMPORARY
from docbatch.state.held_rows import HeldRows
from tests.cli.project import Project
from tests.cli.stored_project import VARIABLES, project_file
from tests.sinks.killed import Killer
from tests.stores.moto_server import MotoBucket, moto_bucket

JOB = """
apiVersion: docbatch/v1
name: {name}
source: {{root: {root}, include: "**/*.txt"}}
provider: local
sink: [{{type: parquet, path: data/set, {more}}}]
"""
OTHER = """
apiVersion: docbatch/v1
name: other
source: {root: in, include: "**"}
provider: local
sink: [{type: files, path: "out/{{ doc.path }}.md"}]
"""
TEXTS = {f"in/{number}.txt": f"text {number}" for number in range(24)}
GONE = ("3.txt", "7.txt", "11.txt")
EFFECTS: tuple[tuple[Any, str], ...] = (
    (Flusher, "flush"),
    (os, "rename"),
    (TrashBatch, "announce"),
    (TrashBatch, "finish"),
    (HeldRows, "release"),
)


@dataclass
class DataSet:
    """A project whose rows lie in a data set, of a `bucket` or of its own folder."""

    project: Project
    bucket: MotoBucket | None

    def declare(self, name: str = "job", root: str = "in", more: str = "") -> None:
        more = ", ".join(filter(None, ["store: lake" if self.bucket else "", more or "parts: 8"]))
        self.project.job(JOB.format(name=name, root=root, more=more), name)

    def files(self) -> dict[str, bytes]:
        if self.bucket is not None:
            found = self.bucket.objects()
            return {key: content for key, content in found.items() if key.startswith("data/set")}
        folder = self.project.root / "data/set"
        return (
            {f"data/set/{each.name}": each.read_bytes() for each in folder.iterdir()}
            if folder.exists()
            else {}
        )

    def put(self, name: str, content: bytes) -> None:
        if self.bucket is not None:
            self.bucket.put(f"data/set/{name}", content)
        else:
            (self.project.root / "data/set" / name).write_bytes(content)

    def rows(self) -> list[tuple[str, str, str]]:
        tables = [
            pq.read_table(io.BytesIO(content), columns=["job", "path", "text"]).to_pylist()
            for name, content in self.files().items()
            if name.endswith(".parquet")
        ]
        return sorted((row["job"], row["path"], row["text"].strip()) for rows in tables for row in rows)

    def removed(self, *names: str) -> None:
        for name in names:
            (self.project.root / "in" / name).unlink()
        self.project.applied()

    def pruned(self, *arguments: str) -> dict[str, Any]:
        ended = self.project.call("prune", "--json", *arguments)
        assert ended.code == 0, ended.err
        return dict(ended.lines[-1])

    def is_settled(self) -> bool:
        return [self.project.call(*each).code for each in (["plan", "--detailed-exitcode"], ["drift"])] == [
            0,
            0,
        ]


@pytest.fixture(params=["disk", "store"])
def data_set(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DataSet]:
    with ExitStack() as closing:
        bucket = closing.enter_context(moto_bucket()) if request.param == "store" else None
        for name, value in VARIABLES.items():
            monkeypatch.setenv(name, value)
        made = DataSet(Project(tmp_path), bucket)
        made.project.write(TEXTS if bucket is None else {**TEXTS, "docbatch.yaml": project_file(bucket)})
        made.declare()
        made.project.applied()
        yield made


def part(path: str) -> str:
    return part_name(part_of(path.encode(), 8), 8)


def test_rows_of_removed_documents_leave_their_parts_and_come_back(data_set: DataSet) -> None:
    data_set.removed(*GONE)
    before, files = data_set.rows(), data_set.files()
    assert len(before) == 24
    told = data_set.project.call("drift")
    assert "rows of 3 documents that nothing wants any more are not compared" in told.out

    told = data_set.project.call("prune", "--dry-run")
    assert "rows of 3 documents in " in told.out
    assert "data/set would be moved to .docbatch/trash" in told.out
    assert data_set.files() == files
    assert (data_set.pruned()["removed"], data_set.pruned()["removed"]) == (3, 0)
    after = data_set.rows()
    assert after == [row for row in before if row[1] not in GONE]
    changed = {name for name, content in data_set.files().items() if content != files[name]}
    assert changed == {f"data/set/{name}" for name in (MANIFEST, *map(part, GONE))}
    with mock.patch.object(PartReader, "documents", side_effect=AssertionError("a part was read")):
        assert data_set.is_settled()

    assert "3 outputs put back" in data_set.project.call("prune", "--restore").out
    assert data_set.rows() == before
    assert data_set.is_settled()
    assert data_set.pruned()["removed"] == 3
    data_set.project.write(TEXTS)
    assert data_set.project.applied().processed == 0
    assert data_set.rows() == before


def test_rows_of_a_part_that_somebody_changed_stay(data_set: DataSet) -> None:
    data_set.removed("3.txt", "7.txt")
    assert part("3.txt") != part("7.txt")
    data_set.put(part("3.txt"), b"mine")

    told = data_set.project.call("drift")
    assert (told.code, "altered: " in told.out and part("3.txt") in told.out) == (2, True)
    told = data_set.project.call("prune")
    assert f"(job: 3.txt): its part {part('3.txt')} changed since docbatch wrote it" in told.out
    assert data_set.files()[f"data/set/{part('3.txt')}"] == b"mine"
    assert "7.txt" not in {path for _, path, _ in _readable(data_set)}


def _readable(data_set: DataSet) -> list[tuple[str, str, str]]:
    data_set.put(part("3.txt"), data_set.files()[f"data/set/{part('7.txt')}"])
    return data_set.rows()


def test_rows_of_a_job_that_is_gone_leave_what_another_one_writes(data_set: DataSet) -> None:
    data_set.project.write({path.replace("in/", "other/"): text for path, text in TEXTS.items()})
    data_set.declare("other", "other")
    data_set.project.applied()
    assert len(data_set.rows()) == 48
    (data_set.project.root / "jobs/job.yaml").unlink()
    data_set.project.applied()

    assert data_set.project.call("prune").code == 6
    assert data_set.pruned("--allow", "pruned")["jobs"] == [
        {"job": "job", "why": "its job is gone", "outputs": 24}
    ]
    assert {job for job, _, _ in data_set.rows()} == {"other"}
    assert data_set.is_settled()
    assert data_set.project.call("prune", "--restore").code == 0
    assert len(data_set.rows()) == 48
    assert data_set.is_settled()


def test_a_data_set_that_nothing_writes_to_goes_with_all_its_parts(data_set: DataSet) -> None:
    before = data_set.files()
    (data_set.project.root / "jobs/job.yaml").unlink()
    data_set.declare("other", "other")
    data_set.project.write(
        {
            "jobs/other.yaml": JOB.format(name="other", root="in", more="parts: 2").replace(
                "data/set", "out/two"
            )
        }
    )
    data_set.project.applied()

    assert data_set.pruned("--allow", "pruned")["removed"] == len(before)
    assert data_set.files() == {}
    assert data_set.project.call("prune", "--restore").code == 0
    assert data_set.files() == before


def test_a_data_set_goes_whose_job_was_renamed_and_removed_at_once(data_set: DataSet) -> None:
    before, files, project = data_set.rows(), data_set.files(), data_set.project
    assert project.call("state", "mv", "job", "job", "new").code == 0
    (project.root / "jobs/job.yaml").unlink()
    project.job(OTHER, "other")
    project.applied()

    assert data_set.pruned("--allow", "pruned")["removed"] == len(files)
    assert data_set.files() == {}

    assert project.call("prune", "--restore").code == 0
    assert data_set.rows() == before


def test_rows_of_a_renamed_job_go_whatever_columns_it_had_before(data_set: DataSet) -> None:
    more = 'columns: {text: "{{ row.text }}", size: {value: "{{ row.size }}", type: integer}}'
    data_set.declare(more=f"parts: 8, {more}")
    data_set.project.applied()
    assert data_set.project.call("state", "mv", "job", "job", "new").code == 0
    (data_set.project.root / "jobs/job.yaml").unlink()
    data_set.declare("new", more=f"parts: 8, {more}")
    data_set.removed(*GONE)

    assert data_set.pruned("--allow", "pruned")["removed"] == 3
    assert {path for _, path, _ in data_set.rows()}.isdisjoint(GONE)


def test_objects_of_a_data_set_that_differ_are_told(data_set: DataSet) -> None:
    assert data_set.project.call("drift").code == 0
    assert data_set.project.call("drift", "--deep").code == 0
    if data_set.bucket is not None:
        data_set.bucket.remove(f"data/set/{part('3.txt')}")
        told = data_set.project.call("drift")
        assert (told.code, "removed: " in told.out) == (2, True)


def _prune(project: Project, moment: int) -> int:
    process = os.fork()
    if process == 0:
        # A run of its own: what it leaves unfinished is not this process's.
        tree._OURS = f"{TEMPORARY}{secrets.token_hex(4)}-".encode()
        killer = Killer(moment)
        for owner, name in EFFECTS:
            setattr(owner, name, killer.guard(getattr(owner, name)))
        project.call("prune", "--yes")
        os._exit(0)
    return os.waitpid(process, 0)[1]


def _killed(made: DataSet, moments: Iterator[int] | list[int]) -> int:
    before, number = made.rows(), 0
    for moment in moments:
        status = _prune(made.project, moment)
        kept = {
            each.document
            for batch in batches(made.project.root / ".docbatch/trash")
            for each in batch.taken()
        }
        assert set(GONE) <= kept | {path for _, path, _ in made.rows()}
        made.pruned()
        assert made.rows() == [row for row in before if row[1] not in GONE], moment
        made.project.applied()
        assert made.is_settled(), moment
        while any(not batch.is_empty() for batch in batches(made.project.root / ".docbatch/trash")):
            assert made.project.call("prune", "--restore").code == 0
        assert made.rows() == before, moment
        number += 1
        if not os.WIFSIGNALED(status):
            break
    return number


@pytest.mark.parametrize("data_set", ["disk"], indirect=True)
def test_killed_at_some_moment_the_next_prune_goes_on(data_set: DataSet) -> None:
    data_set.removed(*GONE)
    _killed(data_set, sorted(random.Random(17).sample(range(20), 4)))


@pytest.mark.full
@pytest.mark.parametrize("data_set", ["disk"], indirect=True)
def test_killed_at_any_moment_the_next_prune_goes_on(data_set: DataSet) -> None:
    data_set.removed(*GONE)
    assert _killed(data_set, list(range(1000))) > 20


def test_what_a_project_leaves_in_a_bucket_goes_without_rows_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    with moto_bucket() as bucket:
        sets = []
        for name, project_id in (("one", "pabcdefghijkl"), ("two", "pzyxwvutsrqpo")):
            (tmp_path / name).mkdir()
            made = DataSet(Project(tmp_path / name), bucket)
            declared = project_file(bucket).replace("pabcdef012345", project_id)
            made.project.write({"in/a.txt": f"of {name}", "in/b.txt": "b", "docbatch.yaml": declared})
            made.declare(name)
            made.project.applied()
            sets.append(made)
        one, two = sets
        before = one.rows()
        (one.project.root / "jobs/one.yaml").unlink()
        # A job of the other's name that writes elsewhere.
        one.project.job(OTHER.replace("other", "two"), "two")
        one.project.applied()

        assert "rows of 2 documents" in one.project.call("drift").out
        assert one.pruned()["removed"] == 2
        assert one.rows() == [row for row in before if row[0] == "two"]
        assert two.is_settled()

        assert "2 outputs put back" in one.project.call("prune", "--restore").out
        assert one.rows() == before
        assert two.is_settled()
