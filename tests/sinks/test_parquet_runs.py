"""Data sets of Parquet files as runs of the real command make and keep them."""

import errno
import json
import os
import random
import signal
from collections.abc import Iterator
from dataclasses import replace
from importlib import util
from itertools import islice
from pathlib import Path
from typing import Any, cast
from unittest import mock

import pytest

from docbatch.engine.running.deliveries import deliver_together, documents_at_once
from docbatch.sinks import KINDS, tree
from docbatch.sinks.base import Delivery, Fault, Receipt
from docbatch.sinks.kind import Opening
from docbatch.sinks.parquet import folders
from docbatch.sinks.parquet.options import KIND
from docbatch.sinks.parquet.part_names import MANIFEST, part_name, part_of
from docbatch.sinks.paths import TEMPORARY
from docbatch.state.store import Store
from tests.cli.project import Ended, Project
from tests.cli.stored_project import VARIABLES, project_file
from tests.stores.moto_server import moto_bucket

JOB = """
apiVersion: docbatch/v1
name: {name}
source: {{root: {root}, include: "**/*.txt"}}
provider: local
sink: [{sinks}]
"""
SINK = "{type: parquet, path: out/set, columns: {text: '{{ row.text }}'}}"
TEXTS = {f"in/{number}.txt": f"text {number}" for number in range(24)}
PATHS = sorted(path.removeprefix("in/") for path in TEXTS)
OF_7 = part_name(part_of(b"7.txt", 8), 8)


def declare(project: Project, sinks: str = SINK, name: str = "job", root: str = "in") -> None:
    project.job(JOB.format(name=name, root=root, sinks=sinks), name)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path)
    project.write(TEXTS)
    declare(project)
    return project


def rows(project: Project, folder: str = "out/set") -> list[tuple[str, str, str]]:
    import pyarrow.parquet as pq

    found = [
        (row["job"], row["path"], row["text"].strip())
        for part in sorted((project.root / folder).glob("*.parquet"))
        for row in pq.read_table(part, partitioning=None).to_pylist()
    ]
    return sorted(found)


def wanted(job: str = "job", **changed: str) -> list[tuple[str, str, str]]:
    texts = {path: TEXTS[f"in/{path}"] for path in PATHS} | {
        f"{name}.txt": text for name, text in changed.items()
    }
    return sorted((job, path, text) for path, text in texts.items())


def due(ended: Ended) -> int:
    """Return how many outputs a plan names as due."""
    (plan,) = (line for line in ended.lines if line["type"] == "plan")
    return sum(line["documents"] for line in plan["lines"] if line["kind"] == "deliver")


def written(project: Project) -> int:
    """Plan, apply free of charge, and return how many outputs the plan named."""
    number = due(project.call("plan", "--json"))
    ended = project.applied()
    assert ended.processed == 0
    assert due(project.call("plan", "--json")) == 0
    return number


def test_a_sink_that_is_added_later_is_written_from_kept_results(project: Project) -> None:
    declare(project, "{type: jsonl, path: out/all.jsonl}")
    project.applied()
    declare(project, "{type: jsonl, path: out/all.jsonl}, " + SINK)

    assert written(project) == 24
    assert rows(project) == wanted()


def test_a_data_set_is_written_once_when_all_documents_are_through(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed: list[int] = []
    write = deliver_together.write_together

    def counted(*arguments: Any) -> None:
        handed.append(arguments[0].store.deliveries.counts_due(["job"])[0][2])
        write(*arguments)

    monkeypatch.setattr(deliver_together, "write_together", counted)
    project.applied()

    assert handed == [24]


def test_a_document_that_changed_is_written_in_its_part_alone(project: Project) -> None:
    project.applied()
    before = {path.name: path.stat().st_ino for path in (project.root / "out/set").glob("*.parquet")}
    project.write({"in/7.txt": "new"})

    project.applied()

    assert rows(project) == wanted(**{"7": "new"})
    now = {path.name: path.stat().st_ino for path in (project.root / "out/set").glob("*.parquet")}
    assert {name for name in now if now[name] != before[name]} == {OF_7}


@pytest.mark.parametrize("spoil", ["truncate", "delete", "all"])
def test_a_part_that_was_spoiled_is_named_and_written_again(project: Project, spoil: str) -> None:
    project.applied()
    folder = project.root / "out/set"
    for part in [folder / OF_7] if spoil != "all" else sorted(folder.iterdir()):
        if spoil == "truncate":
            os.truncate(part, 9)
        else:
            part.unlink()
    of_it = sum(part_of(path.encode(), 8) == part_of(b"7.txt", 8) for path in PATHS)

    assert written(project) == (24 if spoil == "all" else of_it)
    assert rows(project) == wanted()
    kept = [path.stat().st_size for path in project.root.glob(".docbatch/trash/*-part-*")]
    assert kept == ([9] if spoil == "truncate" else [])


def test_what_is_spoiled_between_plan_and_delivery_is_written_again_as_well(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.applied()
    project.write({"in/7.txt": "new"})
    write = deliver_together.write_together

    def spoiled(*arguments: Any) -> None:
        (project.root / "out/set" / OF_7).unlink()
        write(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(deliver_together, "write_together", spoiled)
        project.applied()

    assert rows(project) == wanted(**{"7": "new"})
    assert due(project.call("plan", "--json")) == 0


def test_labels_columns_and_kind_of_rows_may_change_later_free_of_charge(project: Project) -> None:
    project.applied()
    declare(
        project,
        "{type: parquet, path: out/set, columns: {text: '{{ row.text }}', size: {value: '{{ row.size }}', type: integer}}}",
    )
    assert written(project) == 24
    assert rows(project) == wanted()

    declare(project, "{type: parquet, path: out/set, columns: {text: '{{ row.text | upper }}'}}")
    assert written(project) == 24
    assert rows(project) == [(job, path, text.upper()) for job, path, text in wanted()]


def test_another_number_of_parts_is_written_beside_and_prune_takes_the_first(project: Project) -> None:
    project.applied()
    declare(project, SINK.replace("out/set", "out/set, parts: 3"))
    assert written(project) == 24

    assert rows(project, "out/set-3-parts") == rows(project) == wanted()
    assert project.call("drift").code == 0
    ended = project.call("prune", "--yes")
    assert ended.code == 0, ended.err
    assert not (project.root / "out/set").exists()
    assert due(project.call("plan", "--json")) == 0
    assert rows(project, "out/set-3-parts") == wanted()


def test_three_jobs_share_a_data_set_and_one_is_called_otherwise_later(project: Project) -> None:
    for number, name in enumerate(("a", "b"), 1):
        project.write({path.replace("in/", f"in{name}/"): f"{text} {name}" for path, text in TEXTS.items()})
        declare(project, name=name, root=f"in{name}")
        project.applied()
        assert len(rows(project)) == 24 * (number + 1)
    assert due(project.call("plan", "--json")) == 0

    (project.root / "jobs/b.yaml").unlink()
    declare(project, name="c", root="inb")
    assert project.call("state", "mv", "job", "b", "c").code == 0
    project.applied()

    assert [(job, path) for job, path, _ in rows(project)] == sorted(
        (job, path) for job in ("a", "c", "job") for path in PATHS
    )
    assert due(project.call("plan", "--json")) == 0


def test_jobs_that_share_a_data_set_declare_the_same_rows(project: Project) -> None:
    declare(project, SINK.replace("text:", "words:"), name="other")

    ended = project.call("validate")

    assert ended.code == 64
    assert "job job writes to the same place and declares other rows there" in ended.err


def test_a_source_that_would_read_the_manifest_is_refused(project: Project) -> None:
    project.job(JOB.format(name="job", root=".", sinks=SINK).replace("*.txt", "*.json"))

    ended = project.call("validate")

    assert ended.code == 64
    assert f"out/set/{MANIFEST} would be read as a document" in ended.err


def test_without_the_extra_nothing_is_sent(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    find = util.find_spec
    monkeypatch.setattr(
        "docbatch.specs.resolve.find_spec", lambda name: None if name == "pyarrow" else find(name)
    )

    for command in ("validate", "plan", "apply"):
        ended = project.call(command)
        assert ended.code == 64
        assert "pip install 'docbatch[parquet]'" in ended.err
    assert not (project.root / "out").exists()


def test_a_folder_with_files_of_somebody_else_is_refused_before_anything_is_sent(project: Project) -> None:
    project.write({"out/set/mine.parquet": b"PAR1"})

    for command in ("plan", "apply"):
        ended = project.call(command)
        assert ended.code == 6
        assert "mine.parquet, which docbatch did not write" in ended.err


def test_a_file_in_the_place_of_the_folder_is_refused(project: Project) -> None:
    project.write({"out/set": b"a file"})

    ended = project.call("plan")

    assert ended.code == 6
    assert "no folder" in ended.err


def test_drift_verify_and_the_job_s_manifest_look_at_the_parts(project: Project) -> None:
    project.job(JOB.format(name="job", root="in", sinks=SINK) + "manifest: out/job.json\n")
    project.applied()
    named = [each["path"] for each in json.loads((project.root / "out/job.json").read_text())["outputs"]]
    assert f"out/set/{OF_7}" in named
    assert f"out/set/{MANIFEST}" in named
    commands = (["drift"], ["verify"], ["verify", f"out/set/{MANIFEST}"])
    assert [project.call(*command).code for command in commands] == [0, 0, 0]

    with (project.root / "out/set" / OF_7).open("ab") as part:
        part.write(b"x")
    for command in commands:
        ended = project.call(*command)
        assert (ended.code, f"altered: out/set/{OF_7}" in ended.out) == (2, True), ended
    (project.root / "out/set" / OF_7).unlink()
    for command in commands:
        ended = project.call(*command)
        assert (ended.code, f"removed: out/set/{OF_7}" in ended.out) == (2, True), ended


def test_a_stranger_beside_the_parts_is_named_by_verify(project: Project) -> None:
    project.applied()
    project.write({"out/set/mine.parquet": b"mine"})

    ended = project.call("verify", f"out/set/{MANIFEST}")

    assert ended.code == 2
    assert "added: out/set/mine.parquet" in ended.out


def test_a_data_set_in_a_store_is_kept_as_on_a_disk(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    with moto_bucket() as bucket:
        project.write({"docbatch.yaml": project_file(bucket)})
        declare(project, SINK.replace("out/set", "out/set, store: lake"))
        project.applied()
        before = bucket.objects()
        assert due(project.call("plan", "--json")) == 0
        project.write({"in/7.txt": "new"})
        project.applied()
        changed = {key for key, content in bucket.objects().items() if before.get(key) != content}
        assert changed == {f"out/set/{OF_7}", f"out/set/{MANIFEST}"}

        project.write({path.replace("in/", "in2/"): text for path, text in TEXTS.items()})
        declare(project, SINK.replace("out/set", "out/set, store: lake"), name="other", root="in2")
        assert project.applied().processed == 0
        assert due(project.call("plan", "--json")) == 0

        bucket.put(f"out/set/{OF_7}", b"edited by hand")
        of_it = sum(part_of(path.encode(), 8) == part_of(b"7.txt", 8) for path in PATHS)
        assert written(project) == 2 * of_it
        found = bucket.objects()
        assert [key for key, content in found.items() if content == b"edited by hand" and "trash" in key]
        for key, content in found.items():
            if key.endswith(".parquet") and "trash" not in key:
                project.write({f"fetched/{key.rpartition('/')[2]}": content})
    assert rows(project, "fetched") == sorted([*wanted(**{"7": "new"}), *wanted("other")])


def test_objects_of_somebody_else_in_a_store_are_refused_before_anything_is_sent(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    with moto_bucket() as bucket:
        project.write({"docbatch.yaml": project_file(bucket)})
        declare(project, SINK.replace("out/set", "out/set, store: lake"))
        bucket.put("out/set/notes.txt", b"nothing to do with it")
        assert project.call("plan").code == 0
        bucket.put("out/set/mine.parquet", b"mine")

        ended = project.call("apply")

        assert ended.code == 6
        assert "mine.parquet, which docbatch did not write" in ended.err
        assert set(bucket.objects()) == {"out/set/notes.txt", "out/set/mine.parquet"}


def test_a_plan_before_the_first_run_and_a_full_disk_take_a_data_set_in_a_store_for_no_other(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(**_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    with moto_bucket() as bucket:
        project.write({"docbatch.yaml": project_file(bucket)})
        declare(project, SINK.replace("out/set", "out/set, store: lake"))
        project.applied()
        before = bucket.objects()
        another = Project(tmp_path / "another")
        another.write({"in/7.txt": "seven", "docbatch.yaml": project_file(bucket)})
        declare(another, SINK.replace("out/set", "out/set, store: lake"), name="other")
        assert another.call("plan").code == 0
        assert not (another.root / ".docbatch/state.db").exists()

        project.write({"in/7.txt": "new"})
        with monkeypatch.context() as patched:
            patched.setattr(folders, "TemporaryFile", full)
            ended = project.call("apply")
        assert "space left on device" in ended.err
        assert ended.code == 1
        assert bucket.objects() == before


class _Losing:
    """A sink that keeps what it is handed and gives no receipt for the last of it."""

    def __init__(self, at: Opening) -> None:
        self._sink = KIND.open(at)

    def deliver(self, deliveries: Iterator[Delivery]) -> Iterator[Receipt | Fault]:
        return islice(self._sink.deliver(deliveries), 23)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sink, name)


def test_nothing_counts_as_delivered_of_a_sink_that_breaks_its_word(project: Project) -> None:
    with KINDS.added(replace(KIND, open=cast("Any", _Losing)), replacing=True):
        ended = project.call("apply", "--yes")

    assert ended.code == 1
    assert "the sink parquet was handed 24 documents and answered for 23" in ended.err
    assert written(project) == 24
    assert rows(project) == wanted()


def _kill_at(moment: int, project: Project) -> bool:
    """Apply in a process that is killed before or after its nth part is renamed; say whether it was."""
    process = os.fork()
    if process:
        return os.WIFSIGNALED(os.waitpid(process, 0)[1])
    left, rename = [moment], os.rename
    # What it leaves bears the mark of another process, as after a real command.
    tree._RUN, tree._OURS = "0" * 8, f"{TEMPORARY}{'0' * 8}-".encode()

    def pass_moment() -> None:
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1

    def renamed(source: Any, target: Any, **options: Any) -> None:
        is_part = os.fsdecode(target).endswith((".parquet", MANIFEST))
        if is_part:
            pass_moment()
        rename(source, target, **options)
        if is_part:
            pass_moment()

    mock.patch.object(os, "rename", renamed).start()
    project.call("apply", "--yes")
    os._exit(0)


def _moments() -> list[int]:
    # Eight parts and the manifest, each with a moment before and one after.
    return sorted(random.Random(17).sample(range(18), 4))


@pytest.mark.parametrize(
    "moment",
    [pytest.param(each, marks=[] if each in _moments() else [pytest.mark.full]) for each in range(18)],
)
def test_a_run_killed_at_any_part_ends_as_one_that_was_not(project: Project, moment: int) -> None:
    project.applied()
    project.write({path: f"{text} again" for path, text in TEXTS.items()})

    assert _kill_at(moment, project)
    held = [path for _, path, _ in rows(project)]
    project.applied()

    assert held == PATHS
    assert rows(project) == sorted(("job", path, f"{TEXTS[f'in/{path}']} again") for path in PATHS)
    assert not (project.root / ".docbatch/trash").exists()
    assert not [path for path in (project.root / "out/set").iterdir() if path.name.startswith(".")]
    said = json.loads((project.root / "out/set" / MANIFEST).read_text())
    assert sum(each["jobs"]["job"]["documents"] for each in said["files"]) == len(PATHS)
    assert due(project.call("plan", "--json")) == 0


def test_what_was_durable_when_a_run_was_killed_is_not_written_again(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.applied()
    project.write({path: f"{text} again" for path, text in TEXTS.items()})
    monkeypatch.setattr(documents_at_once, "STRETCH", 2)
    assert _kill_at(11, project)

    with Store.readable(project.root / ".docbatch") as store:
        ((_, _, number),) = store.deliveries.counts_due(["job"])
    assert 0 < number < len(PATHS)
