"""extract.page through the real command: one spec, an emulated vendor, each document paid once."""

import json
from pathlib import Path
from typing import Any

import pytest

from docbatch.emulators.extractpage.service import HOUR, IMAGE_SECRET, KEY, OTHER_KEY, ExtractPage
from docbatch.testing import _zygote
from docbatch.testing.crash import killing
from tests.cli.time_of_run import apply_until
from tests.providers.extractpage.project import (
    DOCUMENTS,
    EXPECTED,
    JOB,
    NAMES,
    VendorProject,
    project,
    uploaded,
)

QUIRKS: dict[str, dict[str, Any]] = {
    "a watermark as the last cursor": {"watermark": True},
    "many small pages": {"page": 2},
    "many small pages and a watermark": {"page": 2, "watermark": True},
    "items committed late with an earlier time": {"late": 2, "watermark": True, "page": 2},
    "a cursor that is refused": {"watermark": True, "forgets_cursors": True},
    "words nobody declared": {"words": {"pending": "queued", "completed": "finished"}},
    "an unknown word for success": {"words": {"succeeded": "parsed"}},
    "files checked before the key": {"files_first": True},
    "refusals kept by key": {"remembers_refusals": True},
    "the oldest batches listed first": {"oldest_first": True},
    "an upload signed for its content type": {"signed": "content-type;host"},
    "an upload signed for its length": {"signed": "content-length;host"},
    "files without an expiry": {"says_expiry": False},
    "gzipped results": {"zips": True},
    "results without a redirect": {"direct": True},
    "an upload link that had expired": {"expired_puts": 1},
    "a result link that had expired": {"expired_links": 1},
    "a result cut short": {"spoilt_results": 1},
    "uploads not configured at first": {"unconfigured": 1},
}
MANY = 10_000
SENT = ("POST", "/v1/batches")


def paid_once(emulator: ExtractPage) -> bool:
    return sorted(emulator.ledger) == NAMES


def test_a_job_runs_from_the_spec_to_the_outputs(tmp_path: Path) -> None:
    with ExtractPage() as vendor:
        subject = project(tmp_path, vendor)
        done = subject.run("apply")

        assert done.returncode == 0, done.stdout + done.stderr
        assert subject.outputs() == EXPECTED
        assert paid_once(vendor)
        assert vendor.errors == []
        assert [len(vendor.sent("PUT")), len(vendor.batches)] == [5, 1]


def test_a_second_apply_sends_nothing(tmp_path: Path) -> None:
    with ExtractPage() as vendor:
        subject = project(tmp_path, vendor)
        subject.applied()
        before = len(vendor.requests)

        assert subject.call("apply").code == 0
        assert len(vendor.requests) == before


@pytest.mark.parametrize("quirk", QUIRKS)
def test_a_quirk_changes_nothing(tmp_path: Path, quirk: str) -> None:
    with ExtractPage(**QUIRKS[quirk]) as vendor:
        subject = project(tmp_path, vendor)
        subject.applied()

        assert subject.outputs() == EXPECTED
        assert paid_once(vendor)
        assert vendor.errors == []


@pytest.mark.parametrize("order", [True, False])
def test_a_batch_is_found_in_a_list_of_many(tmp_path: Path, order: bool) -> None:
    with ExtractPage(oldest_first=order) as vendor:
        subject = project(tmp_path, vendor)
        subject.applied()
        only = vendor.batches["batch_0001"]
        for number in range(2, 402):
            vendor.batches[f"batch_{number:04d}"] = type(only)(
                f"batch_{number:04d}", "acme", {}, only.created, only.expires
            )
        (tmp_path / ".docbatch" / "state.db").unlink()

        ended = subject.call("apply")

    assert ended.code == 6
    assert "does not know" in ended.err


def test_no_key_and_no_presigned_link_is_left_anywhere(tmp_path: Path) -> None:
    job = JOB + '  - {type: files, path: "out/{{ doc.path }}.json", format: json}\n'
    with ExtractPage(links_pictures=True, linked_picture=b"\x89PNG\r\n\x1a\n") as vendor:
        subject = project(tmp_path, vendor, job=job)
        done = subject.run("apply")
        assert done.returncode == 0

        kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
        for secret in (KEY, IMAGE_SECRET, "X-Amz-Signature"):
            assert not any(secret.encode() in each for each in kept), secret
            assert secret not in done.stdout + done.stderr
        assert vendor.leaks == []
        assert "/images/" in (tmp_path / "out" / "a.txt.json").read_text()
        assert len(list(tmp_path.rglob("a.txt.*.files/page-1-picture-1-*.png"))) == 2


def test_a_refused_key_sends_no_document(tmp_path: Path) -> None:
    with ExtractPage() as vendor:
        ended = project(tmp_path, vendor).with_key("wrong-key-7e").call("apply")

        assert ended.code == 12
        assert vendor.sent("PUT", "POST") == []
        assert "wrong-key-7e" not in ended.out + ended.err


def test_a_missing_key_asks_the_vendor_nothing(tmp_path: Path) -> None:
    with ExtractPage() as vendor:
        ended = project(tmp_path, vendor).with_key(None).call("apply")

        assert ended.code == 12
        assert vendor.requests == []


def test_an_unknown_option_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    with ExtractPage() as vendor:
        subject = project(tmp_path, vendor, job=JOB + "config: {ocr: force}\n")

        assert subject.call("validate").code == 64
        assert vendor.requests == []


def test_options_reach_the_vendor_and_only_those_that_were_set(tmp_path: Path) -> None:
    with ExtractPage() as vendor:
        project(tmp_path, vendor, job=JOB + "config: {engine: swift, extract_images: false}\n").applied()

        body = vendor.batches["batch_0001"].body
        assert (body["engine"], body["extract_images"]) == ("swift", False)
        assert "extract_text" not in body
        assert "ocr" not in body


def test_metadata_names_no_file_and_no_folder(tmp_path: Path) -> None:
    with ExtractPage() as vendor:
        project(tmp_path, vendor).applied()

        marks = vendor.batches["batch_0001"].body["metadata"]
        assert set(marks) == {"tool", "marker", "recipe", "digest"}
        assert all(isinstance(value, str) for value in marks.values())
        assert not any(name in json.dumps(marks) for name in (*DOCUMENTS, str(tmp_path)))


def test_a_failed_item_fails_its_document_with_the_vendors_code(tmp_path: Path) -> None:
    with ExtractPage(failing={"b.txt": "page_limit_exceeded"}) as vendor:
        subject = project(tmp_path, vendor)
        ended = subject.call("apply")

        assert ended.code == 3
        assert "page_limit_exceeded" in ended.out + ended.err
        assert subject.outputs() == {name: text for name, text in EXPECTED.items() if name != "b.txt.md"}
        assert paid_once(vendor)


@pytest.mark.parametrize("knobs", [{"gone": {"c.txt"}}, {"unlisted": {"c.txt"}}, {"spoilt_results": 99}])
def test_a_result_that_cannot_be_had_fails_its_document_and_is_not_sent_again(
    tmp_path: Path, knobs: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("docbatch.engine.running.fetch_results.PATIENCE", 1)
    with ExtractPage(**knobs) as vendor:
        subject = project(tmp_path, vendor)

        assert subject.call("apply").code == 3
        assert subject.call("apply").code == 3
        assert "c.txt.md" not in subject.outputs()
        assert paid_once(vendor)


def test_an_exhausted_quota_pays_for_nothing_and_keeps_the_uploads(tmp_path: Path) -> None:
    with ExtractPage(quota=0) as vendor:
        subject = project(tmp_path, vendor)
        ended = subject.call("apply")

        assert ended.code not in {0, 4}
        assert vendor.ledger == []
        assert "quota_exceeded" in ended.out + ended.err

        vendor.quota = None
        subject.call("retry")
        subject.applied()
        assert paid_once(vendor)
        assert len(vendor.sent("PUT")) == 5


def test_a_file_that_is_too_large_does_not_keep_the_others_back(tmp_path: Path) -> None:
    with ExtractPage(largest=8) as vendor:
        subject = project(tmp_path, vendor)

        assert subject.call("apply").code == 3
        assert set(subject.outputs()) == set(EXPECTED) - {"a.txt.md"}


def test_files_the_vendor_has_no_bytes_of_are_uploaded_again(tmp_path: Path) -> None:
    with ExtractPage(unlanded=1) as vendor:
        subject = project(tmp_path, vendor)

        assert subject.call("apply", "--timeout", "5s").code == 0
        assert paid_once(vendor)
        assert len(vendor.sent("PUT")) == 6


def test_an_answer_without_our_marks_is_never_adopted(tmp_path: Path) -> None:
    with ExtractPage(echoes_metadata=False) as vendor:
        subject = project(tmp_path, vendor)

        def is_looked_for() -> bool:
            return [(each.method, each.path) for each in vendor.requests].count(SENT) > 1

        assert apply_until(subject, is_looked_for).code == 4
        assert subject.outputs() == {}
        assert paid_once(vendor)


def test_another_accounts_key_loses_nothing_that_was_paid(tmp_path: Path) -> None:
    with ExtractPage(pace=10**9) as vendor:
        subject = project(tmp_path, vendor)
        assert subject.call("apply", "--no-wait").code == 4

        stranger = subject.with_key(OTHER_KEY).call("apply")
        assert stranger.code == 12
        assert "does not see" in stranger.err

        vendor.pace = 1
        subject.applied()
        assert subject.outputs() == EXPECTED
        assert paid_once(vendor)


def test_results_that_were_ready_are_not_lost_to_another_accounts_key(tmp_path: Path) -> None:
    with ExtractPage(pace=1, expired_links=MANY) as vendor:
        subject = project(tmp_path, vendor)
        assert apply_until(subject, lambda: vendor.expired_links < MANY).code == 4

        assert subject.with_key(OTHER_KEY).call("apply").code == 12
        vendor.expired_links = 0
        subject.applied()
        assert subject.outputs() == EXPECTED
        assert paid_once(vendor)


def test_uploads_are_reused_by_another_job_with_other_options(tmp_path: Path) -> None:
    with ExtractPage() as vendor:
        subject = project(tmp_path, vendor)
        subject.applied()
        subject.job(
            JOB.replace("name: job", "name: swift").replace("out/", "swift/") + "config: {engine: swift}\n",
            "swift",
        )
        subject.applied()

        assert len(vendor.sent("PUT")) == 5
        assert sorted(vendor.ledger) == sorted(NAMES * 2)


def killed(subject: VendorProject, vendor: ExtractPage, number: int, mode: str) -> None:
    vendor.faults[number] = mode
    process = _zygote.start(subject.root, ("apply",), {"EXTRACT_API_KEY": KEY})
    vendor.strike = killing(process.pid)
    process.communicate()
    assert process.returncode == -9


CREATE = 14
"""The number of the create among the requests of a first apply."""


@pytest.mark.parametrize("mode", ["kill_before", "kill_after"])
def test_a_create_older_than_its_key_is_looked_for_and_uploads_of_two_days_ago_are_not_used(
    tmp_path: Path, mode: str
) -> None:
    with ExtractPage() as vendor:
        now = vendor.clock
        vendor.clock = lambda: now() - 50 * HOUR
        subject = project(tmp_path, vendor)
        killed(subject, vendor, CREATE, mode)
        assert vendor.requests[-1].path == "/v1/batches"
        vendor.clock = now

        subject.applied()
        assert subject.outputs() == EXPECTED
        assert paid_once(vendor)
        assert len(vendor.sent("PUT")) == (5 if mode == "kill_after" else 10)


def test_a_create_older_than_all_traces_of_it_is_held(tmp_path: Path) -> None:
    with ExtractPage() as vendor:
        now = vendor.clock
        vendor.clock = lambda: now() - 100 * HOUR
        subject = project(tmp_path, vendor)
        killed(subject, vendor, CREATE, "kill_after")
        vendor.clock = now

        assert subject.call("apply").code == 4
        assert paid_once(vendor)


def test_a_create_by_another_account_is_held_until_its_key_is_back(tmp_path: Path) -> None:
    with ExtractPage() as vendor:
        subject = project(tmp_path, vendor)
        killed(subject, vendor, CREATE, "kill_after")

        assert subject.with_key(OTHER_KEY).call("apply").code == 4
        assert paid_once(vendor)
        subject.applied()
        assert subject.outputs() == EXPECTED
        assert paid_once(vendor)


@pytest.mark.parametrize("knobs", [{"files_first": True}, {"idempotent": False}])
def test_a_replay_that_is_refused_leads_to_a_look_and_to_no_new_upload(
    tmp_path: Path, knobs: dict[str, Any]
) -> None:
    with ExtractPage(**knobs) as vendor:
        subject = project(tmp_path, vendor)
        killed(subject, vendor, CREATE, "kill_after")
        vendor.lag = 1e9
        for file in vendor.files.values():
            file.expires -= 80 * HOUR
        assert subject.call("apply", "--timeout", "2s").code == 4
        vendor.lag = 0

        subject.applied()
        assert subject.outputs() == EXPECTED
        assert paid_once(vendor)
        assert len(vendor.sent("PUT")) == 5


def test_items_are_collected_as_they_succeed(tmp_path: Path) -> None:
    with ExtractPage(pace=4) as vendor:
        project(tmp_path, vendor).applied()
        asked = [request.path for request in vendor.requests if request.method == "GET"]

        first_result = next(at for at, path in enumerate(asked) if path.endswith("/result"))
        assert asked[first_result:].count("/v1/batches/batch_0001") >= 2


LISTED = """
apiVersion: docbatch/v1
name: listed
source: {{file_ids: [{ids}]}}
provider: extractpage
sink:
  - {{type: files, path: "listed/{{{{ doc.path }}}}.md", format: markdown}}
"""


def test_files_that_are_there_already_are_parsed_where_they_lie(tmp_path: Path) -> None:
    with ExtractPage() as vendor:
        there = uploaded(vendor, "there before")
        subject = project(tmp_path, vendor)
        subject.job(LISTED.format(ids=f"{there}, file_gone"), "listed")
        ended = subject.call("apply")

        assert ended.code == 3
        assert "file file_gone cannot be used at extract.page" in ended.out + ended.err
        assert subject.outputs("listed") == {f"{there}.md": b"there before\n"}
        assert subject.outputs() == EXPECTED
        assert sorted(vendor.ledger) == sorted([*NAMES, "x.txt"])
        assert len(vendor.sent("PUT")) == len(NAMES) + 1

        asked = len(vendor.sent("POST", "PUT"))
        assert subject.call("apply").code == 3
        assert len(vendor.sent("POST", "PUT")) == asked


def test_a_listed_file_that_goes_before_the_batch_fails_alone_and_is_not_uploaded(tmp_path: Path) -> None:
    with ExtractPage() as vendor:
        there, going = uploaded(vendor, "there before"), uploaded(vendor, "going")
        vendor.blobs.pop(vendor.files[going].path)
        subject = project(tmp_path, vendor, job=LISTED.format(ids=f"{there}, {going}"))
        ended = subject.call("apply")

        assert ended.code == 3
        assert "file_not_uploaded" in ended.out + ended.err
        assert vendor.ledger == ["x.txt"]
        assert len(vendor.sent("PUT")) == 2
