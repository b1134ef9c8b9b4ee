"""Outputs in a bucket, as a user sees them: written, compared, written again, and what stands in their way."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from docbatch.core.manifest import ManifestDocument, ManifestOutput
from docbatch.core.models import Operation, Recipe
from docbatch.engine.administration.rebuilding.prove_results import NotProven, proven
from docbatch.sinks.tree import Tree
from docbatch.spool import Spool
from docbatch.stores.faults import StoreRefused, StoreUnreachable
from docbatch.stores.object_store import ObjectStore
from tests.cli.project import Project
from tests.cli.stored_project import FILED, STORED, TEXTS, VARIABLES, job, project_file, stored_project
from tests.stores.moto_server import REGION, SECRET, MotoBucket, moto_bucket


@pytest.fixture
def bucket() -> Iterator[MotoBucket]:
    with moto_bucket() as bucket:
        yield bucket


@pytest.fixture
def project(tmp_path: Path, bucket: MotoBucket, monkeypatch: pytest.MonkeyPatch) -> Project:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    return stored_project(tmp_path, bucket)


def _trashed(bucket: MotoBucket) -> list[bytes]:
    return [content for key, content in bucket.objects().items() if "/.docbatch-trash/" in key]


def _place(bucket: MotoBucket, key: str) -> str:
    return f"{bucket.store.settings.identity}/{key}"


def test_a_bucket_holds_byte_for_byte_what_a_folder_does(project: Project, bucket: MotoBucket) -> None:
    project.job(job(STORED + FILED))

    project.applied()

    assert len(bucket.objects()) == len(TEXTS) + 1
    assert bucket.objects() == {f"data/{name}": content for name, content in project.outputs("data").items()}


def test_nothing_is_written_where_all_is_as_it_was(
    project: Project, bucket: MotoBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.applied()

    def written(*_: Any, **__: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(ObjectStore, "write", written)

    assert project.call("plan", "--detailed-exitcode").code == 0
    assert project.applied().processed == 0


def test_edited_and_deleted_objects_are_named_and_written_again_free(
    project: Project, bucket: MotoBucket
) -> None:
    project.applied()
    before = bucket.objects()
    bucket.put("data/out/a.txt.md", b"edited")
    bucket.put("data/rows/all.jsonl", b"edited lines")
    bucket.client.delete_object(Bucket=bucket.name, Key="data/out/b/c.txt.md")

    plan = project.call("plan", "--verbose", "--detailed-exitcode")
    explained = project.call("explain", "in/a.txt").out
    applied = project.applied()

    assert plan.code == 2
    assert "its output was edited" in plan.out
    assert "its output is gone" in plan.out
    assert f"output {_place(bucket, 'data/out/a.txt.md')}: edited" in explained
    assert applied.processed == 0
    assert before.items() <= bucket.objects().items()
    assert sorted(_trashed(bucket)) == [b"edited", b"edited lines"]


def test_what_was_consumed_stays_away(project: Project, bucket: MotoBucket) -> None:
    project.job(job(STORED.replace('.md"', '.md", on_missing: ignore')))
    project.applied()
    bucket.client.delete_object(Bucket=bucket.name, Key="data/out/a.txt.md")

    project.applied()

    assert "data/out/a.txt.md" not in bucket.objects()


def test_a_foreign_object_in_the_way_is_named_before_anything_is_sent(
    project: Project, bucket: MotoBucket
) -> None:
    bucket.put("data/out/a.txt.md", b"somebody else's")
    bucket.put("data/rows/all.jsonl", b"somebody else's lines")

    refused = project.call("apply", "--yes")
    allowed = project.call("apply", "--yes", "--allow", "overwritten")

    assert refused.code == 6
    assert _place(bucket, "data/out/a.txt.md") in refused.err
    assert _place(bucket, "data/rows/all.jsonl") in refused.err
    assert allowed.code == 0
    assert sorted(_trashed(bucket)) == [b"somebody else's", b"somebody else's lines"]


def test_without_credentials_a_plan_says_so_and_apply_sends_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LAKE_SECRET")

    plan = project.call("plan")
    applied = project.call("apply", "--yes")

    assert plan.code == 0
    assert "outputs are not looked at" in plan.out
    assert "LAKE_SECRET" in plan.out
    assert (applied.code, "LAKE_SECRET" in applied.err) == (12, True)
    assert "nothing was sent" in applied.err
    monkeypatch.setenv("LAKE_SECRET", SECRET)
    assert project.applied().processed == len(TEXTS)


def test_a_bucket_that_is_not_there_is_told_before_anything_is_sent(
    project: Project, bucket: MotoBucket
) -> None:
    project.write({"docbatch.yaml": project_file(bucket, "no-such-bucket")})

    applied = project.call("apply", "--yes")
    project.write({"docbatch.yaml": project_file(bucket)})

    assert applied.code == 1
    assert "NoSuchBucket" in applied.err
    assert "create the bucket" in applied.err
    assert project.applied().processed == len(TEXTS)


def test_a_missing_bucket_is_told_where_one_object_is_all_there_is(
    project: Project, bucket: MotoBucket
) -> None:
    project.job(job("  - {type: jsonl, store: lake, path: data/rows/all.jsonl}"))
    project.applied()
    bucket.client.delete_object(Bucket=bucket.name, Key="data/rows/all.jsonl")
    assert project.call("drift").code == 2
    bucket.client.delete_bucket(Bucket=bucket.name)
    project.write({"in/new.txt": "new"})

    drift = project.call("drift")
    applied = project.call("apply", "--yes")

    assert drift.code == applied.code == 1
    assert "its bucket is not there: NoSuchBucket" in drift.err
    assert "its bucket is not there: NoSuchBucket" in applied.err
    bucket.client.create_bucket(Bucket=bucket.name, CreateBucketConfiguration={"LocationConstraint": REGION})
    assert project.applied().processed == 1
    assert project.call("drift").code == 0


@pytest.mark.parametrize(("fault", "code"), [(StoreRefused, 12), (StoreUnreachable, 1)])
def test_results_wait_in_the_spool_while_a_store_does_not_write(
    project: Project, bucket: MotoBucket, monkeypatch: pytest.MonkeyPatch, fault: type[Exception], code: int
) -> None:
    project.job(job(STORED + FILED))

    def refused(*_: Any, **__: Any) -> str:
        raise fault("store 'lake': 403 Forbidden")

    with monkeypatch.context() as patched:
        patched.setattr(ObjectStore, "write", refused)
        failed = project.call("apply", "--yes")

    assert failed.code == code
    assert "results are safe in the spool" in failed.err
    assert SECRET not in failed.out + failed.err
    assert len(project.outputs("data")) == len(TEXTS) + 1
    assert project.applied().processed == 0
    assert bucket.objects() == {f"data/{name}": content for name, content in project.outputs("data").items()}


def test_a_key_that_is_too_long_is_one_document_s_trouble(project: Project, bucket: MotoBucket) -> None:
    long = "/".join(["x" * 230] * 4)
    project.job(
        job(
            f"  - {{type: files, store: lake, path: \"data/out/{long}/{{{{ doc.path | replace('b/', '') }}}}.md\"}}"
        )
    )
    long_name = "y" * 120
    project.write({f"in/{long_name}.txt": "a long name"})

    ended = project.call("apply", "--yes")

    assert ended.code == 1
    assert "none may have more than 1,024" in ended.err
    assert len(bucket.objects()) == len(TEXTS)


def test_names_that_differ_in_letter_case_alone_are_two_objects_and_one_file(
    project: Project, bucket: MotoBucket
) -> None:
    project.write({"in/A.txt": "another apple"})
    project.job(job(FILED))
    assert project.call("apply", "--yes").code == 6

    project.job(job(STORED))
    project.applied()

    assert {"data/out/A.txt.md", "data/out/a.txt.md"} <= bucket.objects().keys()


def test_outputs_move_within_a_store_free(project: Project, bucket: MotoBucket) -> None:
    project.applied()
    project.job(job(STORED.replace("data/out/", "data/new/")))

    assert project.applied().processed == 0
    assert {f"data/new/{name.removeprefix('in/')}.md" for name in TEXTS} <= bucket.objects().keys()


def test_drift_tells_what_became_of_objects(
    project: Project, bucket: MotoBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.applied()
    assert project.call("drift").code == 0
    bucket.put("data/out/a.txt.md", b"edited")
    bucket.put("data/out/foreign.md", b"foreign")
    bucket.client.delete_object(Bucket=bucket.name, Key="data/out/b/c.txt.md")

    told = project.call("drift")

    assert told.code == 2
    assert f"altered: {_place(bucket, 'data/out/a.txt.md')} (job: a.txt)" in told.out
    assert f"removed: {_place(bucket, 'data/out/b/c.txt.md')} (job: b/c.txt)" in told.out
    assert f"added: {_place(bucket, 'data/out/foreign.md')}" in told.out
    monkeypatch.delenv("LAKE_KEY")
    assert project.call("drift").code == 12


def test_drift_lists_around_a_key_that_cannot_be_named(project: Project, bucket: MotoBucket) -> None:
    project.applied()
    bucket.put("data/out/b//evil", b"foreign")
    bucket.put("data/out/z.md", b"foreign")

    told = project.call("drift")

    assert told.code == 2
    assert f"added: {_place(bucket, 'data/out/b//evil')}: docbatch did not write it" in told.out
    assert f"added: {_place(bucket, 'data/out/z.md')}" in told.out
    assert "altered: " not in told.out
    assert (
        f"{_place(bucket, 'data/out/b/')}: its list breaks off at a key by which no object can be asked for,"
        " the key data/out/b//evil, so nothing is said of what else lies there" in told.out + told.err
    )


def test_drift_counts_objects_whose_documents_have_others_elsewhere_now(
    project: Project, bucket: MotoBucket
) -> None:
    told_of = "metadata_from: tags.csv"
    sink = '\n  - {type: files, store: lake, path: "data/out/{{ doc.metadata.who }}/{{ doc.path }}.md"}\n'
    project.write({"tags.csv": "path,who\n**,ada\n"})
    project.job(job(sink).replace("root: in,", f"root: in, {told_of},"))
    project.applied()
    project.write({"tags.csv": "path,who\n**,bob\n"})
    project.applied()

    told = project.call("drift")

    noted = "outputs that nothing wants any more are not compared; 'docbatch prune --dry-run' names them"
    assert (told.code, f"4 {noted}" in told.out) == (0, True), told.out
    bucket.remove("data/out/ada/a.txt.md")
    assert f"3 {noted}" in project.call("drift").out


def test_drift_counts_objects_that_nothing_wants(project: Project, bucket: MotoBucket) -> None:
    project.applied()
    (project.root / "in/a.txt").unlink()
    project.applied()
    one = "1 output that nothing wants any more is not compared; 'docbatch prune --dry-run' names it"
    told = project.call("drift")
    assert (told.code, one in told.out + told.err) == (0, True)

    (project.root / "jobs/job.yaml").unlink()
    project.write({"jobs/other.yaml": job(FILED, "name: other").replace("name: job\n", "")})
    project.applied()
    five = "5 outputs that nothing wants any more are not compared; 'docbatch prune --dry-run' names them"
    told = project.call("drift")
    assert five in told.out + told.err
    bucket.remove("data/rows/all.jsonl")
    assert "4 outputs that nothing wants" in project.call("drift").out

    project.write({"docbatch.yaml": project_file(bucket, "no-such-bucket")})
    told = project.call("drift")
    assert told.code == 0
    assert "outputs that nothing wants any more are not counted: " in told.out + told.err


def test_an_object_that_was_uploaded_again_with_equal_bytes_is_no_drift(
    project: Project, bucket: MotoBucket
) -> None:
    project.applied()
    content = bucket.objects()["data/out/a.txt.md"]
    bucket.put("data/out/a.txt.md", content)

    assert project.call("drift", "--deep").code == 0


def test_a_manifest_lists_objects_and_verify_says_that_it_does_not_look(
    project: Project, bucket: MotoBucket
) -> None:
    project.job(job(STORED, "manifest: true"))
    project.applied()

    verified = project.call("verify")

    assert _place(bucket, "data/out/a.txt.md") in (project.root / "out/job/manifest.json").read_text()
    assert verified.code == 0
    assert "not looked at without the network" in verified.out + verified.err


def test_a_store_that_is_a_folder_needs_no_network(project: Project, bucket: MotoBucket) -> None:
    project.write(
        {"docbatch.yaml": "project: {id: pabcdef012345}\nstores: {lake: {type: folder, path: disk}}\n"}
    )

    project.applied()

    assert len(project.outputs("disk/data")) == len(TEXTS) + 1
    assert bucket.objects() == {}


def test_results_are_not_taken_back_from_a_store(tmp_path: Path) -> None:
    listed = ManifestDocument(
        path="a.txt", sha256="0" * 64, media_type="text/plain", outcome="succeeded", result="1" * 64, recipe="r",
        outputs=[ManifestOutput(path="s3://docs/out/a.txt.json", sha256="2" * 64, size=1)],
    )  # fmt: skip
    recipe = Recipe("local", "", Operation.PARSE)

    with Tree(tmp_path) as tree, pytest.raises(NotProven, match="lies in a store, and is not looked at"):
        proven(tree, Spool(tmp_path / "spool"), listed, recipe)


def test_declared_rows_lie_in_a_bucket_as_on_this_disk(project: Project, bucket: MotoBucket) -> None:
    for kind, sent in (("chunk", len(TEXTS)), ("block", 0)):
        rows = f'rows: {kind}, columns: {{text: "{{{{ row.text }}}}"}}'
        places = ("store: lake, path: data/rows.jsonl", "path: rows.jsonl")
        project.job(job("".join(f"  - {{type: jsonl, {place}, {rows}}}\n" for place in places)))
        assert project.applied().processed == sent

        found = (project.root / "rows.jsonl").read_bytes()
        assert bucket.objects()["data/rows.jsonl"] == found
        assert [json.loads(line)["text"] for line in found.splitlines()] == [*TEXTS.values()]
        assert project.call("plan", "--detailed-exitcode").code == 0
