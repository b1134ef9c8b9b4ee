"""Links that Extend follows and files it has already: sent without an upload, and found again or held."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from docbatch.core.errors import CredentialsError, Gone, Refused, Stale
from docbatch.core.models import FailureClass, Input, Operation
from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.providers.base import Failed
from docbatch.providers.extend import KIND
from tests.providers.extend.bench import KEY, Bench
from tests.providers.extend.bench import bench as opened
from tests.providers.extend.project import OPERATIONS, extend_project

LINK = "https://example.com/papers/a.txt"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with opened(tmp_path) as made:
        made.vendor.web[LINK] = b"what the link leads to"
        yield made


@pytest.mark.parametrize("operation", Operation)
def test_every_operation_takes_links_and_ids_and_all_but_split_take_texts(operation: Operation) -> None:
    taken = KIND.inputs(operation)

    assert {Input.URL, Input.FILE_ID, Input.OBJECT} <= taken
    assert (Input.TEXT in taken) is (operation is not Operation.SPLIT)


def test_references_are_prepared_without_a_request(bench: Bench) -> None:
    item = bench.given()

    bench.prepared(bench.batch(item, bench.link(LINK)))

    assert bench.vendor.requests == []


def test_a_request_names_links_and_ids_as_they_are(bench: Bench) -> None:
    intent = bench.intent(bench.link(LINK, "a.txt"), bench.known("file_7"), bench.text("c"))

    link, known, upload = (each["file"] for each in json.loads(intent.body)["inputs"])

    assert (link["url"], known) == (LINK, {"id": "file_7"})
    assert link["name"].startswith("testproject01-")
    assert link["name"].endswith("-a.txt")
    assert upload == {"id": "file_1"}


@pytest.mark.parametrize("operation", Operation)
def test_links_and_ids_are_worked_on(bench: Bench, operation: Operation) -> None:
    intent = bench.intent(bench.link(LINK), bench.given(), operation=operation)
    accepted = bench.provider.create(intent)

    progress = bench.provider.poll(intent, accepted.remote_id)

    assert {type(each).__name__ for each in progress.ended} == {"Ready"}
    assert len(bench.vendor.ledger) == 2


def test_what_extend_cannot_get_fails_alone_and_costs_nothing(bench: Bench) -> None:
    intent = bench.intent(bench.link("https://example.com/none"), bench.known("file_none"), bench.link(LINK))
    accepted = bench.provider.create(intent)

    progress = bench.provider.poll(intent, accepted.remote_id)

    failed = [each.failure for each in progress.ended if isinstance(each, Failed)]
    assert [(each.kind, each.code) for each in failed] == 2 * [
        (FailureClass.VENDOR_ERROR, "UNABLE_TO_DOWNLOAD_FILE")
    ]
    assert len(bench.vendor.ledger) == 1


def test_a_batch_refused_for_an_unknown_id_fails_that_document_alone(bench: Bench) -> None:
    bench.vendor.refuses_unknown_files = True
    wrong, right = bench.known("file_none", "wrong.txt"), bench.given()
    intent = bench.intent(wrong, right)
    of_wrong, of_right = bench.provider.steps(intent.batch)

    with pytest.raises(Stale) as caught:
        bench.provider.create(intent)
    assert caught.value.stale == (of_wrong.name,)
    with pytest.raises(Refused, match=r"wrong\.txt: Extend has no file file_none"):
        bench.provider.perform(of_wrong, intent.batch, {}, bench.open)
    assert bench.provider.perform(of_right, intent.batch, {}, bench.open).remote_id == "file_1"
    assert bench.vendor.ledger == []


def test_an_unknown_id_that_is_there_after_all_is_taken(bench: Bench) -> None:
    bench.vendor.refusal = (404, "File not found")
    intent = bench.intent(bench.given())
    (step,) = bench.provider.steps(intent.batch)
    with pytest.raises(Stale):
        bench.provider.create(intent)

    assert bench.provider.perform(step, intent.batch, {}, bench.open).remote_id == "file_1"


@pytest.mark.parametrize("operation", Operation)
def test_a_lost_batch_of_references_is_found(bench: Bench, operation: Operation) -> None:
    intent = bench.intent(bench.given(), bench.link("https://example.com/none"), operation=operation)
    bench.provider.create(intent)

    sighting = bench.provider.look(intent)

    assert sighting.found is not None
    assert sighting.found.runs.keys() == {item.key for item in intent.batch.items}
    assert len(bench.provider.poll(intent, None).ended) == 2


def test_nothing_found_of_references_alone_proves_nothing(bench: Bench) -> None:
    intent = bench.intent(bench.given(), bench.link(LINK))

    sighting = bench.provider.look(intent)

    assert (sighting.found, sighting.witness) == (None, False)


def test_an_upload_beside_references_is_a_witness(bench: Bench) -> None:
    intent = bench.intent(bench.link(LINK), bench.text("a"))

    assert bench.provider.look(intent).witness


def test_a_link_to_an_object_is_in_what_is_sent_and_in_nothing_that_is_kept(bench: Bench) -> None:
    bench.vendor.web["https://bucket.example/a.txt?versionId=v1&X-Amz-Signature=f00d"] = b"the object"
    intent = bench.intent(bench.object(), bench.text("b"))

    bench.provider.create(intent)

    placeholder, upload = (each["file"] for each in json.loads(intent.body)["inputs"])
    link, same = (each["file"] for each in bench.vendor.sent("POST")[-1].json()["inputs"])
    assert placeholder["url"] == "s3://bucket/a.txt?versionId=v1"
    assert link == {**placeholder, "url": "https://bucket.example/a.txt?versionId=v1&X-Amz-Signature=f00d"}
    assert same == upload
    assert "f00d" not in repr(intent)
    assert len(bench.vendor.ledger) == 2


def test_an_upload_beside_an_object_witnesses_no_absence(bench: Bench) -> None:
    """What is fetched by a link shows when it is fetched, and is never sent again for not being seen."""
    sighting = bench.provider.look(bench.intent(bench.object(), bench.text("a")))

    assert (sighting.found, sighting.witness) == (None, False)


@pytest.mark.parametrize("operation", Operation)
def test_a_lost_batch_of_objects_is_found(bench: Bench, operation: Operation) -> None:
    intent = bench.intent(bench.object("a"), bench.object("b"), operation=operation)
    bench.provider.create(intent)

    sighting = bench.provider.look(intent)

    assert sighting.found is not None
    assert sighting.found.runs.keys() == {item.key for item in intent.batch.items}


def test_an_object_that_cannot_be_read_as_one_is_refused_alone(bench: Bench) -> None:
    item = bench.object()
    bench.contents[item.key] = b"{}"

    with pytest.raises(Refused, match=r"object\.txt: this is no reference to an object"):
        bench.prepared(bench.batch(item))


def test_lists_are_not_read_back_to_their_beginning(bench: Bench) -> None:
    """A day before the references were noted is far enough."""
    bench.vendor.page_size_ignored = True
    now = bench.vendor.clock()
    bench.vendor.clock = lambda: now - 3 * 86_400
    bench.provider.create(bench.sent(*(f"old {number}" for number in range(50))))
    bench.vendor.clock = lambda: now
    before = len(bench.vendor.requests)

    bench.provider.look(bench.intent(bench.given()))

    assert len(bench.vendor.requests) - before == 1


def test_a_batch_of_references_that_is_gone_is_told_from_a_wrong_key(bench: Bench) -> None:
    intent = bench.intent(bench.given())
    accepted = bench.provider.create(intent)
    bench.vendor.batches.clear()
    bench.vendor.runs.clear()

    with pytest.raises(Gone):
        bench.provider.poll(intent, accepted.remote_id)
    bench.vendor.keys[KEY] = "ws_other"
    with pytest.raises(CredentialsError):
        bench.provider.poll(intent, accepted.remote_id)


def test_single_runs_take_links_and_ids_too(tmp_path: Path) -> None:
    with opened(tmp_path, api_version="2025-04-21") as bench:
        bench.vendor.web[LINK] = b"linked"
        for item in (bench.link(LINK), bench.given()):
            intent = bench.intent(item)
            accepted = bench.provider.create(intent)
            assert bench.provider.poll(intent, accepted.remote_id).ended
        names = [set(request.json()["file"]) for request in bench.vendor.sent("POST")]

    assert names == [{"fileUrl", "fileName"}, {"fileId"}]


def test_single_runs_cannot_be_recalled_and_say_so(tmp_path: Path) -> None:
    with opened(tmp_path, api_version="2025-04-21") as bench, pytest.raises(Gone, match="lists no runs"):
        bench.provider.recall("testproject01-s1")


@pytest.fixture
def vendor() -> Iterator[ExtendEmulator]:
    """Extend with three files that were there before."""
    with ExtendEmulator() as emulator:
        for name in ("one", "two", "three"):
            emulator._made("ws_main", f"{name}.txt", f"document {name}".encode())
        yield emulator
        assert emulator.errors == []


IDS = "{file_ids: [file_1, file_2, file_3]}"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_files_that_are_there_are_paid_once_without_an_upload(
    tmp_path: Path, vendor: ExtendEmulator, operation: str
) -> None:
    project = extend_project(tmp_path, vendor, operation=operation, source=IDS)
    project.applied()
    project.applied()

    assert len(vendor.ledger) == len(set(vendor.ledger)) == 3
    assert [request.path for request in vendor.sent("POST")] == [f"/{operation}_runs/batch"]
    assert len(project.outputs()) == 6


def test_one_unknown_id_fails_its_document_and_no_other(tmp_path: Path, vendor: ExtendEmulator) -> None:
    vendor.refuses_unknown_files = True
    source = "{file_ids: [file_1, file_8, file_2, file_9, file_3]}"
    project = extend_project(tmp_path, vendor, source=source)

    ended = project.call("apply", "--json")

    failures = ended.lines[-1]["jobs"][0]["failures"]
    assert ended.code == 3
    assert sorted((each["path"], each["class"]) for each in failures) == [
        ("file_8", "refused_input"),
        ("file_9", "refused_input"),
    ]
    assert len(vendor.ledger) == len(set(vendor.ledger)) == 3


def test_texts_are_uploaded_as_plain_text(tmp_path: Path, vendor: ExtendEmulator) -> None:
    project = extend_project(tmp_path, vendor, source="{texts: {note: what it says}}")

    project.applied()

    assert vendor.files["file_4"].content == b"what it says"
    assert b"text/plain" in vendor.sent("POST")[0].body


def test_a_lost_batch_of_ids_is_found_though_nothing_bears_our_name(
    tmp_path: Path, vendor: ExtendEmulator
) -> None:
    vendor.create_faults = ["lost"]
    project = extend_project(tmp_path, vendor, source=IDS)

    project.applied()

    assert len(vendor.ledger) == 3


@pytest.mark.parametrize("fault", ["lost", "lost_before"])
def test_an_unanswered_batch_of_ids_that_is_not_seen_is_held_even_with_resend(
    tmp_path: Path, vendor: ExtendEmulator, fault: str
) -> None:
    vendor.lag = 3600
    vendor.create_faults = [fault]
    project = extend_project(tmp_path, vendor, source=IDS, then="resend", grace=0.2)

    assert project.call("apply", "--timeout", "5s").code == 4
    assert project.call("apply", "--timeout", "5s").code == 4
    assert len(vendor.batches) == (1 if fault == "lost" else 0)


def test_a_lost_state_is_noticed_though_nothing_bears_our_name(
    tmp_path: Path, vendor: ExtendEmulator
) -> None:
    extend_project(tmp_path / "before", vendor, source=IDS).applied()

    assert extend_project(tmp_path / "after", vendor, source=IDS).call("apply").code == 6
    assert len(vendor.batches) == 1


def test_a_dead_upload_is_uploaded_again_and_nothing_fails(tmp_path: Path, vendor: ExtendEmulator) -> None:
    extend_project(tmp_path, vendor).applied()
    for name in list(vendor.files):
        vendor.files[name].workspace = "ws_deleted"
    vendor.refuses_unknown_files = True

    project = extend_project(tmp_path, vendor, operation="extract")
    project.applied()

    assert len([each for each in vendor.sent("POST") if each.path == "/files/upload"]) == 6
    assert sorted(entry.split()[0] for entry in vendor.ledger) == ["extract"] * 3 + ["parse"] * 3
