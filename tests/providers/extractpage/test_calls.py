"""What each call to extract.page proves: made, not made, or not known; seen, absent, or not to be told."""

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import cycle
from typing import Any

import pytest

from docbatch.core.errors import CredentialsError, Gone, NotSent, Refused, Stale, Unavailable, Uncertain
from docbatch.emulators.extractpage.service import HOUR, KEY, OTHER_KEY, ExtractPage
from docbatch.emulators.server import Request, Response
from docbatch.naming.signed import without_signatures
from docbatch.providers.base import ContentChanged, Ready, left_by_looks
from docbatch.providers.extractpage.calls import MOST_REGISTRATIONS
from docbatch.providers.extractpage.provider import ExtractPageProvider
from docbatch.providers.extractpage.uploads import signed_headers
from tests.providers.extractpage import project as arrange
from tests.providers.extractpage.project import DOCUMENTS, PROJECT_ID

LOST = ["lost", "lost_before", "reset", "500_after", "500_before", "truncated", "malformed", "html502"]


def next_request(vendor: ExtractPage, after: int = 1) -> int:
    return len(vendor.requests) + after


def later(vendor: ExtractPage, hours: float) -> None:
    before = vendor.clock
    vendor.clock = lambda: before() + hours * HOUR


@pytest.mark.parametrize("fault", LOST)
def test_a_create_without_a_clear_answer_is_uncertain_and_its_replay_pays_once(fault: str) -> None:
    with ExtractPage() as vendor:
        subject = arrange.provider(vendor)
        wanted = arrange.intent(subject)
        vendor.lag = 1e9
        vendor.faults[next_request(vendor, 2)] = fault

        with pytest.raises(Uncertain):
            subject.create(wanted)
        assert subject.create(wanted).remote_id == "batch_0001"
        assert sorted(vendor.ledger) == sorted(DOCUMENTS)
        subject.close()


@pytest.mark.parametrize("fault", ["429", "429_plain"])
def test_a_create_put_off_by_the_vendor_was_not_sent(fault: str) -> None:
    with ExtractPage() as vendor:
        vendor.retry_after = 7
        subject = arrange.provider(vendor)
        wanted = arrange.intent(subject)
        vendor.faults[next_request(vendor, 2)] = fault

        with pytest.raises(NotSent) as raised:
            subject.create(wanted)
        assert raised.value.retry_after == (7 if fault == "429" else None)
        assert vendor.ledger == []
        subject.close()


@pytest.mark.parametrize("fault", ["lost", "500_before", "429", "malformed", "html502"])
def test_a_create_whose_look_for_itself_fails_was_not_sent(fault: str) -> None:
    with ExtractPage() as vendor:
        subject = arrange.provider(vendor)
        wanted = arrange.intent(subject)
        vendor.faults[next_request(vendor)] = fault

        with pytest.raises(NotSent):
            subject.create(wanted)
        assert [request.method for request in vendor.requests[-1:]] == ["GET"]
        subject.close()


def test_a_create_that_is_listed_already_is_adopted_without_being_sent() -> None:
    with ExtractPage(idempotent=False) as vendor:
        subject = arrange.provider(vendor)
        wanted = arrange.intent(subject)
        made = subject.create(wanted)

        assert subject.create(wanted) == made
        assert sorted(vendor.ledger) == sorted(DOCUMENTS)
        subject.close()


def test_the_earliest_of_several_batches_is_adopted() -> None:
    with ExtractPage(idempotent=False, lag=1e9) as vendor:
        subject = arrange.provider(vendor)
        wanted = arrange.intent(subject)
        subject.create(wanted)
        subject.create(wanted)
        vendor.lag = 0

        found = subject.look(wanted).found
        assert found is not None
        assert found.remote_id == "batch_0001"
        subject.close()


@pytest.mark.parametrize(
    ("knobs", "code"),
    [({"quota": 0}, "quota_exceeded"), ({"unlanded": 1}, "file_not_uploaded")],
)
def test_a_clear_no_is_a_refusal_with_the_vendors_code(knobs: dict[str, Any], code: str) -> None:
    with ExtractPage(**knobs) as vendor:
        subject = arrange.provider(vendor)

        with pytest.raises(Refused) as raised:
            subject.create(arrange.intent(subject))
        assert raised.value.code == code
        assert vendor.ledger == []
        subject.close()


def test_options_the_vendor_does_not_take_are_a_refusal_that_says_which() -> None:
    with ExtractPage() as vendor:
        subject = arrange.provider(vendor)
        wanted = arrange.intent(subject, arrange.batch(engine="e" * 65))

        with pytest.raises(Refused, match=r"body\.engine"):
            subject.create(wanted)
        subject.close()


def test_a_create_names_the_files_to_be_prepared_again() -> None:
    with ExtractPage() as vendor:
        subject = arrange.provider(vendor)
        wanted = arrange.intent(subject)
        del vendor.files["file_000002"]

        with pytest.raises(Stale) as raised:
            subject.create(wanted)
        second = wanted.batch.items[1]
        assert raised.value.stale == (f"file {second.digest} text/plain",)
        subject.close()


def test_a_refusal_kept_by_key_does_not_reach_the_next_submission() -> None:
    with ExtractPage(unlanded=1, remembers_refusals=True) as vendor:
        subject = arrange.provider(vendor)
        first = arrange.intent(subject)
        for _ in range(2):
            with pytest.raises(Stale):
                subject.create(first)

        assert (
            subject.create(arrange.intent(subject, arrange.batch(submission="s2"))).remote_id == "batch_0001"
        )
        subject.close()


@pytest.mark.parametrize("mismatch", ["409", "422"])
def test_a_conflict_over_a_key_is_never_taken_for_a_proof_of_absence(mismatch: str) -> None:
    with ExtractPage(mismatch=mismatch, lag=1e9) as vendor:
        subject = arrange.provider(vendor)
        wanted = arrange.intent(subject)
        subject.create(wanted)
        next(iter(vendor._keyed.values())).digest = "of another body"

        with pytest.raises(Uncertain if mismatch == "409" else Refused):
            subject.create(wanted)
        subject.close()


def test_a_replay_that_answers_another_request_is_not_adopted() -> None:
    with ExtractPage(lag=1e9) as vendor:
        subject = arrange.provider(vendor)
        wanted = arrange.intent(subject)
        subject.create(wanted)
        vendor.batches["batch_0001"].body = {"metadata": {"marker": wanted.marker, "digest": "another"}}

        with pytest.raises(Uncertain, match="marks"):
            subject.create(wanted)
        subject.close()


def test_a_key_is_sent_again_for_23_hours_and_no_longer() -> None:
    with ExtractPage(lag=1e9) as vendor:
        subject = arrange.provider(vendor)
        wanted = arrange.intent(subject)
        subject.create(wanted)

        later(vendor, 22.9)
        assert subject.create(wanted).remote_id == "batch_0001"
        later(vendor, 0.2)
        with pytest.raises(Stale) as raised:
            subject.create(wanted)
        assert raised.value.stale == (f"opened {wanted.marker}",)
        assert len(vendor.ledger) == len(DOCUMENTS)
        subject.close()


def test_files_older_than_48_hours_are_not_submitted() -> None:
    with ExtractPage() as vendor:
        subject = arrange.provider(vendor)
        old = arrange.intent(subject)
        later(vendor, 48.1)
        opening = subject.steps(old.batch)[0]
        made = dict(old.prepared) | {
            opening.name: subject.perform(
                opening, old.batch, {}, lambda _: pytest.fail("no bytes are needed")
            )
        }

        with pytest.raises(Stale) as raised:
            subject.create(replace(old, prepared=made))
        assert len(raised.value.stale) == len(DOCUMENTS)
        assert vendor.ledger == []
        subject.close()


@pytest.mark.parametrize(
    ("says", "life", "hours"), [(True, 72 * HOUR, 48), (True, 30 * HOUR, 30), (False, 72 * HOUR, 24)]
)
def test_an_upload_is_reused_for_as_long_as_the_vendor_promises_up_to_48_hours(
    says: bool, life: float, hours: float
) -> None:
    with ExtractPage(says_expiry=says, file_life=life) as vendor:
        now = vendor.clock()
        vendor.clock = lambda: now
        subject = arrange.provider(vendor)

        ends = {
            made.expires for name, made in arrange.intent(subject).prepared.items() if name.startswith("file")
        }
        assert {round((each or 0) - now) // 60 for each in ends} <= {hours * 60, hours * 60 - 1}
        subject.close()


def test_a_look_finds_what_was_made() -> None:
    with ExtractPage() as vendor:
        subject = arrange.provider(vendor)
        wanted = arrange.intent(subject)
        assert subject.look(wanted).found is None
        made = subject.create(wanted)

        assert subject.look(wanted).found == made
        subject.close()


def test_an_empty_look_counts_beside_our_own_file_only() -> None:
    with ExtractPage() as vendor:
        subject = arrange.provider(vendor)
        wanted = arrange.intent(subject)
        stranger = arrange.provider(vendor, OTHER_KEY)

        assert subject.look(wanted).witness
        assert not stranger.look(wanted).witness
        later(vendor, 73)
        assert not subject.look(wanted).witness
        subject.close()
        stranger.close()


def test_where_all_files_have_expired_a_new_one_of_the_same_account_is_the_witness() -> None:
    with ExtractPage(file_life=24 * HOUR, batch_life=240 * HOUR) as vendor:
        subject = arrange.provider(vendor)
        wanted = arrange.intent(subject)
        subject.create(arrange.intent(subject, arrange.batch(submission="s2")))
        stranger = arrange.provider(vendor, OTHER_KEY)
        stranger.create(arrange.intent(stranger, arrange.batch(submission="s3")))
        later(vendor, 30)
        files = len(vendor.files)

        first = subject.look(wanted)
        assert first.left is not None
        again = replace(wanted, prepared={**wanted.prepared, left_by_looks(wanted.marker): first.left})
        assert (first.witness, subject.look(again).witness) == (True, True)
        assert len(vendor.files) == files + 1, "one such file is enough"
        assert not stranger.look(wanted).witness
        later(vendor, 240)
        assert not subject.look(wanted).witness, "by then the batch would no longer be listed"
        subject.close()
        stranger.close()


def test_without_another_batch_nothing_says_how_long_ours_would_be_listed() -> None:
    with ExtractPage(file_life=24 * HOUR, batch_life=240 * HOUR) as vendor:
        subject = arrange.provider(vendor)
        wanted = arrange.intent(subject)
        later(vendor, 30)

        assert not subject.look(wanted).witness
        subject.close()


def test_an_unreadable_list_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with ExtractPage() as vendor:
        subject = arrange.provider(vendor)
        wanted = arrange.intent(subject)
        subject.create(arrange.intent(subject, arrange.batch(submission="s2")))
        subject.create(arrange.intent(subject, arrange.batch(submission="s3")))
        monkeypatch.setattr("docbatch.providers.extractpage.calls.MOST_LISTED", 1)
        monkeypatch.setattr("docbatch.providers.extractpage.calls._LISTED_AT_ONCE", 1)

        assert not subject.look(wanted).witness
        with pytest.raises(Refused, match="more than"):
            list(subject.survey(f"{PROJECT_ID}-").markers)
        vendor.faults[next_request(vendor)] = "html502"
        with pytest.raises(Unavailable):
            subject.look(wanted)
        subject.close()


def test_a_list_of_batches_that_goes_round_in_a_circle_proves_nothing() -> None:
    with ExtractPage() as vendor:
        subject = arrange.provider(vendor)
        wanted = arrange.intent(subject)
        subject.create(arrange.intent(subject, arrange.batch(submission="s2")))
        receive, given = vendor.receive, cycle("ab")

        def circling(request: Request) -> tuple[Response | None, str]:
            response, fault = receive(replace(request, query=""))
            assert response is not None
            return replace(
                response, body=json.dumps({**json.loads(response.body), "next_cursor": next(given)}).encode()
            ), fault

        vendor.receive = circling  # type: ignore[method-assign]
        before = vendor.count

        with pytest.raises(Unavailable, match="go round in a circle"):
            subject.look(wanted)
        assert vendor.count - before <= 4
        subject.close()


def test_a_survey_tells_the_projects_own_markers() -> None:
    with ExtractPage() as vendor:
        subject = arrange.provider(vendor)
        for submission in ("s1", "s2"):
            subject.create(arrange.intent(subject, arrange.batch(submission=submission)))

        assert list(subject.survey(f"{PROJECT_ID}-").markers) == [f"{PROJECT_ID}-s1", f"{PROJECT_ID}-s2"]
        assert list(subject.survey("panother000001-").markers) == []
        subject.close()


def test_a_document_that_changes_while_it_is_sent_is_planned_again() -> None:
    with ExtractPage() as vendor:
        subject = arrange.provider(vendor)
        wanted = arrange.batch({"a.txt": "apple"})
        step = subject.steps(wanted)[1]

        with pytest.raises(ContentChanged):
            subject.perform(step, wanted, {}, lambda each: arrange.content({"a.txt": "grape"}, each))
        with pytest.raises(Unavailable):
            subject.perform(step, wanted, {}, lambda each: arrange.content({"a.txt": "fig"}, each))
        subject.close()


def upload_of(subject: ExtractPageProvider) -> Callable[[], object]:
    wanted = arrange.batch({"a.txt": "apple"})
    step = subject.steps(wanted)[1]
    return lambda: subject.perform(step, wanted, {}, lambda each: arrange.content({"a.txt": "apple"}, each))


@pytest.mark.parametrize("signed", ["host;x-amz-meta-owner", "host;if-none-match", "content-md5;host"])
def test_an_upload_signed_for_a_header_nobody_tells_is_refused_before_it_is_sent(signed: str) -> None:
    with ExtractPage(signed=signed) as vendor:
        subject = arrange.provider(vendor)

        with pytest.raises(Refused, match=signed.replace("host", "").strip(";")):
            upload_of(subject)()
        assert vendor.sent("PUT") == []
        subject.close()


def test_a_header_whose_value_the_link_tells_is_sent() -> None:
    with ExtractPage(signed="host;x-amz-expires") as vendor:
        subject = arrange.provider(vendor)
        upload_of(subject)()

        put = vendor.sent("PUT")[0]
        assert put.headers["x-amz-expires"] == put.param("X-Amz-Expires")
        assert "x-api-key" not in put.headers
        assert put.headers["content-length"] == "5"
        assert "transfer-encoding" not in put.headers
        subject.close()


@pytest.mark.parametrize("fault", ["lost", "reset", "500_before", "429", "slow"])
@pytest.mark.parametrize("after", [1, 2])
def test_an_upload_that_fails_is_no_harm(fault: str, after: int) -> None:
    with ExtractPage() as vendor:
        vendor.slowness = 0.01
        subject = arrange.provider(vendor)
        upload = upload_of(subject)
        vendor.faults[next_request(vendor, after)] = fault
        if fault != "slow":
            with pytest.raises(Unavailable):
                upload()

        upload()
        assert len(vendor.blobs) >= 1
        subject.close()


@pytest.mark.parametrize("size", [0, (5 << 30) + 1])
def test_a_size_no_upload_takes_is_refused_without_a_call(size: int) -> None:
    with ExtractPage() as vendor:
        subject = arrange.provider(vendor)
        wanted = arrange.batch({"a.txt": "apple"})
        wanted = replace(wanted, items=(replace(wanted.items[0], size=size),))

        with pytest.raises(Refused, match="5 GiB"):
            subject.perform(
                subject.steps(wanted)[1], wanted, {}, lambda each: arrange.content({"a.txt": "apple"}, each)
            )
        assert vendor.requests == []
        subject.close()


@pytest.mark.parametrize("key", ["wrong-key-7e"])
def test_a_refused_key_is_said_without_the_key(key: str) -> None:
    with ExtractPage() as vendor:
        subject = arrange.provider(vendor, key)

        for call in (upload_of(subject), lambda: list(subject.survey("p").markers)):
            with pytest.raises(CredentialsError) as raised:
                call()
            assert key not in f"{raised.value!r} {raised.value.hint}"
        subject.close()


def made(vendor: ExtractPage) -> tuple[ExtractPageProvider, Any, str]:
    subject = arrange.provider(vendor)
    wanted = arrange.intent(subject)
    remote_id = subject.create(wanted).remote_id
    assert remote_id is not None
    return subject, wanted, remote_id


def ready(subject: ExtractPageProvider, wanted: Any, remote_id: str) -> list[Ready]:
    return [each for each in subject.poll(wanted, remote_id).ended if isinstance(each, Ready)]


def test_a_batch_that_ran_out_is_gone_and_one_of_another_account_is_not() -> None:
    with ExtractPage(batch_life=HOUR) as vendor:
        subject, wanted, remote_id = made(vendor)
        stranger = arrange.provider(vendor, OTHER_KEY)

        with pytest.raises(CredentialsError):
            stranger.poll(wanted, remote_id)
        later(vendor, 2)
        with pytest.raises(Gone):
            subject.poll(wanted, remote_id)
        later(vendor, 72)
        with pytest.raises(Gone):
            stranger.poll(wanted, remote_id)
        subject.close()
        stranger.close()


def test_ends_that_did_not_arrive_are_told_again() -> None:
    with ExtractPage(pace=1, watermark=True) as vendor:
        subject, wanted, remote_id = made(vendor)

        assert ready(subject, wanted, remote_id) == ready(subject, wanted, remote_id)
        assert subject._feeds == {}
        subject.close()


def test_a_result_waits_for_its_link_and_is_gone_when_the_vendor_says_so() -> None:
    with ExtractPage(pace=1) as vendor:
        subject, wanted, remote_id = made(vendor)
        first, second, third, *_ = ready(subject, wanted, remote_id)
        vendor.expired_links = 1
        with pytest.raises(Unavailable):
            subject.fetch(wanted, first)
        assert subject.read(arrange.fetched(subject, wanted, first)).text() == "apple\ncore"

        vendor.gone = {"b.txt"}
        with pytest.raises(Gone):
            subject.fetch(wanted, second)
        del vendor.blobs[f"/results/{vendor.batches[remote_id].items[2].id}"]
        with pytest.raises(Gone):
            subject.fetch(wanted, third)
        vendor.batches[remote_id].items[3].status = "running"
        with pytest.raises(Unavailable, match="result_not_ready"):
            subject.fetch(wanted, Ready("key d.txt", f"{remote_id}/{vendor.batches[remote_id].items[3].id}"))
        subject.close()


def test_a_redirect_that_cannot_be_read_is_tried_again_later() -> None:
    with ExtractPage(pace=1, location="https://[nowhere/result") as vendor:
        subject, wanted, remote_id = made(vendor)

        with pytest.raises(Unavailable, match="a URL that is not used"):
            subject.fetch(wanted, ready(subject, wanted, remote_id)[0])
        subject.close()


@pytest.mark.parametrize("fault", ["lost", "truncated", "500_after", "429", "malformed", "html502"])
@pytest.mark.parametrize("after", [1, 2])
def test_a_fetch_that_fails_can_be_repeated(fault: str, after: int) -> None:
    with ExtractPage(pace=1) as vendor:
        subject, wanted, remote_id = made(vendor)
        first, *_ = ready(subject, wanted, remote_id)
        vendor.faults[next_request(vendor, after)] = fault
        expected = "apple\ncore"
        try:
            subject.read(subject.fetch(wanted, first))
        except Unavailable:
            pass
        except ValueError:
            assert (fault, after) == ("malformed", 2)
        else:
            assert (fault, after) == ("malformed", 1)

        assert subject.read(arrange.fetched(subject, wanted, first)).text() == expected
        subject.close()


def test_a_payload_is_the_same_whichever_process_fetches_it() -> None:
    with ExtractPage(pace=1) as vendor:
        subject, wanted, remote_id = made(vendor)
        first, *_ = ready(subject, wanted, remote_id)
        payload = arrange.fetched(subject, wanted, first)
        other = arrange.provider(vendor)

        assert without_signatures(arrange.fetched(other, wanted, first)) == without_signatures(payload)
        assert json.loads(payload)["item"]["pages"] == 1
        subject.close()
        other.close()


def test_cancelling_stops_a_batch_and_leaves_a_finished_one_alone() -> None:
    with ExtractPage() as vendor:
        subject, wanted, remote_id = made(vendor)
        subject.cancel(wanted, remote_id)
        subject.cancel(wanted, remote_id)
        subject.cancel(wanted, "batch_9999")

        ended = subject.poll(wanted, remote_id).ended
        assert {
            each.failure.kind for each in ended if not isinstance(each, Ready) and hasattr(each, "failure")
        } == {"cancelled"}
        subject.close()


def test_the_key_is_in_no_text_of_an_error_whatever_the_vendor_echoes() -> None:
    with ExtractPage() as vendor:
        subject = arrange.provider(vendor)
        wanted = arrange.intent(subject, arrange.batch(engine="e" * 65))
        with pytest.raises(Refused) as raised:
            subject.create(wanted)
        assert KEY not in repr(raised.value)
        assert KEY not in repr(subject.__dict__)
        subject.close()


def test_ids_of_the_vendor_cannot_lead_elsewhere() -> None:
    with ExtractPage() as vendor:
        subject, wanted, _ = made(vendor)
        with pytest.raises(Gone):
            subject.poll(wanted, "a/../../b?c=d#e")
        assert vendor.requests[-2].path == "/v1/batches/a%2F..%2F..%2Fb%3Fc%3Dd%23e"
        subject.close()


def test_nothing_was_signed_for_where_the_link_does_not_say() -> None:
    from docbatch.providers.extractpage.replies import read_file

    answer = {"id": "f", "upload": {"method": "put", "url": "https://s.example/f", "expires_at": "soon"}}
    assert signed_headers(read_file(answer)) == {}


def test_at_most_four_files_are_registered_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with ExtractPage() as vendor:
        subject = arrange.provider(vendor)
        service, ask = subject._service, subject._service.client.ask
        under_way, most = set[int](), []

        def watched(*arguments: Any, **options: Any) -> Any:
            under_way.add(threading.get_ident())
            most.append(len(under_way))
            time.sleep(0.005)
            reply = ask(*arguments, **options)
            under_way.discard(threading.get_ident())
            return reply

        monkeypatch.setattr(service.client, "ask", watched)
        with ThreadPoolExecutor(12) as pool:
            list(pool.map(service.register, [{"size_bytes": 1, "filename": "a"}] * 24))

        assert max(most) == MOST_REGISTRATIONS == 4
        subject.close()


def test_options_that_are_not_those_asked_for_are_told_once() -> None:
    with ExtractPage(other_options={"extract_text": False}) as vendor:
        subject = arrange.provider(vendor)
        wanted = arrange.intent(subject)

        accepted = subject.create(wanted)
        told = [subject.poll(wanted, accepted.remote_id).note for _ in range(3)]
        subject.close()

    assert "is done with extract_text: false, and true was asked for" in accepted.note
    assert told == ["", "", ""]


def test_what_was_asked_for_and_done_is_no_news() -> None:
    with ExtractPage() as vendor:
        subject = arrange.provider(vendor)
        wanted = arrange.intent(subject)
        assert subject.create(wanted).note == ""
        subject.close()


def test_results_that_soon_go_are_told_once_and_with_the_time_that_is_left() -> None:
    with ExtractPage(batch_life=72 * HOUR) as vendor:
        subject = arrange.provider(vendor)
        wanted = arrange.intent(subject)
        accepted = subject.create(wanted)
        fresh = subject.poll(wanted, accepted.remote_id)
        later(vendor, 61)
        old = [subject.poll(wanted, accepted.remote_id) for _ in range(2)]
        subject.close()

    assert fresh.note == ""
    assert fresh.lasts == pytest.approx(72 * HOUR, abs=60)
    assert "batch_0001 and its results go at extract.page at 20" in old[0].note
    assert old[0].lasts == pytest.approx(11 * HOUR, abs=60)
    assert old[1].note == ""
