"""The real command against the emulated Extend: from documents to outputs."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.providers import extend
from tests.providers.extend.project import DOCUMENTS, KEY, OPERATIONS, extend_project


@pytest.fixture
def vendor() -> Iterator[ExtendEmulator]:
    with ExtendEmulator() as emulator:
        yield emulator
        assert emulator.errors == []
        assert emulator.leaks == []


def payments(vendor: ExtendEmulator) -> list[str]:
    return sorted(vendor.ledger)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_document_becomes_an_output_and_is_paid_once(
    tmp_path: Path, vendor: ExtendEmulator, operation: str
) -> None:
    project = extend_project(tmp_path, vendor, operation=operation)

    project.applied()

    assert len(payments(vendor)) == len(set(payments(vendor))) == len(DOCUMENTS)
    assert set(project.outputs()) == {
        f"{name}.txt.{form}" for name in ("one", "two", "three") for form in ("md", "txt")
    }


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_second_apply_sends_nothing(tmp_path: Path, vendor: ExtendEmulator, operation: str) -> None:
    project = extend_project(tmp_path, vendor, operation=operation)
    project.applied()
    before = len(vendor.sent("POST", "PUT"))

    project.applied()

    assert len(vendor.sent("POST", "PUT")) == before


def test_a_parsed_document_keeps_pages_places_and_charges(tmp_path: Path, vendor: ExtendEmulator) -> None:
    project = extend_project(tmp_path, vendor)
    project.applied()

    result = json.loads((tmp_path / "json/one.txt.json").read_text())

    assert result["provider"]["engine"] == "parse_performance 2.0.0"
    assert [page["number"] for page in result["pages"]] == [1, 2]
    assert (result["pages"][0]["width"], result["pages"][0]["height"]) == (612.0, 792.0)
    assert result["usage"] == {"pages": 2, "credits": 4.0}
    assert "3 done; 12 credits charged" in project.call("status").out
    assert result["timing"] == {"seconds": 1.2}


def test_the_charge_of_an_extraction_includes_the_parsing_it_caused(
    tmp_path: Path, vendor: ExtendEmulator
) -> None:
    project = extend_project(tmp_path, vendor, operation="extract")
    project.applied()

    result = json.loads((tmp_path / "json/one.txt.json").read_text())

    assert result["usage"]["credits"] == 10.0
    assert result["provider"]["engine"] == "ex_one 2.0"
    assert result["metadata"]["value"]["text"] == "the one document"


def test_a_second_operation_reuses_the_uploads(tmp_path: Path, vendor: ExtendEmulator) -> None:
    project = extend_project(tmp_path, vendor)
    project.applied()

    extend_project(tmp_path, vendor, operation="extract").applied()

    assert len(vendor.files) == len(DOCUMENTS)


def test_uploads_are_named_for_the_project_and_the_document(tmp_path: Path, vendor: ExtendEmulator) -> None:
    extend_project(tmp_path, vendor).applied()

    names = sorted(file.name for file in vendor.files.values())

    assert all(name.startswith("testproject01-") and name.endswith(".txt") for name in names)
    assert len({name.split("-")[1] for name in names}) == len(DOCUMENTS)


def test_failures_are_told_apart_and_stop_nothing_else(tmp_path: Path, vendor: ExtendEmulator) -> None:
    bad = ("corrupt", "locked", "novel", "stopped", "unloadable")
    documents = {"in/good.txt": "good", **{f"in/{name}.txt": name for name in bad}}
    project = extend_project(tmp_path, vendor, documents=documents)

    ended = project.call("apply", "--json")

    failures = {
        failure["path"].removesuffix(".txt"): failure["class"]
        for job in ended.lines[-1]["jobs"]
        for failure in job["failures"]
    }
    assert ended.code == 3
    assert failures == {
        "corrupt": "corrupt",
        "locked": "encrypted",
        "novel": "unknown",
        "stopped": "cancelled",
        "unloadable": "vendor_error",
    }
    assert "good.txt.md" in project.outputs()


def test_a_refused_upload_fails_its_document_alone(tmp_path: Path, vendor: ExtendEmulator) -> None:
    project = extend_project(tmp_path, vendor, documents={**DOCUMENTS, "in/bad.txt": "malware"})

    ended = project.call("apply")

    assert ended.code == 3
    assert len(vendor.ledger) == len(DOCUMENTS)
    assert "malware scan" in ended.out + ended.err


def test_large_outputs_come_from_the_storage_host_without_the_key(
    tmp_path: Path, vendor: ExtendEmulator
) -> None:
    config = "{advancedOptions: {returnOcr: {words: true}}}"
    project = extend_project(tmp_path, vendor, config=config)

    project.applied()

    downloads = [request for request in vendor.requests if request.host == "storage"]
    assert len(downloads) == len(DOCUMENTS)
    assert not any(KEY in str(request.headers) for request in downloads)


def test_links_in_results_lose_their_signatures(tmp_path: Path, vendor: ExtendEmulator) -> None:
    config = "{advancedOptions: {returnOcr: {words: true}}}"
    extend_project(tmp_path, vendor, config=config).applied()

    kept = b"".join(
        path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.name != "key"
    )

    assert b"X-Amz-Signature" not in kept
    assert KEY.encode() not in kept


def test_the_vendors_priority_is_sent_and_costs_no_second_run(tmp_path: Path, vendor: ExtendEmulator) -> None:
    extend_project(tmp_path, vendor, config="{target: markdown}").applied()

    extend_project(tmp_path, vendor, config="{target: markdown, priority: 7}").applied()
    assert len(vendor.ledger) == len(DOCUMENTS)

    documents = {**DOCUMENTS, "in/four.txt": "four"}
    extend_project(tmp_path, vendor, config="{target: markdown, priority: 7}", documents=documents).applied()
    assert vendor.sent("POST")[-1].json()["priority"] == 7


def test_a_priority_is_sent_with_the_documents_of_its_own_job_alone(
    tmp_path: Path, vendor: ExtendEmulator
) -> None:
    project = extend_project(tmp_path, vendor, config="{target: markdown}")
    plain = (tmp_path / "jobs/job.yaml").read_text()
    urgent = plain.replace("name: job", "name: urgent").replace("root: in", "root: now")
    priced = urgent.replace("{target: markdown}", "{target: markdown, priority: 7}")
    project.write({"jobs/urgent.yaml": priced, "now/five.txt": "five", "now/six.txt": "six"})

    project.applied()

    created = [request.json() for request in vendor.sent("POST") if "upload" not in request.path]
    assert sorted((len(each["inputs"]), each.get("priority")) for each in created) == [(2, 7), (3, None)]


def test_options_are_sent_as_they_were_written(tmp_path: Path, vendor: ExtendEmulator) -> None:
    config = "{target: spatial, chunkingStrategy: {type: page}, advancedOptions: {pageRanges: [{start: 1, end: 2}]}}"
    extend_project(tmp_path, vendor, config=config).applied()

    assert vendor.sent("POST")[-1].json()["config"] == {
        "target": "spatial",
        "chunkingStrategy": {"type": "page"},
        "advancedOptions": {"pageRanges": [{"start": 1, "end": 2}]},
    }


def test_every_request_names_the_api_version(tmp_path: Path, vendor: ExtendEmulator) -> None:
    extend_project(tmp_path, vendor).applied()

    assert {request.headers.get("x-extend-api-version") for request in vendor.requests} == {"2026-02-09"}


def test_a_wrong_key_is_told_before_any_upload(tmp_path: Path, vendor: ExtendEmulator) -> None:
    project = extend_project(tmp_path, vendor)
    project.write({"key": "sk_wrong"})

    ended = project.call("apply")

    assert ended.code == 12
    assert vendor.sent("POST") == []
    assert "sk_wrong" not in ended.out + ended.err


def test_without_credits_nothing_is_sent_and_no_document_fails(
    tmp_path: Path, vendor: ExtendEmulator
) -> None:
    vendor.credits = 0
    project = extend_project(tmp_path, vendor)

    ended = project.call("apply", "--json", "--timeout", "60s")

    assert ended.code == 5
    assert ended.lines[-1]["jobs"][0]["standing"] == {"pending": len(DOCUMENTS)}
    assert vendor.ledger == []


def test_an_upload_refused_without_credits_stops_sending_only(tmp_path: Path, vendor: ExtendEmulator) -> None:
    vendor.upload_credits = 0
    project = extend_project(tmp_path, vendor)

    ended = project.call("apply", "--json", "--timeout", "5s")

    assert (ended.code, len(vendor.files)) == (5, 0)
    assert ended.lines[-1]["jobs"][0]["standing"] == {"pending": len(DOCUMENTS)}


def test_runs_that_fail_without_credits_stop_sending(
    tmp_path: Path, vendor: ExtendEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extend, "MOST_DOCUMENTS", 2)
    monkeypatch.setattr(extend, "IN_FLIGHT", 1)
    documents = {f"in/{number}.txt": f"unpaid {number}" for number in range(5)}
    project = extend_project(tmp_path, vendor, documents=documents)

    ended = project.call("apply", "--json")

    assert (ended.code, len(vendor.batches)) == (5, 1)
    assert ended.lines[-1]["jobs"][0]["standing"] == {"failed": 2, "pending": 3}


def test_what_runs_is_collected_after_credits_have_run_out(tmp_path: Path, vendor: ExtendEmulator) -> None:
    vendor.latency = 3600
    project = extend_project(tmp_path, vendor)
    assert project.call("apply", "--no-wait").code == 4
    for run in vendor.runs.values():
        run.ends = 0.0
    vendor.credits = 0
    project.write({"in/four.txt": "four"})

    ended = project.call("apply", "--json")

    assert ended.code == 5
    assert ended.lines[-1]["jobs"][0]["standing"] == {"pending": 1}
    assert len(project.outputs()) == 2 * len(DOCUMENTS)


def test_more_documents_than_a_batch_takes_are_several_batches(
    tmp_path: Path, vendor: ExtendEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extend, "MOST_DOCUMENTS", 4)
    documents = {f"in/{number}.txt": f"document {number}" for number in range(10)}

    extend_project(tmp_path, vendor, documents=documents).applied()

    assert [len(batch.runs) for batch in vendor.batches.values()] == [4, 4, 2]


def test_an_unknown_processor_is_told_and_nothing_is_paid(tmp_path: Path, vendor: ExtendEmulator) -> None:
    project = extend_project(tmp_path, vendor, operation="extract", config="{processor: {id: ex_none}}")

    ended = project.call("apply")

    assert ended.code != 0
    assert "knows no extractor ex_none" in ended.err
    assert vendor.ledger == []


def test_the_latest_version_is_resolved_once_and_kept(tmp_path: Path, vendor: ExtendEmulator) -> None:
    extend_project(tmp_path, vendor, operation="extract").applied()
    vendor.versions["ex_one"].append("3.0")

    extend_project(tmp_path, vendor, operation="extract", documents={"in/four.txt": "four"}).applied()
    assert vendor.sent("POST")[-1].json()["extractor"] == {"id": "ex_one", "version": "2.0"}

    documents = {"in/five.txt": "five"}
    project = extend_project(tmp_path, vendor, operation="extract", documents=documents)
    project.applied("--upgrade", "job", "--yes")
    assert vendor.sent("POST")[-1].json()["extractor"] == {"id": "ex_one", "version": "3.0"}


def test_a_processor_that_was_never_published_is_used_as_a_draft(
    tmp_path: Path, vendor: ExtendEmulator
) -> None:
    extend_project(tmp_path, vendor, operation="split").applied()

    assert vendor.sent("POST")[-1].json()["splitter"] == {"id": "spl_one", "version": "draft"}


def test_version_and_override_are_sent_as_written(tmp_path: Path, vendor: ExtendEmulator) -> None:
    config = '{processor: {id: ex_one, version: "1.0", override: {schema: {type: object}}}}'
    extend_project(tmp_path, vendor, operation="extract", config=config).applied()

    assert vendor.sent("POST")[-1].json()["extractor"] == {
        "id": "ex_one",
        "version": "1.0",
        "overrideConfig": {"schema": {"type": "object"}},
    }


def test_lists_are_read_to_the_end_in_pages_of_ten(tmp_path: Path, vendor: ExtendEmulator) -> None:
    """A vendor that ignores both names of the page size shows ten rows at a time."""
    vendor.page_size_ignored = True
    documents = {f"in/{number}.txt": f"document {number}" for number in range(25)}
    project = extend_project(tmp_path, vendor, documents=documents)

    project.applied()

    assert len(project.outputs()) == 2 * len(documents)
    assert len(vendor.ledger) == len(documents)


def test_both_names_of_the_page_size_are_sent(tmp_path: Path, vendor: ExtendEmulator) -> None:
    extend_project(tmp_path, vendor).applied()

    lists = [request for request in vendor.sent("GET") if request.path == "/parse_runs"]
    assert {(each.param("limit"), each.param("maxPageSize")) for each in lists} == {("1000", "1000")}


@pytest.mark.full
def test_2500_documents_are_three_batches(tmp_path: Path, vendor: ExtendEmulator) -> None:
    documents = {f"in/{number}.txt": f"document {number}" for number in range(2500)}
    project = extend_project(tmp_path, vendor, documents=documents)

    project.applied()

    assert len(vendor.batches) == 3
    assert len(vendor.ledger) == len(set(vendor.ledger)) == 2500
    assert len(project.outputs()) == 5000
