"""Documents in a bucket: found, compared, read and processed as files are, at a real server."""

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from docbatch.core.errors import TimeUp
from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.engine.connections import object_stores
from docbatch.engine.running import apply
from docbatch.engine.running.run_context import Run
from docbatch.sinks.paths import folded
from docbatch.sources import kept_content, object_meter
from docbatch.sources.cachefile import FORMAT
from docbatch.specs.load import load_jobs, load_project
from docbatch.state.store import Store
from docbatch.stores import object_reader, object_store
from docbatch.testing.patience import until
from tests.cli.project import Project
from tests.cli.store_project import SETTINGS, elsewhere, fetched, store_project
from tests.providers.extend.project import extend_project
from tests.stores.moto_server import SECRET, MotoBucket, moto_bucket
from tests.stores.store_proxy import Answered, Asked, StoreProxy, denied, slow_down

DOCUMENTS = {f"in/{name}.txt": f"the text of {name}".encode() for name in ("a", "b", "c/d", "e")}


@pytest.fixture
def bucket() -> Iterator[MotoBucket]:
    with moto_bucket() as made:
        for key, content in DOCUMENTS.items():
            made.put(key, content)
        yield made


@pytest.fixture
def proxy(bucket: MotoBucket) -> Iterator[StoreProxy]:
    with StoreProxy(bucket.endpoint) as made:
        yield made


@pytest.fixture
def project(
    tmp_path: Path, bucket: MotoBucket, proxy: StoreProxy, monkeypatch: pytest.MonkeyPatch
) -> Project:
    return store_project(tmp_path / "here", bucket, monkeypatch, proxy.url)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that a store answers with a passing error is asked again."""
    monkeypatch.setattr(object_store, "_RETRIES", 0)


def test_objects_are_processed_once_and_a_second_run_asks_for_the_list_alone(
    project: Project, proxy: StoreProxy
) -> None:
    first = project.applied()
    assert first.processed == len(DOCUMENTS)
    assert sorted(project.outputs()) == ["a.txt.md", "b.txt.md", "c/d.txt.md", "e.txt.md"]
    assert b"the text of c/d" in project.outputs()["c/d.txt.md"]

    proxy.asked.clear()
    state = (project.root / ".docbatch" / "state.db").read_bytes()
    second = project.applied()

    assert second.processed == 0
    assert [asked.is_list for asked in proxy.asked] == [True]
    assert (project.root / ".docbatch" / "state.db").read_bytes() == state


def test_a_fresh_machine_with_the_state_fetches_only_what_differs(
    project: Project, bucket: MotoBucket, proxy: StoreProxy, tmp_path: Path
) -> None:
    project.applied()
    bucket.put("in/a.txt", b"another text")
    bucket.client.delete_object(Bucket=bucket.name, Key="in/b.txt")
    bucket.put("in/f.txt", DOCUMENTS["in/e.txt"])
    bucket.client.delete_object(Bucket=bucket.name, Key="in/e.txt")
    # Equal bytes under an ETag that is no digest of them, as an upload in parts gives it.
    uploaded = bucket.client.create_multipart_upload(Bucket=bucket.name, Key="in/c/d.txt")
    upload = {"Bucket": bucket.name, "Key": "in/c/d.txt", "UploadId": uploaded["UploadId"]}
    part = bucket.client.upload_part(**upload, PartNumber=1, Body=DOCUMENTS["in/c/d.txt"])
    parts = [{"PartNumber": 1, "ETag": part["ETag"]}]
    bucket.client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})

    other = elsewhere(project, tmp_path / "there")
    proxy.asked.clear()
    planned = other.call("plan", "--no-pages", "--verbose")
    assert fetched(proxy) == ["in/a.txt", "in/c/d.txt", "in/f.txt"]
    assert "orphaned: 2 no longer found" in planned.out
    assert "submit: 1 to be sent: its bytes changed" in planned.out

    applied = other.applied()
    assert applied.processed == 1
    # It is sent, and what was planned is not read again for planning.
    assert [key for key in fetched(proxy) if key != "in/f.txt"] == ["in/a.txt"]

    third = elsewhere(other, tmp_path / "yonder")
    assert third.call("plan", "--detailed-exitcode").code in {0, 2}
    assert fetched(proxy) == []


def test_what_a_plan_read_is_recorded_by_the_apply_that_follows(
    project: Project, proxy: StoreProxy, tmp_path: Path
) -> None:
    project.write({".docbatch/README": ""})
    project.call("plan")
    proxy.asked.clear()
    project.applied()
    assert fetched(proxy) == sorted(DOCUMENTS), "once, as they are sent"

    elsewhere(project, tmp_path / "there").call("plan")
    assert fetched(proxy) == []


def test_counted_pages_are_known_on_another_machine(
    project: Project, bucket: MotoBucket, proxy: StoreProxy, tmp_path: Path
) -> None:
    bucket.put("in/report.pdf", (Path(__file__).parents[2] / "samples" / "report.pdf").read_bytes())
    project.write({".docbatch/README": ""})
    counting = Project(project.root, has_workers=True)
    pages = re.search(r"[0-9]+ pages?", counting.call("plan").out)
    assert pages is not None
    project.applied()

    other = elsewhere(project, tmp_path / "there")
    text = (other.root / "jobs" / "job.yaml").read_text()
    other.write({"jobs/job.yaml": text.replace("provider: local", "provider: local\nconfig: {ocr: 'off'}")})
    proxy.asked.clear()

    assert pages[0] in Project(other.root, has_workers=True).call("plan").out
    assert fetched(proxy) == []


def test_an_object_of_another_name_is_read_once(
    project: Project, bucket: MotoBucket, proxy: StoreProxy
) -> None:
    project.applied()
    bucket.put("in/z.txt", DOCUMENTS["in/a.txt"])
    proxy.asked.clear()

    assert project.applied().processed == 0
    assert fetched(proxy) == ["in/z.txt"]


def test_an_object_that_changes_between_list_and_read_is_what_it_is_then(
    project: Project, bucket: MotoBucket, proxy: StoreProxy
) -> None:
    def change(asked: Asked) -> None:
        if asked.is_read and asked.key == "in/a.txt":
            proxy.before = lambda _asked: None
            bucket.put("in/a.txt", b"changed meanwhile")

    proxy.before = change
    assert project.applied().processed == len(DOCUMENTS)
    assert b"changed meanwhile" in project.outputs()["a.txt.md"]
    assert project.applied().processed == 0


def test_an_object_that_changes_after_it_was_planned_is_processed_as_planned_and_then_as_it_is(
    project: Project, bucket: MotoBucket, proxy: StoreProxy
) -> None:
    project.applied()
    bucket.put("in/a.txt", b"what was planned")

    def change(asked: Asked, answered: Answered) -> Answered:
        if asked.is_read:
            bucket.put("in/a.txt", b"changed before it was sent")
        return answered

    proxy.meddle = change
    assert project.applied().processed == 1
    assert b"what was planned" in project.outputs()["a.txt.md"]
    proxy.meddle = lambda _asked, answered: answered

    assert project.applied().processed == 1
    assert b"changed before it was sent" in project.outputs()["a.txt.md"]
    assert project.applied().processed == 0


def test_an_object_that_changes_between_plan_and_send_and_was_not_kept_is_planned_again(
    project: Project, bucket: MotoBucket, proxy: StoreProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_content, "LARGEST", 10)
    reads: list[str] = []

    def change(asked: Asked) -> None:
        if asked.is_read and asked.key == "in/a.txt":
            reads.append(asked.key)
            if len(reads) == 2:
                bucket.put("in/a.txt", b"changed before it was sent")

    proxy.before = change
    project.applied()

    assert b"changed before it was sent" in project.outputs()["a.txt.md"]
    assert project.applied().processed == 0


def test_an_object_is_asked_for_once_and_nothing_of_it_stays(project: Project, proxy: StoreProxy) -> None:
    project.applied()
    assert fetched(proxy) == sorted(DOCUMENTS)
    assert list((project.root / ".docbatch" / "spool" / "incoming").iterdir()) == []


def test_killed_with_objects_kept_the_next_run_drops_them_and_does_all(
    project: Project, proxy: StoreProxy
) -> None:
    incoming = project.root / ".docbatch" / "spool" / "incoming"
    kept: list[Path] = []

    def kill(asked: Asked) -> None:
        if asked.key == "in/e.txt" and not kept:
            until(lambda: any(incoming.glob("*.object")), "no object was kept")
            kept.extend(incoming.glob("*.object"))
            running.kill()

    proxy.before = kill
    running = project.start("apply", "--yes")
    running.communicate()
    assert all(each.exists() for each in kept)
    assert kept

    assert project.applied().processed == len(DOCUMENTS)
    assert sorted(project.outputs()) == ["a.txt.md", "b.txt.md", "c/d.txt.md", "e.txt.md"]
    assert list(incoming.iterdir()) == []


def test_nothing_of_objects_stays_when_a_run_ends_before_they_were_worked_on(project: Project) -> None:
    incoming = project.root / ".docbatch" / "spool" / "incoming"

    def out_of_time(run: Run, **_: object) -> None:
        assert len(list(incoming.glob("*.object"))) == len(DOCUMENTS)
        (incoming / "one.copy").write_bytes(b"handed over and not read")
        raise TimeUp(f"{run.project} has no time")

    with mock.patch.object(apply, "reconcile", side_effect=out_of_time):
        assert project.call("apply").code == 4

    assert list(incoming.iterdir()) == []
    assert project.applied().processed == len(DOCUMENTS)


def test_a_listing_that_does_not_answer_ends_with_the_time_of_the_run(
    project: Project, proxy: StoreProxy
) -> None:
    answer = threading.Event()
    proxy.before = lambda asked: asked.is_list and answer.wait(60)

    ended = project.call("apply", "--timeout", "1s")
    answer.set()

    assert ended.code == 4, ended.err
    assert "the time of this run was up while buckets were listed" in ended.err
    assert "nothing was sent" in ended.err
    proxy.before = lambda _asked: None
    assert project.applied().processed == len(DOCUMENTS)


def test_an_object_that_does_not_answer_ends_with_the_time_of_the_run(
    project: Project, proxy: StoreProxy
) -> None:
    answer = threading.Event()
    waits: list[bool] = []
    proxy.before = lambda asked: waits.append(answer.wait(60)) if asked.is_read else None

    ended = project.run("apply", "--timeout", "3s")
    answer.set()

    assert ended.returncode == 4, ended.stderr
    assert "the time of this run was up while buckets were listed" in ended.stderr
    assert False not in waits, "it waited for the answer"


def test_an_object_that_vanishes_between_list_and_read_is_none(
    project: Project, bucket: MotoBucket, proxy: StoreProxy
) -> None:
    def remove(asked: Asked) -> None:
        if asked.is_read and asked.key == "in/a.txt":
            bucket.client.delete_object(Bucket=bucket.name, Key="in/a.txt")

    proxy.before = remove

    assert project.applied().processed == len(DOCUMENTS) - 1


def keys_of(body: bytes) -> list[bytes]:
    return re.findall(rb"<Contents>.*?</Contents>", body, re.DOTALL)


def without(number: int, asked: Asked, answered: Answered) -> Answered:
    """Leave an object out of a list."""
    if not asked.is_list:
        return answered
    return Answered(answered.status, answered.body.replace(keys_of(answered.body)[number], b""))


def repeated(asked: Asked, answered: Answered) -> Answered:
    """List all of a page twice."""
    entries = b"".join(keys_of(answered.body)) if asked.is_list else b""
    return Answered(
        answered.status, answered.body.replace(entries, entries * 2) if entries else answered.body
    )


def backwards(asked: Asked, answered: Answered) -> Answered:
    entries = keys_of(answered.body) if asked.is_list else []
    together = b"".join(entries)
    turned = b"".join(reversed(entries))
    return Answered(answered.status, answered.body.replace(together, turned) if entries else answered.body)


def test_a_list_that_repeats_objects_has_each_once(project: Project, proxy: StoreProxy) -> None:
    proxy.meddle = repeated

    assert project.applied().processed == len(DOCUMENTS)


def test_a_list_that_misses_an_object_loses_nothing_and_pays_nothing_twice(
    project: Project, proxy: StoreProxy
) -> None:
    project.applied()

    proxy.meddle = lambda asked, answered: without(0, asked, answered)
    assert project.applied().processed == 0
    assert "a.txt.md" in project.outputs()

    proxy.meddle = lambda _asked, answered: answered
    assert project.applied().processed == 0
    assert "4 documents found, 4 unchanged" in project.call("plan").out


def test_a_list_that_is_out_of_order_is_refused_and_changes_nothing(
    project: Project, proxy: StoreProxy
) -> None:
    project.applied()
    proxy.meddle = backwards

    told = project.call("apply")

    assert told.code == 6
    assert "store 'lake' does not list in the order of keys" in told.err
    proxy.meddle = lambda _asked, answered: answered
    assert "4 documents found, 4 unchanged" in project.call("plan").out


def paged(asked: Asked, answered: Answered) -> Answered:
    """Say that there is more than this page, and fail when it is asked for."""
    if "continuation-token" in asked.query:
        return slow_down()
    more = b"<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>"
    return Answered(answered.status, re.sub(rb"<IsTruncated>[a-z]+</IsTruncated>", more, answered.body))


@pytest.mark.usefixtures("impatient")
def test_a_listing_that_breaks_half_way_changes_nothing(
    project: Project, bucket: MotoBucket, proxy: StoreProxy
) -> None:
    project.applied()
    state = (project.root / ".docbatch" / "state.db").read_bytes()
    bucket.client.delete_object(Bucket=bucket.name, Key="in/a.txt")
    proxy.meddle = lambda asked, answered: paged(asked, answered) if asked.is_list else answered

    told = project.call("apply")

    assert told.code == 6
    assert "SlowDown" in told.err
    assert "run the same command again once the store answers" in told.err
    assert (project.root / ".docbatch" / "state.db").read_bytes() == state


def test_passing_errors_and_cut_answers_are_asked_again(project: Project, proxy: StoreProxy) -> None:
    failed: set[str] = set()

    def once(asked: Asked, answered: Answered) -> Answered:
        name = "list" if asked.is_list else asked.key
        if name in failed:
            return answered
        failed.add(name)
        return slow_down() if name in {"list", "in/b.txt"} else Answered(200, answered.body, cut=3)

    proxy.meddle = once

    assert project.applied().processed == len(DOCUMENTS)


@pytest.mark.usefixtures("impatient")
def test_one_object_that_cannot_be_read_stops_no_other(project: Project, proxy: StoreProxy) -> None:
    def meddle(asked: Asked, answered: Answered) -> Answered:
        if asked.key == "in/a.txt":
            return denied()
        return slow_down() if asked.key == "in/b.txt" else answered

    proxy.meddle = meddle
    told = project.call("apply", "--json")

    assert told.code == 3
    assert told.processed == len(DOCUMENTS) - 2
    failures = project.call("failures").out
    assert "a.txt" in failures
    assert "AccessDenied" in failures
    proxy.meddle = lambda _asked, answered: answered
    assert project.applied().processed == 2


@pytest.mark.usefixtures("impatient")
def test_a_store_that_goes_away_while_objects_are_read_changes_nothing(
    project: Project, bucket: MotoBucket, proxy: StoreProxy
) -> None:
    project.applied()
    state = (project.root / ".docbatch" / "state.db").read_bytes()
    bucket.put("in/a.txt", b"another text")
    is_away = False

    def meddle(asked: Asked, answered: Answered) -> Answered:
        nonlocal is_away
        is_away = is_away or asked.is_read
        return slow_down() if is_away else answered

    proxy.meddle = meddle
    told = project.call("apply")

    assert told.code == 6
    assert "once the store answers" in told.err
    assert (project.root / ".docbatch" / "state.db").read_bytes() == state


def test_of_objects_that_are_gone_the_state_keeps_no_facts(project: Project, bucket: MotoBucket) -> None:
    project.applied()
    bucket.client.delete_object(Bucket=bucket.name, Key="in/a.txt")
    project.applied()

    with Store.readable(project.root / ".docbatch") as store:
        kept = [each.place.rpartition(b"/")[2] for each in store.found_objects.between(b"", b"\xff", FORMAT)]
    assert kept == [b"b.txt", b"d.txt", b"e.txt"]


def test_offline_what_patterns_leave_out_now_is_named(project: Project) -> None:
    project.applied()
    text = (project.root / "jobs" / "job.yaml").read_text()
    project.write({"jobs/job.yaml": text.replace("include: '**'", "include: '*'")})

    assert "3 documents found, 3 unchanged" in project.call("plan", "--offline").out
    assert "orphaned: 1" in project.call("plan", "--offline").out


def test_documents_looked_up_in_a_bucket_that_is_gone_are_not_gone(
    project: Project, bucket: MotoBucket
) -> None:
    project.applied()
    for key in bucket.objects():
        bucket.remove(key)
    bucket.client.delete_bucket(Bucket=bucket.name)

    explained = project.call("explain", "in/a.txt")

    assert explained.code == 6
    assert "NoSuchBucket" in explained.err
    assert "nothing was changed" in explained.err


@pytest.mark.parametrize(
    ("answer", "exit_code", "words"),
    [
        ((403, "AccessDenied"), 12, "check the store's credentials"),
        ((403, "RequestTimeTooSkewed"), 12, "this machine's clock"),
        ((404, "NoSuchBucket"), 6, "correct bucket, endpoint or region"),
        ((500, "InternalError"), 6, "once the store answers"),
    ],
)
@pytest.mark.usefixtures("impatient")
def test_a_store_that_does_not_list_is_no_empty_source(
    project: Project, proxy: StoreProxy, answer: tuple[int, str], exit_code: int, words: str
) -> None:
    project.applied()
    status, code = answer
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code></Error>".encode()
    proxy.meddle = lambda _asked, _answered: Answered(status, body)

    for command in ("plan", "apply"):
        told = project.call(command)
        assert told.code == exit_code
        assert code in told.err
        assert words in told.err
        assert SECRET not in told.err + told.out


def test_markers_of_folders_are_no_documents_and_empty_objects_fail(
    project: Project, bucket: MotoBucket
) -> None:
    for key in ("in/", "in/c/", "in/c!x.txt", "in/z/"):
        bucket.put(key, b"" if key.endswith("/") else b"beside a folder")
    bucket.put("in/nothing.txt", b"")

    told = project.call("apply", "--json")

    assert told.code == 3
    assert told.processed == len(DOCUMENTS) + 1
    assert "nothing.txt" in project.call("failures").out
    assert "6 documents found, 5 unchanged" in project.call("plan").out


def test_an_object_whose_key_cannot_be_asked_for_is_a_failed_document(
    project: Project, bucket: MotoBucket
) -> None:
    bucket.put("in/f/", b"not empty")

    told = project.call("apply", "--json")

    assert told.code == 3
    assert told.processed == len(DOCUMENTS)
    assert "its key begins or ends with /" in project.call("failures").out


def test_large_objects_are_read_in_ranges_and_held_to_one_version(
    project: Project, bucket: MotoBucket, proxy: StoreProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (object_reader, object_meter):
        monkeypatch.setattr(module, "BLOCK", 1000)
    bucket.put("in/large.txt", b"a line of text\n" * 400)

    assert project.applied().processed == len(DOCUMENTS) + 1
    assert proxy.read.count("in/large.txt") > 6
    assert b"a line of text" in project.outputs()["large.txt.md"]


def test_outputs_in_the_bucket_are_no_documents(
    project: Project, bucket: MotoBucket, proxy: StoreProxy
) -> None:
    project.applied()
    bucket.put("in/out/a.md", b"an output")
    (job,) = load_jobs(load_project(project.root))
    assert job.source.folder is not None
    root = job.source.folder.place + b"/out"
    with Store.writable(project.root / ".docbatch") as store, store.write():
        row = store.deliveries.declare("job", "a sink in the bucket", root, None)
        store.deliveries.put(row, b"a.txt", b"a.md", folded(root + b"/a.md"), due=False)

    assert project.applied().processed == 0


def test_offline_nothing_is_asked_and_it_is_said(
    project: Project, bucket: MotoBucket, proxy: StoreProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.applied()
    bucket.put("in/new.txt", b"new")
    bucket.client.delete_object(Bucket=bucket.name, Key="in/a.txt")
    proxy.asked.clear()
    monkeypatch.delenv("LAKE_ID")

    planned = project.call("plan", "--offline")
    explained = project.call("explain", "--offline", "a.txt")

    assert planned.code == explained.code == 0
    assert "4 documents found, 4 unchanged" in planned.out
    assert "store 'lake' is not looked at" in planned.out
    assert "is done" in explained.out
    assert proxy.asked == []


def test_offline_documents_count_that_wait_to_be_sent(project: Project) -> None:
    project.applied()
    text = (project.root / "jobs" / "job.yaml").read_text()
    project.write({"jobs/job.yaml": text.replace("provider: local", "provider: local\nconfig: {ocr: 'off'}")})

    assert "4 to be sent" in project.call("plan", "--offline").out


def test_untrusted_nothing_is_asked(project: Project, proxy: StoreProxy) -> None:
    told = project.call("plan", "--untrusted")

    assert told.code == 0
    assert "store 'lake' is not looked at" in told.out
    assert proxy.asked == []


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_a_variable_that_is_not_set_is_named(
    project: Project, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.delenv("LAKE_SECRET")

    told = project.call(command)

    assert told.code == 12
    assert "LAKE_SECRET" in told.err


def test_a_plan_runs_no_command_for_a_secret(project: Project) -> None:
    settings = (project.root / "docbatch.yaml").read_text()
    command = "{command: [sh, -c, 'touch ran; echo secret']}"
    project.write({"docbatch.yaml": settings.replace("{env: LAKE_SECRET}", command)})

    assert project.call("plan").code == 12
    assert not (project.root / "ran").exists()
    project.applied()
    assert (project.root / "ran").exists()


@pytest.mark.parametrize("name", ["in/a.txt", "a.txt"])
def test_a_document_is_explained_by_its_key_and_by_its_path(project: Project, name: str) -> None:
    project.applied()

    told = project.call("explain", "--json", name)

    (line,) = told.lines
    assert line["path"] == "a.txt"
    assert json.dumps(line).count("succeeded")


def test_a_document_that_no_pattern_takes_is_there_all_the_same(project: Project, bucket: MotoBucket) -> None:
    bucket.put("in/.hidden", b"x")
    project.applied()

    assert "leaves out 'in/.hidden'" in project.call("explain", "in/.hidden").err


def test_failed_documents_are_queued_again_by_path(project: Project, bucket: MotoBucket) -> None:
    bucket.put("in/broken.pdf", b"%PDF-1.7 and nothing else")
    assert project.call("apply", "--json").code == 3

    assert project.call("retry", "--path", "*.pdf").code == 0
    assert project.call("apply", "--json").processed == 1


def test_a_folder_that_stands_for_a_store_is_read_as_a_folder(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write({"lake/in/a.txt": "a text", "lake/b.txt": "beside"})
    project.write(
        {"docbatch.yaml": "project: {id: testproject01}\nstores: {lake: {type: folder, path: lake}}\n"}
    )
    project.job(
        "apiVersion: docbatch/v1\nname: job\nsource: {store: lake, prefix: in/, include: '**'}\n"
        "sink: [{type: files, path: 'out/{{ doc.path }}.md'}]\n"
    )

    assert project.applied().processed == 1
    assert list(project.outputs()) == ["a.txt.md"]


def test_versions_of_a_bucket_that_keeps_them_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with moto_bucket(versioned=True) as bucket, StoreProxy(bucket.endpoint) as proxy:
        bucket.put("in/a.txt", b"a text")
        project = store_project(tmp_path / "here", bucket, monkeypatch, proxy.url)
        project.applied()
        proxy.asked.clear()

        assert elsewhere(project, tmp_path / "there").call("plan").code == 0
        assert fetched(proxy) == []


@pytest.fixture
def vendor() -> Iterator[ExtendEmulator]:
    with ExtendEmulator() as made:
        yield made
        assert made.errors == []


def at_extend(project: Project, bucket: MotoBucket, proxy: StoreProxy, vendor: ExtendEmulator) -> Project:
    """Let the vendor process what lies in the bucket."""
    made = extend_project(
        project.root, vendor, source="{store: lake, prefix: in/, include: '**'}", documents={}
    )
    _, _, stores = SETTINGS.format(bucket=bucket.name, url=proxy.url).partition("stores:")
    settings = (made.root / "docbatch.yaml").read_text()
    made.write({"docbatch.yaml": f"{settings}\nstores:{stores}"})
    return made


def test_a_vendor_gets_each_object_once(
    project: Project, bucket: MotoBucket, proxy: StoreProxy, vendor: ExtendEmulator
) -> None:
    made = at_extend(project, bucket, proxy, vendor)

    assert made.applied().processed == len(DOCUMENTS)
    assert made.applied().processed == 0
    bucket.put("in/renamed.txt", DOCUMENTS["in/a.txt"])
    bucket.client.delete_object(Bucket=bucket.name, Key="in/a.txt")
    assert made.applied().processed == 0
    assert "renamed.txt.md" in made.outputs()


def test_a_vendor_is_paid_once_for_an_object_that_changes_before_it_is_sent(
    project: Project, bucket: MotoBucket, proxy: StoreProxy, vendor: ExtendEmulator
) -> None:
    made = at_extend(project, bucket, proxy, vendor)
    made.call("plan")
    reads: list[str] = []

    def change(asked: Asked) -> None:
        if asked.is_read and asked.key == "in/a.txt":
            reads.append(asked.key)
            if len(reads) == 2:
                bucket.put("in/a.txt", b"what it is by now")

    proxy.before = change
    made.call("apply", "--json")
    made.applied()

    assert made.applied().processed == 0
    with Store.readable(made.root / ".docbatch") as store:
        charged = store.database.execute("SELECT count(*) FROM submission_item").fetchone()[0]
    assert charged == len(DOCUMENTS)


def test_keys_that_differ_in_case_alone_are_refused_where_outputs_are_files(
    project: Project, bucket: MotoBucket
) -> None:
    bucket.put("in/A.txt", b"another text of that name")

    told = project.call("apply")

    assert told.code == 6
    assert "A.txt" in told.err


def test_a_saved_plan_is_done_as_it_was_reviewed_or_not_at_all(project: Project, bucket: MotoBucket) -> None:
    project.write({".docbatch/README": ""})
    project.call("plan", "--out", "plan.json")
    bucket.put("in/later.txt", b"came later")
    assert project.call("apply", "--plan", "plan.json").code == 7

    project.call("plan", "--out", "plan.json")
    assert project.call("apply", "--plan", "plan.json").code == 0
    assert len(project.outputs()) == len(DOCUMENTS) + 1


def test_what_the_state_has_wrong_of_an_object_is_found_out(project: Project, tmp_path: Path) -> None:
    project.applied()
    with Store.writable(project.root / ".docbatch") as store, store.write():
        a, b, *_ = store.found_objects.between(b"", b"\xff", FORMAT)
        store.found_objects.keep([a._replace(digest=b.digest)], FORMAT, {})

    other = elsewhere(project, tmp_path / "there")
    other.applied()
    other.applied()

    assert b"the text of a" in other.outputs()["a.txt.md"]
    with Store.readable(other.root / ".docbatch") as store:
        assert a in store.found_objects.between(b"", b"\xff", FORMAT)


def test_a_secret_goes_to_no_host_of_somebody_else_unless_two_say_so(project: Project) -> None:
    settings = (project.root / "docbatch.yaml").read_text()
    with mock.patch.object(object_stores, "is_loopback", return_value=False):
        told = project.call("plan")
        project.write(
            {"docbatch.yaml": settings.replace("    type: s3", "    type: s3\n    allow_host: true")}
        )
        refused = project.call("plan")
        ended = project.call("plan", "--allow-host", "lake")

    assert told.code == refused.code == 12
    assert "--allow-host lake" in told.err
    assert ended.code == 0
