"""`docbatch prune` of outputs in a bucket: what nothing wants any more goes to the trash there, and nothing else does."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from docbatch.stores.faults import StoreRefused, StoreUnreachable
from docbatch.stores.object_reader import BLOCK
from docbatch.stores.object_store import ObjectStore
from tests.cli.project import Project
from tests.cli.stored_project import STORED, VARIABLES, job, project_file, stored_project
from tests.stores.buckets import VENDORS
from tests.stores.moto_server import MotoBucket, moto_bucket

TRASH = "data/.docbatch-trash/"


@pytest.fixture
def bucket() -> Iterator[MotoBucket]:
    with moto_bucket() as bucket:
        yield bucket


@pytest.fixture
def project(tmp_path: Path, bucket: MotoBucket, monkeypatch: pytest.MonkeyPatch) -> Project:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    made = stored_project(tmp_path, bucket)
    made.applied()
    return made


def removed(project: Project, *names: str) -> None:
    for name in names:
        (project.root / "in" / name).unlink()
    project.applied()


def pruned(project: Project, *arguments: str) -> dict[str, Any]:
    ended = project.call("prune", "--json", *arguments)
    assert ended.code == 0, ended.err
    summary: dict[str, Any] = ended.lines[-1]
    return summary


def place(bucket: MotoBucket, key: str) -> str:
    return f"{bucket.store.settings.identity}/{key}"


def test_objects_of_removed_documents_go_and_come_back(project: Project, bucket: MotoBucket) -> None:
    removed(project, "a.txt", "b/c.txt")
    before = bucket.objects()

    told = project.call("prune", "--dry-run")
    assert "2 outputs, " in told.out
    assert "would be moved to .docbatch/trash; in a store to .docbatch-trash/ there" in told.out
    assert bucket.objects() == before
    assert pruned(project)["removed"] == 2
    gone = {"data/out/a.txt.md", "data/out/b/c.txt.md"}
    left = bucket.objects()
    assert {key for key in left if not key.startswith(TRASH)} == before.keys() - gone
    trashed = {
        key.removeprefix(TRASH).partition("/")[2]: text for key, text in left.items() if key.startswith(TRASH)
    }
    assert trashed == {key.removeprefix("data/"): before[key] for key in gone}
    assert pruned(project)["removed"] == 0

    assert "2 outputs put back" in project.call("prune", "--restore").out
    assert bucket.objects() == before
    assert project.call("drift", "--deep").code == 0
    assert pruned(project)["removed"] == 2


def test_what_was_edited_stays_and_equal_bytes_written_again_go(project: Project, bucket: MotoBucket) -> None:
    removed(project, "a.txt", "b/c.txt")
    bucket.put("data/out/a.txt.md", b"mine now")

    told = project.call("prune")

    assert told.code == 0
    assert (
        f"stays: {place(bucket, 'data/out/a.txt.md')} (job: a.txt): it changed since docbatch wrote it"
        in told.out
    )
    assert bucket.objects()["data/out/a.txt.md"] == b"mine now"
    assert "data/out/b/c.txt.md" not in bucket.objects()


@pytest.mark.parametrize("at", ["read", "write", "facts"])
def test_one_that_changes_at_this_moment_stays(
    project: Project, bucket: MotoBucket, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    """Somebody writes before it is read, before its copy is written, and before the last look."""
    removed(project, "a.txt")
    plain: Callable[..., Any] = getattr(ObjectStore, at)

    def meddled(*arguments: Any, **options: Any) -> Any:
        if "data/out/a.txt.md" in str(arguments[1]) or at == "write":
            bucket.put("data/out/a.txt.md", b"mine now")
        return plain(*arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(ObjectStore, at, meddled)
        summary = pruned(project)

    assert (summary["removed"], summary["stay"]) == (0, 1)
    assert bucket.objects()["data/out/a.txt.md"] == b"mine now"
    assert "no prune has left anything" in project.call("prune", "--list").out


def test_objects_of_jobs_sinks_and_templates_that_are_gone_go(project: Project, bucket: MotoBucket) -> None:
    before = bucket.objects()
    project.job(job(STORED.replace("data/out", "data/new").replace("all.jsonl", "other.jsonl")))
    project.applied()
    later = bucket.objects()

    assert pruned(project, "--allow", "pruned")["removed"] == len(before)
    assert {key for key in bucket.objects() if not key.startswith(TRASH)} == later.keys() - before.keys()
    assert project.call("drift").code == 0
    one = place(bucket, "data/rows/all.jsonl")
    assert "1 output put back" in project.call("prune", "--restore", one).out
    assert project.call("prune", "--restore").code == 0
    assert bucket.objects() == later


def test_what_stands_in_the_place_is_not_replaced_by_what_comes_back(
    project: Project, bucket: MotoBucket
) -> None:
    removed(project, "a.txt", "b/c.txt")
    pruned(project)
    bucket.put("data/out/a.txt.md", b"new")

    told = project.call("prune", "--restore")

    assert f"stays in the trash: {place(bucket, 'data/out/a.txt.md')}: something else stands" in told.out
    assert bucket.objects()["data/out/a.txt.md"] == b"new"
    assert project.call("prune", "--list").out.endswith("\t1 output\n")


def test_what_is_gone_from_the_trash_is_said_once(project: Project, bucket: MotoBucket) -> None:
    removed(project, "a.txt")
    pruned(project)
    for key in list(bucket.objects()):
        if key.startswith(TRASH):
            bucket.client.delete_object(Bucket=bucket.name, Key=key)

    assert "it is no longer in the trash of its store" in project.call("prune", "--restore").out
    assert "no prune has left anything" in project.call("prune", "--list").out


def test_two_prunes_of_the_same_bytes_share_a_copy_and_each_can_be_put_back(
    project: Project, bucket: MotoBucket
) -> None:
    text = (project.root / "in/a.txt").read_text()
    for _ in range(2):
        removed(project, "a.txt")
        pruned(project)
        project.write({"in/a.txt": text})
        project.applied()
    removed(project, "a.txt")
    kept = bucket.objects()
    assert sum(key.startswith(TRASH) for key in kept) == 1
    newest, oldest = [line.partition("\t")[0] for line in project.call("prune", "--list").out.splitlines()]
    bucket.client.delete_object(Bucket=bucket.name, Key="data/out/a.txt.md")

    assert "1 output put back" in project.call("prune", "--restore", oldest).out
    assert bucket.objects() == kept
    assert "1 output put back" in project.call("prune", "--restore", newest).out
    assert not any(key.startswith(TRASH) for key in bucket.objects())


def test_the_trash_of_a_store_is_emptied_of_what_is_old(project: Project, bucket: MotoBucket) -> None:
    removed(project, "a.txt")
    pruned(project)
    bucket.put("data/out/b/c.txt.md", b"edited")
    bucket.put("data/rows/all.jsonl", b"edited lines")
    project.applied()
    foreign = f"{TRASH}0123456789ab/others/a.md"
    bucket.put(foreign, b"of another project")
    kept = bucket.objects()

    assert "for that long" in project.call("prune", "--empty-trash").out
    assert (
        "3 objects in stores among them"
        in project.call("prune", "--empty-trash", "--older-than", "0s", "--dry-run").out
    )
    assert bucket.objects() == kept
    emptied = project.call("prune", "--empty-trash", "--older-than", "0s")
    assert (emptied.code, "3 objects in stores among them" in emptied.out) == (0, True)
    assert [key for key in bucket.objects() if key.startswith(TRASH)] == [foreign]


def test_a_trash_that_cannot_be_listed_whole_is_emptied_as_far_as_it_can_be_and_told(
    project: Project, bucket: MotoBucket
) -> None:
    bucket.put("data/out/a.txt.md", b"edited")
    project.applied()
    bucket.put(f"{TRASH}0//evil", b"foreign")

    emptied = project.call("prune", "--empty-trash", "--older-than", "0s")

    assert emptied.code == 1
    assert "1 object in stores among them" in emptied.out
    assert f"{place(bucket, TRASH)}0/ was passed over: its list breaks off at a key" in emptied.err
    assert "remove the object that has this key, or give it another, then run the same command" in emptied.err
    assert [key for key in bucket.objects() if key.startswith(TRASH)] == [f"{TRASH}0//evil"]


@pytest.mark.parametrize(("fault", "code"), [(StoreRefused, 12), (StoreUnreachable, 1)])
def test_a_store_that_does_not_remove_is_told_and_nothing_is_lost(
    project: Project, bucket: MotoBucket, monkeypatch: pytest.MonkeyPatch, fault: type[Exception], code: int
) -> None:
    project.job(job(STORED + '\n  - {type: files, path: "files/{{ doc.path }}.md"}\n'))
    project.applied()
    removed(project, "a.txt", "b/c.txt")
    before = bucket.objects()

    def refused(*_: Any) -> None:
        raise fault("store 'lake': 403 Forbidden")

    with monkeypatch.context() as patched:
        patched.setattr(ObjectStore, "delete", refused)
        failed = project.call("prune")
    assert failed.code == code
    assert "nothing is lost" in failed.err
    assert {key for key in bucket.objects() if not key.startswith(TRASH)} == before.keys()
    assert len(project.outputs("files")) == 2

    assert pruned(project)["removed"] == 2
    assert len(bucket.objects()) == len(before)
    for line in project.call("prune", "--list").out.splitlines():
        assert project.call("prune", "--restore", line.partition("\t")[0]).code == 0
    assert bucket.objects() == before


def test_without_credentials_or_store_files_are_pruned_and_the_rest_is_told(
    project: Project, bucket: MotoBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.job(job(STORED + '\n  - {type: files, path: "files/{{ doc.path }}.md"}\n'))
    project.applied()
    removed(project, "a.txt")

    with monkeypatch.context() as patched:
        patched.delenv("LAKE_SECRET")
        told = project.call("prune")
    assert (told.code, "LAKE_SECRET" in told.err) == (12, True)
    assert "a.txt.md" not in project.outputs("files")
    assert "data/out/a.txt.md" in bucket.objects()

    project.write({"docbatch.yaml": "project: {id: pabcdef012345}\n"})
    project.job(job('  - {type: files, path: "files/{{ doc.path }}.md"}'))
    project.applied()
    undeclared = project.call("prune", "--allow", "pruned")
    assert (undeclared.code, "declares no such store" in undeclared.err) == (64, True)
    project.write({"docbatch.yaml": project_file(bucket)})
    assert pruned(project, "--allow", "pruned")["removed"] == 5
    assert all(key.startswith(TRASH) for key in bucket.objects())


def test_without_its_bucket_a_batch_stays(project: Project, bucket: MotoBucket) -> None:
    removed(project, "a.txt")
    pruned(project)
    for key in bucket.objects():
        bucket.client.delete_object(Bucket=bucket.name, Key=key)
    bucket.client.delete_bucket(Bucket=bucket.name)

    told = project.call("prune", "--restore")

    assert (told.code, "its bucket is not there" in told.err) == (1, True)
    assert "stays in the trash: " in told.out
    assert project.call("prune", "--list").out.endswith("\t1 output\n")


def test_a_foreign_host_is_asked_where_it_is_allowed(
    project: Project, bucket: MotoBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed(project, "a.txt")
    file = project.root / "docbatch.yaml"
    file.write_text(file.read_text().replace("region:", "allow_host: true, region:"))
    monkeypatch.setattr("docbatch.engine.connections.object_stores.is_loopback", lambda _host: False)

    for command in (("prune",), ("prune", "--restore"), ("prune", "--empty-trash", "--older-than", "0s")):
        before = bucket.objects()
        told = project.call(*command)
        assert (told.code, "--allow-host lake" in told.err) == (12, True), told
        assert bucket.objects() == before
        assert project.call(*command, "--allow-host", "lake").code == 0


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_large_object_moves_by_a_file_on_this_disk(vendor: str, tmp_path: Path) -> None:
    from docbatch.sinks.objects.object_moves import PlaceTaken, remove_unchanged, write_again

    content = b"0123456789abcdef" * (BLOCK // 16 + 1)
    with VENDORS[vendor]() as bucket:
        store = bucket.store
        bucket.put("out/large", content)
        found = store.facts("out/large")
        assert found is not None

        etag = write_again(store, found, "trash/large", tmp_path)
        assert write_again(store, found, "trash/large", tmp_path) == etag
        bucket.put("trash/other", content[:-1])
        with pytest.raises(PlaceTaken):
            write_again(store, found, "trash/other", tmp_path)
        assert remove_unchanged(store, found)
        assert bucket.objects() == {"trash/large": content, "trash/other": content[:-1]}
        assert list(tmp_path.iterdir()) == []
