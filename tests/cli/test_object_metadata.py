"""What a store knows of its objects beside their bytes: metadata, and when they were written, at a real server."""

import io
import json
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from docbatch.state.store import Store
from tests.cli.project import Project
from tests.cli.store_project import elsewhere, fetched, store_project
from tests.stores.moto_server import MotoBucket, moto_bucket
from tests.stores.store_proxy import StoreProxy, denied

JOB = """
apiVersion: docbatch/v1
name: job
source:
  store: lake
  prefix: in/
  include: "**"
provider: local
sink:
  - {type: files, path: "out/{{ doc.metadata.customer_id | default('nobody') }}/{{ doc.path }}.md", format: markdown}
  - {type: jsonl, path: rows.jsonl}
"""
SAID = {
    "in/a.txt": {"Customer-Id": "acme", "team": "red"},
    "in/b.txt": {"customer-id": "beta"},
    "in/c.txt": {},
}


@pytest.fixture
def bucket() -> Iterator[MotoBucket]:
    with moto_bucket() as made:
        for key, said in SAID.items():
            made.put(key, f"the text of {key}".encode(), said)
        yield made


@pytest.fixture
def proxy(bucket: MotoBucket) -> Iterator[StoreProxy]:
    with StoreProxy(bucket.endpoint) as made:
        yield made


@pytest.fixture
def project(
    tmp_path: Path, bucket: MotoBucket, proxy: StoreProxy, monkeypatch: pytest.MonkeyPatch
) -> Project:
    made = store_project(tmp_path / "here", bucket, monkeypatch, proxy.url)
    made.job(JOB)
    return made


def narrowed(project: Project, lines: str) -> None:
    """Say more of the job's source."""
    project.job(JOB.replace('include: "**"\n', f'include: "**"\n  {lines}\n'))


def rows(project: Project) -> dict[str, dict[str, str]]:
    lines = (project.root / "rows.jsonl").read_text().splitlines()
    return {row["document"]["path"]: row["columns"] for row in map(json.loads, lines)}


def test_user_metadata_are_in_paths_and_rows_and_nothing_is_asked_for_them(
    project: Project, proxy: StoreProxy
) -> None:
    assert project.applied().processed == 3
    assert sorted(project.outputs()) == ["acme/a.txt.md", "beta/b.txt.md", "nobody/c.txt.md"]
    assert rows(project) == {
        "a.txt": {"customer_id": "acme", "team": "red"},
        "b.txt": {"customer_id": "beta"},
        "c.txt": {},
    }
    assert {asked.method for asked in proxy.asked} == {"GET"}, "no object is asked for its metadata alone"

    proxy.asked.clear()
    assert project.applied().processed == 0
    assert [asked.is_list for asked in proxy.asked] == [True]


def test_a_fresh_machine_with_the_state_knows_them_and_so_does_one_that_asks_nobody(
    project: Project, proxy: StoreProxy, tmp_path: Path
) -> None:
    project.applied()
    other = elsewhere(project, tmp_path / "there")
    other.job(JOB.replace("out/", "to/{{ doc.metadata.team | default('none') }}/"))
    proxy.asked.clear()

    planned = other.call("plan", "--verbose", "--offline")
    assert "to/red/acme/a.txt.md" in planned.out
    assert proxy.asked == []

    other.applied()
    assert (other.root / "to" / "red" / "acme" / "a.txt.md").is_file()
    assert fetched(proxy) == []


def test_an_object_that_is_replaced_is_known_by_what_is_said_of_it_now(
    project: Project, bucket: MotoBucket, proxy: StoreProxy, tmp_path: Path
) -> None:
    project.applied()
    bucket.put("in/a.txt", b"another text", {})
    bucket.put("in/c.txt", b"a third text", {"customer-id": "gamma"})
    # A plan has read them before the run that records them.
    project.call("plan")
    # Once by the first run, once by the plan.
    assert fetched(proxy).count("in/c.txt") == 2

    project.applied()
    assert {"nobody/a.txt.md", "beta/b.txt.md", "gamma/c.txt.md"} <= set(project.outputs())
    assert rows(project) == {
        "a.txt": {},
        "b.txt": {"customer_id": "beta"},
        "c.txt": {"customer_id": "gamma"},
    }

    other = elsewhere(project, tmp_path / "there")
    proxy.asked.clear()
    assert "Nothing will be sent" in other.call("plan").out
    assert fetched(proxy) == []


def test_a_cache_that_is_behind_the_state_is_not_believed(
    project: Project, bucket: MotoBucket, tmp_path: Path
) -> None:
    project.applied()
    bucket.put("in/a.txt", b"another text", {"customer-id": "gamma"})
    other = elsewhere(project, tmp_path / "there")
    other.applied()
    # Back on the first machine, with the state of the other and a cache that knows the object of before.
    state = project.root / ".docbatch" / "state.db"
    state.write_bytes((other.root / ".docbatch" / "state.db").read_bytes())
    for beside in ("state.db-wal", "state.db-shm"):
        (project.root / ".docbatch" / beside).unlink(missing_ok=True)

    project.applied()

    assert "gamma/a.txt.md" in project.outputs()


def test_lists_and_paths_say_more_than_the_store(project: Project) -> None:
    project.write({"who.csv": "path,customer_id\na.txt,ours\n"})
    narrowed(project, 'metadata_path: "{team}.txt"\n  metadata_from: who.csv')
    project.applied()
    assert rows(project)["a.txt"] == {"customer_id": "ours", "team": "a"}
    assert rows(project)["b.txt"] == {"customer_id": "beta", "team": "b"}


def test_what_writers_said_can_be_asked_for(project: Project, bucket: MotoBucket, proxy: StoreProxy) -> None:
    narrowed(project, "where: {metadata: {customer_id: [acme, gamma]}}")
    assert project.applied().processed == 1
    assert "where leaves it out" in project.call("explain", "in/b.txt").err

    bucket.put("in/b.txt", b"another text", {"customer-id": "gamma"})
    proxy.asked.clear()
    assert project.applied().processed == 1
    assert set(fetched(proxy)) == {"in/b.txt"}


def test_objects_that_cannot_be_read_are_left_out_only_where_it_is_known_what_is_said_of_them(
    project: Project, bucket: MotoBucket, proxy: StoreProxy
) -> None:
    bucket.put("in/empty.txt", b"", {"customer-id": "acme"})
    bucket.put("in/other.txt", b"", {"customer-id": "beta"})
    proxy.meddle = lambda asked, answered: denied() if asked.key == "in/c.txt" else answered
    narrowed(project, "where: {metadata: {customer_id: acme}}")

    applied = project.call("apply", "--yes")

    assert applied.code == 3
    failed = project.call("failures").out
    assert "c.txt" in failed
    assert "empty.txt" in failed
    assert "other.txt" not in failed


def test_an_object_without_what_a_path_needs_is_named_before_anything_is_sent(project: Project) -> None:
    project.job(JOB.replace(" | default('nobody')", ""))
    assert project.call("validate").code == 0
    refused = project.call("apply", "--yes")
    assert refused.code == 64
    assert "c.txt" in refused.err
    assert "doc.metadata.customer_id is not defined" in refused.err
    assert "nothing was sent" in refused.err


def test_of_a_folder_that_stands_for_a_store_names_are_checked(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write(
        {
            "docbatch.yaml": "project: {id: testproject01}\nstores: {lake: {type: folder, path: lake}}",
            "lake/in/a.txt": "text",
        }
    )
    project.job(JOB.replace(" | default('nobody')", ""))
    refused = project.call("validate")
    assert refused.code == 64
    assert "no document has doc.metadata.customer_id" in refused.err


def test_the_store_says_when_objects_were_written(project: Project, proxy: StoreProxy) -> None:
    narrowed(project, 'where: {modified: {before: "2001-01-01"}}')
    assert "where leaves out 3 documents" in project.call("plan").err
    assert not [asked for asked in proxy.asked if asked.method == "HEAD"]
    assert "where leaves it out: it was changed since" in project.call("explain", "in/b.txt").err

    narrowed(project, 'where: {modified: {after: "2001-01-01"}}')
    assert project.applied().processed == 3


def test_size_type_and_samples_hold_for_objects(project: Project, bucket: MotoBucket) -> None:
    bucket.put("in/large.txt", b"a large text " * 1000)
    bucket.put("in/page.html", b"<!DOCTYPE html><html><body><p>a page</p></body></html>")
    narrowed(project, "where: {size: {max: 1kB}, type: [txt]}")
    assert project.applied().processed == 3

    narrowed(project, "sample: 2")
    planned = project.call("plan").out
    assert "a sample of 2 of 5 documents" in planned


def test_what_lies_in_an_object_has_its_metadata_and_nothing_is_asked_for_it(
    project: Project, bucket: MotoBucket, proxy: StoreProxy, tmp_path: Path
) -> None:
    bucket.put(
        "in/box.zip", _zipped({f"{number}.txt": f"member {number}" for number in range(3)}), SAID["in/a.txt"]
    )
    bucket.put("in/box.zip!other.txt", b"a file whose name looks like that of a member")
    narrowed(project, "containers: open")
    assert project.applied().processed == 7
    members = [f"acme/box.zip!{number}.txt.md" for number in range(3)]
    assert {*members, "nobody/box.zip!other.txt.md"} <= set(project.outputs())

    proxy.asked.clear()
    assert project.applied().processed == 0
    assert [asked.key for asked in proxy.asked] == [""]
    offline = project.call("plan", "--offline", "--detailed-exitcode")
    assert offline.code == 0, offline.out

    other = elsewhere(project, tmp_path / "there")
    proxy.asked.clear()
    assert "Nothing will be sent" in other.call("plan").out
    assert [asked.key for asked in proxy.asked] == [""]


def test_a_list_of_members_that_is_damaged_is_worth_no_more_than_none(
    project: Project, bucket: MotoBucket, proxy: StoreProxy, tmp_path: Path
) -> None:
    bucket.put("in/box.zip", _zipped({"one.txt": "member"}))
    narrowed(project, "containers: open")
    assert project.applied().processed == 4
    with Store.writable(project.root / ".docbatch") as store, store.write():
        store.database.execute("UPDATE opened_container SET members = x'00'")

    other = elsewhere(project, tmp_path / "there")
    proxy.asked.clear()
    assert "Nothing will be sent" in other.call("plan").out
    assert [asked.key for asked in proxy.asked if not asked.is_list] == ["in/box.zip"]


def test_where_nobody_looks_nothing_is_left_out_by_what_is_not_known(
    project: Project, bucket: MotoBucket
) -> None:
    bucket.put("in/box.zip", _zipped({"one.txt": "member"}), SAID["in/a.txt"])
    narrowed(project, "containers: open\n  where: {metadata: {customer_id: acme}}")
    assert project.applied().processed == 2
    offline = project.call("plan", "--offline", "--detailed-exitcode")
    assert offline.code == 0, offline.out


def _zipped(members: dict[str, str]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return made.getvalue()


def put_in_parts(bucket: MotoBucket, key: str, content: bytes, metadata: dict[str, str]) -> None:
    """Write an object whose ETag is not that of its bytes."""
    began = bucket.client.create_multipart_upload(Bucket=bucket.name, Key=key, Metadata=metadata)
    where = {"Bucket": bucket.name, "Key": key, "UploadId": began["UploadId"]}
    part = bucket.client.upload_part(**where, PartNumber=1, Body=content)
    parts = [{"PartNumber": 1, "ETag": part["ETag"]}]
    bucket.client.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})


TABLE = "  - {type: sqlite, path: rows.db, table: results}\n"


def tabled(project: Project) -> dict[str, dict[str, str]]:
    with closing(sqlite3.connect(project.root / "rows.db")) as database:
        return {
            path: json.loads(said) for path, said in database.execute("SELECT path, columns FROM results")
        }


def test_rows_are_written_again_where_equal_bytes_have_other_metadata(
    project: Project, bucket: MotoBucket, proxy: StoreProxy
) -> None:
    project.job(JOB + TABLE)
    project.applied()
    put_in_parts(bucket, "in/a.txt", b"the text of in/a.txt", {"customer-id": "acme", "team": "blue"})
    put_in_parts(bucket, "in/c.txt", b"the text of in/c.txt", {})

    planned = project.call("plan")
    ended = project.applied()

    assert "the sink writes it in another form now" in planned.out
    assert ended.processed == 0
    for said in (rows(project), tabled(project)):
        assert said["a.txt"] == {"customer_id": "acme", "team": "blue"}, planned.out + ended.out
        assert said["b.txt"] == {"customer_id": "beta"}
    proxy.asked.clear()
    assert project.call("plan", "--detailed-exitcode").code == 0
    assert fetched(proxy) == []


def test_rows_of_what_lies_in_an_object_say_what_is_said_of_it_now(
    project: Project, bucket: MotoBucket
) -> None:
    project.job(JOB.replace('"**"\n', '"**"\n  containers: open\n', 1) + TABLE)
    bucket.put("in/box.zip", _zipped({"1.txt": "one", "2.txt": "two"}), {"team": "red"})
    project.applied()
    bucket.put("in/box.zip", _zipped({"1.txt": "one", "2.txt": "two", "3.txt": "three"}), {"team": "blue"})

    assert project.applied().processed == 1
    for said in (rows(project), tabled(project)):
        assert {path: told["team"] for path, told in said.items() if path.startswith("box")} == {
            f"box.zip!{number}.txt": "blue" for number in range(1, 4)
        }


def test_an_object_of_other_bytes_is_no_reason_to_write_the_rows_of_others(
    project: Project, bucket: MotoBucket
) -> None:
    project.applied()
    bucket.put("in/c.txt", b"another text", {"team": "blue"})

    assert "in another form" not in project.call("plan").out


def test_of_a_mail_in_a_bucket_rows_say_the_head_that_it_has_now(
    project: Project, bucket: MotoBucket
) -> None:
    project.job(JOB.replace('"**"\n', '"**"\n  containers: open\n', 1) + TABLE)
    mail = "From: a@example.com\nSubject: {}\nContent-Type: text/plain\n\nThe text of a mail.\n"
    bucket.put("in/m.eml", mail.format("once").encode())
    project.applied()
    bucket.put("in/m.eml", mail.format("now").encode())

    ended = project.applied()

    for said in (rows(project), tabled(project)):
        told = {path: each["subject"] for path, each in said.items() if path.startswith("m.eml")}
        assert set(told.values()) == {"now"}, (told, ended.processed)
