"""The provider alone: every document is followed to its own end, whatever the batch says and in whatever form."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from docbatch.core.errors import CredentialsError, Gone, Refused, Unavailable
from docbatch.core.looks import SpacedLooks
from docbatch.core.models import FailureClass, Operation
from docbatch.core.results import DocumentInfo
from docbatch.emulators.llamacloud.service import LlamaCloud
from docbatch.emulators.server import Response
from docbatch.engine.running.fetch_results import Fetcher
from docbatch.providers.base import Failed, Intent, Ready
from docbatch.providers.http.keyed import Reply
from docbatch.providers.llamacloud.answer import read
from docbatch.providers.llamacloud.calls import detail as told
from docbatch.providers.llamacloud.outcomes import failure
from docbatch.providers.llamacloud.provider import LlamaCloudProvider
from docbatch.spool import Spool
from docbatch.state.records import ReadyItem
from tests.providers.llamacloud.project import Bench

End = Ready | Failed
DOCUMENT = DocumentInfo(path="a.txt", sha256="0" * 64, size=5, media_type="text/plain")


@pytest.fixture
def bench() -> Iterator[Bench]:
    with LlamaCloud() as vendor:
        made = Bench(vendor)
        yield made
        made.close()
        assert vendor.errors == []
        assert vendor.leaks == []


def followed(
    bench: Bench, provider: LlamaCloudProvider, intent: Intent, batch: str, tries: int = 60
) -> dict[str, End]:
    """Poll to the end of every document; return what became of each, by its text."""
    ended: dict[str, End] = {}
    doubts = SpacedLooks()
    for _ in range(tries):
        progress = provider.poll(intent, batch)
        assert progress.date is not None
        doubts = doubts.with_one(progress.date, provider.traits) if progress.doubted else SpacedLooks()
        are_over = doubts.are_enough(provider.traits)
        over = [Failed(*each) for each in progress.doubted.items()] if are_over else []
        for each in (*progress.ended, *over):
            assert isinstance(each, Ready | Failed)
            text = bench.contents[each.key].decode()
            assert text not in ended, "a document ends once"
            ended[text] = each
        if len(ended) == len(intent.batch.items):
            return ended
        bench.now += 5.0
    raise AssertionError(f"these never end: {set(bench.contents) - set(ended)}")


def content(provider: LlamaCloudProvider, intent: Intent, ready: Ready) -> bytes:
    return provider.fetch(intent, ready)


def kinds(ended: dict[str, End]) -> dict[str, FailureClass | None]:
    return {text: each.failure.kind if isinstance(each, Failed) else None for text, each in ended.items()}


def test_documents_end_each_in_its_own_way(bench: Bench) -> None:
    texts = ("apple", "bad", "locked", "unmapped", "vanished", "whole\ftorn")
    provider = bench.provider()
    intent, batch = bench.sent(provider, bench.batch(*texts))

    ended = followed(bench, provider, intent, batch)

    assert kinds(ended) == {
        "apple": None,
        "bad": FailureClass.CORRUPT,
        "locked": FailureClass.ENCRYPTED,
        "unmapped": FailureClass.VENDOR_ERROR,
        "vanished": FailureClass.EXPIRED,
        "whole\ftorn": None,
    }
    fetched = {
        text: content(provider, intent, each) for text, each in ended.items() if isinstance(each, Ready)
    }
    partial = {text: read(each).is_partial for text, each in fetched.items()}
    assert partial == {"apple": False, "whole\ftorn": True}


def test_a_completed_batch_does_not_end_its_jobs(bench: Bench) -> None:
    bench.vendor.working = 100.0
    provider = bench.provider()
    intent, batch = bench.sent(provider, bench.batch("apple", "banana"))
    bench.now += 1.0

    assert provider.poll(intent, batch).ended == []
    assert bench.vendor.batches[batch].ending == "COMPLETED"
    assert kinds(followed(bench, provider, intent, batch)) == {"apple": None, "banana": None}


@pytest.mark.parametrize("waits", [["THROTTLED"], ["PENDING", "THROTTLED", "WAITING_FOR_MACHINES"]])
def test_throttled_and_unknown_states_are_not_the_end(bench: Bench, waits: list[str]) -> None:
    bench.vendor.waits, bench.vendor.mapping = waits, 60.0
    provider = bench.provider()
    intent, batch = bench.sent(provider, bench.batch("apple"))

    assert [provider.poll(intent, batch).ended for _ in range(6)] == [[]] * 6
    assert kinds(followed(bench, provider, intent, batch)) == {"apple": None}


def test_results_that_come_late_are_waited_for(bench: Bench) -> None:
    bench.vendor.null_results = 8
    provider = bench.provider()
    intent, batch = bench.sent(provider, bench.batch("apple", "banana"))

    assert kinds(followed(bench, provider, intent, batch)) == {"apple": None, "banana": None}


@pytest.mark.parametrize("ending", ["COMPLETED", "FAILED", "CANCELLED"])
def test_a_document_the_batch_leaves_out_fails_after_the_grace(bench: Bench, ending: str) -> None:
    provider = bench.provider()
    intent, batch = bench.sent(provider, bench.batch("apple", "unlisted"))
    bench.vendor.batches[batch].ending = ending
    began = bench.now

    ended = followed(bench, provider, intent, batch)

    assert bench.now - began >= bench.grace
    assert isinstance(ended["apple"], Ready)
    lost = ended["unlisted"]
    assert isinstance(lost, Failed)
    if ending == "CANCELLED":
        assert lost.failure.kind is FailureClass.CANCELLED
    else:
        assert "it may have been paid" in lost.failure.message


@pytest.mark.parametrize("page", [1, 2, 100])
@pytest.mark.parametrize("ending", ["absent", "null", "empty"])
def test_pages_are_followed_to_their_end(bench: Bench, page: int, ending: str) -> None:
    bench.vendor.page, bench.vendor.ending = page, ending  # type: ignore[assignment]
    provider = bench.provider()
    intent, batch = bench.sent(provider, bench.batch("apple", "banana", "cherry"))

    assert set(followed(bench, provider, intent, batch)) == {"apple", "banana", "cherry"}


def test_pages_that_go_round_in_a_circle_end(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = bench.provider()
    intent, batch = bench.sent(provider, bench.batch("apple"))
    page = Response.of({"items": [{"id": "pjb-0"}], "next_page_token": "again"})
    monkeypatch.setattr(bench.vendor, "_listed", lambda *_: page)

    with pytest.raises(Unavailable, match="round in a circle"):
        provider.poll(intent, batch)


def test_the_text_stands_in_for_markdown_that_is_not_there() -> None:
    pages = {"pages": [{"page_number": 1, "text": "apple"}]}
    answer = read(json.dumps({"job": {"id": "pjb-1"}, "markdown": None, "text": pages}).encode())

    assert answer.markdown() == "apple\n"


@pytest.mark.parametrize(
    ("detail", "said"),
    [
        ("no", "no"),
        ({"directory_id": "dir-1"}, '{"directory_id": "dir-1"}'),
        ([{"loc": ["body", "name"], "msg": "required"}, "plain"], "body.name: required; plain"),
    ],
)
def test_refusals_are_read_in_all_their_forms(detail: object, said: str) -> None:
    assert told(Reply(422, {}, json.dumps({"detail": detail}).encode())) == said


def test_lists_that_lag_do_not_hide_a_job(bench: Bench) -> None:
    provider = bench.provider()
    intent, batch = bench.sent(provider, bench.batch("apple"))
    bench.vendor.lag = 1e6

    assert kinds(followed(bench, provider, intent, batch)) == {"apple": None}


def test_a_new_process_follows_on(bench: Bench) -> None:
    first = bench.provider()
    intent, batch = bench.sent(first, bench.batch("apple", "bad"))
    followed(bench, first, intent, batch)

    second = bench.provider()
    ended = followed(bench, second, intent, batch)

    assert kinds(ended) == {"apple": None, "bad": FailureClass.CORRUPT}
    ready = ended["apple"]
    assert isinstance(ready, Ready)
    assert content(second, intent, ready) == content(first, intent, ready)


def test_a_result_has_pages_blocks_usage_and_a_warning_for_each_failed_page(bench: Bench) -> None:
    provider = bench.provider()
    intent, batch = bench.sent(provider, bench.batch("first\ftorn\fthird"))
    (ready,) = followed(bench, provider, intent, batch).values()
    assert isinstance(ready, Ready)

    result = read(content(provider, intent, ready)).result(DOCUMENT)

    assert (result.outcome, result.markdown, result.text) == (
        "partial",
        "first\n\nthird\n",
        "first\n\nthird\n",
    )
    assert result.warnings == ("lost: page 2: the page is torn",)
    assert [(page.number, page.markdown, page.width) for page in result.pages] == [
        (1, "first", 612.0),
        (2, None, None),
        (3, "third", 612.0),
    ]
    assert result.pages[0].blocks[0].bbox == (72.0, 72.0, 272.0, 84.0)
    assert (result.usage.pages, result.usage.credits) == (3, 30.0)
    assert (result.provider.engine, result.provider.remote_id) == (
        "agentic 2026-10-16",
        ready.remote_id,
    )


def test_an_extraction_is_its_data(bench: Bench) -> None:
    config = {"parameters": {"data_schema": {"type": "object"}, "tier": "agentic"}}
    provider = bench.provider()
    intent, batch = bench.sent(provider, bench.batch("apple", operation=Operation.EXTRACT, config=config))
    (ready,) = followed(bench, provider, intent, batch).values()
    assert isinstance(ready, Ready)

    answer = read(content(provider, intent, ready))

    assert json.loads(answer.text()) == {"length": 5, "text": "apple"}
    assert answer.markdown().startswith("```json\n{")
    assert answer.result(DOCUMENT).usage.credits == 15.0


def test_a_large_result_is_downloaded_without_the_key(bench: Bench) -> None:
    bench.vendor.expired_urls = 1
    provider = bench.provider()
    intent, batch = bench.sent(provider, bench.batch("apple\ftorn"))
    large = bench.batch("apple\ftorn", size=5 << 20)
    course = Intent(intent.submission, intent.marker, intent.body, large, intent.prepared)
    (ready,) = provider.poll(course, batch).ended
    assert isinstance(ready, Ready)
    with pytest.raises(Unavailable, match="403") as expired:
        provider.fetch(course, ready)
    assert "Signature=" not in expired.value.message

    fetched = provider.fetch(course, ready)

    assert (read(fetched).is_partial, read(fetched).markdown()) == (True, "apple\n")
    assert b"X-Amz" not in fetched
    assert any(request.host == "storage" for request in bench.vendor.requests)


def test_an_answer_of_the_wrong_shape_fails_with_what_it_was(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    provider = bench.provider()
    intent, batch = bench.sent(provider, bench.batch("apple"))
    monkeypatch.setattr(
        "docbatch.emulators.llamacloud.service.parse_parts",
        lambda *_: {"markdown": {"pages": "https://s/x?sig=hidden"}},
    )

    (ready,) = followed(bench, provider, intent, batch).values()
    assert isinstance(ready, Ready)

    fetcher = Fetcher(Spool(tmp_path / "spool"), None, "llamacloud", None, intent, soon=False)
    waiting = ReadyItem(ready.key, ready.remote_id, ready.partial)
    *tries, last = [fetcher.fetch(provider, waiting) for _ in range(4)]

    assert all(isinstance(each, Unavailable) for each in tries)
    assert isinstance(last, Refused)
    assert last.code == "wrong_shape"
    assert '"status":"COMPLETED"' in last.message
    assert "hidden" not in last.message


def test_a_batch_of_another_project_is_a_matter_of_the_key(bench: Bench) -> None:
    intent, batch = bench.sent(bench.provider(), bench.batch("apple"))
    bench.vendor.keys["llx-other"] = "prj-other"
    bench.key = "llx-other"
    with pytest.raises(CredentialsError, match="neither the batch nor its directory"):
        bench.provider().poll(intent, batch)


def test_a_batch_that_is_no_more_is_gone(bench: Bench) -> None:
    provider = bench.provider()
    intent, batch = bench.sent(provider, bench.batch("apple"))
    del bench.vendor.batches[batch]
    with pytest.raises(Gone):
        provider.poll(intent, batch)


def test_cancelling_stops_the_batch_and_its_jobs(bench: Bench) -> None:
    bench.vendor.working = 100.0
    provider = bench.provider()
    intent, batch = bench.sent(provider, bench.batch("apple", "banana"))

    provider.cancel(intent, batch)

    assert set(kinds(followed(bench, provider, intent, batch)).values()) == {FailureClass.CANCELLED}


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("PDF_TOO_LARGE", FailureClass.TOO_LARGE),
        ("DOCUMENT_TOO_LARGE: 900 pages", FailureClass.TOO_LARGE),
        ("The file is password protected", FailureClass.ENCRYPTED),
        ("Job timed out after 1800 s", FailureClass.TIMEOUT),
        ("Unsupported file type: .xyz", FailureClass.UNSUPPORTED),
        ("You've exceeded your credits", FailureClass.OUT_OF_CREDITS),
        ("Source file not found in storage", FailureClass.EXPIRED),
        ("Source file not found in storage.", FailureClass.EXPIRED),
        ("Page limit exceeded", FailureClass.TOO_LARGE),
        ("Error: Page limit exceeded: 900 pages", FailureClass.TOO_LARGE),
        ("The file exceeds the maximum size of 100 MB", FailureClass.TOO_LARGE),
        ("could not open the document", FailureClass.CORRUPT),
        ("The document could not be opened", FailureClass.CORRUPT),
        ("This project has reached its day usage limit.", FailureClass.OUT_OF_CREDITS),
        ("USAGE_LIMIT_EXCEEDED: wait for tomorrow", FailureClass.OUT_OF_CREDITS),
        ("credit-note.pdf: The document is password protected", FailureClass.ENCRYPTED),
        ("something nobody documented", FailureClass.VENDOR_ERROR),
        *(
            (f"Failed to process {name}", FailureClass.VENDOR_ERROR)
            for name in (
                "credit-note.pdf",
                "out of credits.pdf",
                "password protected.pdf",
                "encrypted.docx",
                "PDF_TOO_LARGE.pdf",
                "too large.pdf",
                "payment quota.xlsx",
                "empty.txt",
                "expired and cancelled.pdf",
                "unsupported file type.pdf",
                "corrupt damaged invalid pdf.pdf",
                "timed out.pdf",
                "Report: page limit exceeded.pdf",
            )
        ),
        (None, FailureClass.VENDOR_ERROR),
    ],
)
def test_sentences_of_the_service_are_sorted_and_kept(said: str | None, kind: FailureClass) -> None:
    why = failure(said)

    assert why.kind is kind
    assert why.message == (said or "LlamaCloud gave no reason")
