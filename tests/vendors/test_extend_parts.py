"""Extend's answers read one by one: lists, names, failures, results."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from docbatch.errors import NotSent, Refused, Unavailable, Uncertain
from docbatch.models import FailureClass, Operation, RemoteObject, WorkItem
from docbatch.providers import Settings
from docbatch.providers.base import Batch, Failed, Ready
from docbatch.providers.extend import KIND, marks, payloads
from docbatch.providers.extend.listing import Row, row, since
from docbatch.providers.extend.outcomes import accepted, ended
from docbatch.providers.extend.plaintext import plain
from docbatch.providers.extend.provider import ExtendProvider
from docbatch.providers.http import Reply, Storage, Wire
from docbatch.results import DocumentInfo

ITEM = WorkItem("k" * 64, "1", "d" * 64, 10, "application/pdf", "invoice.pdf", b"/in/invoice.pdf")
MARKER = "testproject01-s1234"


def reply(status: int, answer: object, **headers: str) -> Reply:
    return Reply(status, headers, json.dumps(answer).encode())


def batch(operation: Operation = Operation.PARSE, **changes: Any) -> Batch:
    return replace(Batch("s1234", MARKER, operation, (ITEM,)), **changes)


@pytest.fixture
def provider() -> Iterator[ExtendProvider]:
    url = "http://127.0.0.1:9"
    settings = Settings("extend", "extend", url)
    made = ExtendProvider("a", KIND.traits(settings), Wire(url, {"Authorization": "Bearer k"}), Storage(url))
    yield made
    made.close()


def rendered(provider: ExtendProvider, wanted: Batch) -> Any:
    prepared = {step.name: RemoteObject(step.name, "file_1") for step in provider.steps(wanted)}
    assert provider.render(wanted, prepared) == provider.render(wanted, prepared)
    return json.loads(provider.render(wanted, prepared))


def test_a_request_carries_files_options_and_our_marks(provider: ExtendProvider) -> None:
    request = rendered(provider, batch(config={"target": "markdown", "priority": 3, "engine": None}))

    assert request == {
        "config": {"target": "markdown"},
        "inputs": [
            {
                "file": {"id": "file_1"},
                "metadata": {"attempt": "0", "item": "k" * 64, "submission": MARKER},
            }
        ],
        "priority": 3,
    }


def test_metadata_stays_small(provider: ExtendProvider) -> None:
    marker = "a" * 32 + "-s" + "f" * 20

    assert len(json.dumps(marks.metadata(marker, ITEM), separators=(",", ":"))) < 200


@pytest.mark.parametrize(
    ("version", "pins", "asked"),
    [
        (None, {}, None),
        ("latest", {}, "latest"),
        ("latest", {"ex_1": "3.1"}, "3.1"),
        (None, {"ex_1": "draft 0123456789ab"}, "draft"),
        ("1.0", {"ex_1": "3.1"}, "1.0"),
        (None, {"ex_other": "3.1"}, None),
    ],
)
def test_the_version_of_a_processor_is_the_jobs_or_the_resolved_one(
    provider: ExtendProvider, version: str | None, pins: Mapping[str, str], asked: str | None
) -> None:
    config = {"processor": {"id": "ex_1", "version": version}}
    request = rendered(provider, batch(Operation.EXTRACT, config=config, pins=pins))

    assert request["extractor"].get("version") == asked


def test_the_same_bytes_have_one_upload_whatever_they_are_called(provider: ExtendProvider) -> None:
    other = replace(ITEM, key="o" * 64, name="copy.pdf")

    assert marks.upload_step("testproject01", ITEM) == marks.upload_step("testproject01", other)
    assert marks.upload_step("testproject01", ITEM) != marks.upload_step("otherproject1", ITEM)
    assert marks.upload_step("testproject01", ITEM) != marks.upload_step(
        "testproject01", replace(ITEM, media_type="text/plain")
    )


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("invoice.pdf", "invoice.pdf"),
        ('a"b\r\n/c.pdf', "a_b_c.pdf"),
        ("größe.pdf", "größe.pdf"),
        ("x" * 300 + ".pdf", "x" * 76 + ".pdf"),
        ("", "document"),
    ],
)
def test_the_name_of_an_upload_keeps_the_documents_ending(name: str, sent: str) -> None:
    assert marks.file_name("testproject01", replace(ITEM, name=name)).split("-", 2)[2] == sent


def test_a_run_of_another_submission_is_not_ours() -> None:
    assert marks.item_of(marks.metadata(MARKER, ITEM), MARKER) == ITEM.key
    assert marks.item_of(marks.metadata("testproject01-s12345", ITEM), MARKER) is None
    assert marks.item_of(None, MARKER) is None
    assert marks.item_of({"submission": MARKER, "item": 7}, MARKER) is None


def _rows(*touched: float) -> list[Row]:
    return [Row(str(each), "PROCESSED", touched=each) for each in touched]


@pytest.mark.parametrize(
    ("pages", "seen"),
    [
        ([_rows(9, 8), _rows(4, 3), _rows(2)], 4),
        ([_rows(9, 3), _rows(8, 2), _rows(1, 1), _rows(9)], 6),
        ([_rows(1), _rows(9)], 1),
        ([], 0),
    ],
)
def test_a_list_is_read_to_the_first_page_that_is_old_as_a_whole(
    pages: Sequence[list[Row]], seen: int
) -> None:
    assert len(list(since(pages, 5))) == seen


def test_a_row_without_an_id_is_no_row() -> None:
    with pytest.raises(Unavailable):
        row({"status": "PROCESSED"})


@pytest.mark.parametrize("status", ["PENDING", "PROCESSING", "CANCELLING", "SOMETHING_NEW", "None"])
def test_a_state_that_is_not_known_to_be_the_end_is_none(status: str) -> None:
    assert ended("k", Row("pr_1", status)) is None


def test_ends_are_told_apart() -> None:
    assert ended("k", Row("pr_1", "PROCESSED")) == Ready("k", "pr_1")
    failed = ended("k", Row("pr_1", "FAILED", reason="BRAND_NEW_REASON", message="words"))
    assert isinstance(failed, Failed)
    assert (failed.failure.kind, failed.failure.code, failed.failure.message) == (
        FailureClass.UNKNOWN,
        "BRAND_NEW_REASON",
        "words",
    )


@pytest.mark.parametrize(
    ("answer", "raised"),
    [
        (reply(400, {"code": "INVALID_REQUEST", "message": "Path: config.target"}), Refused),
        (reply(404, {"error": {"code": "NOT_FOUND", "message": "no such file"}}), Refused),
        (reply(422, {"error": "cannot"}), Refused),
        (reply(402, {"code": "USAGE_BLOCKED", "message": "no credits"}), NotSent),
        (reply(409, {"message": "conflict"}), Uncertain),
        (reply(302, {}), Uncertain),
        (reply(200, {}), Uncertain),
        (reply(200, []), Uncertain),
        (reply(200, {"id": 7}), Uncertain),
    ],
)
def test_a_create_is_settled_only_by_a_clear_answer(answer: Reply, raised: type[Exception]) -> None:
    with pytest.raises(raised):
        accepted(answer)


def test_a_refusal_names_the_vendors_words_and_the_request() -> None:
    answer = reply(400, {"code": "INVALID_REQUEST", "message": "Path: config.target", "requestId": "req_9"})

    with pytest.raises(Refused, match=r"Path: config.target \(request req_9\)") as refused:
        accepted(answer)

    assert refused.value.code == "INVALID_REQUEST"


@pytest.mark.parametrize(
    "payload",
    [
        b"[]",
        b'{"object": "parse_run", "output": null}',
        b'{"object": "parse_run", "output": {"chunks": "none"}}',
        b'{"object": "parse_run", "output": {"chunks": [7]}}',
        b'{"object": "batch_run", "output": {}}',
        b'{"object": "extract_run", "output": []}',
        b"half of a",
    ],
)
def test_an_answer_of_the_wrong_shape_is_told_with_what_came(payload: bytes) -> None:
    with pytest.raises(ValueError, match=r"not a finished run|as documented|Expecting value"):
        payloads.read(payload)


def test_a_block_that_lacks_everything_keeps_its_text() -> None:
    run = {
        "object": "parse_run",
        "output": {"chunks": [{"content": "hello", "blocks": [{"content": "x"}, 7]}]},
    }

    answer = payloads.read(json.dumps(run).encode())
    result = answer.result(DocumentInfo(path="a", sha256="0" * 64, size=1, media_type="text/plain"))

    assert (result.markdown, result.pages, result.usage.credits) == ("hello", (), None)


def test_signed_links_are_cut_before_anything_is_kept() -> None:
    kept = payloads.payload(
        {
            "id": "pr_1",
            "outputUrl": "https://s/x?X-Amz-Signature=1",
            "output": {
                "chunks": [{"details": {"imageUrl": "https://s/img.png?sig=1", "url": "https://s/?k=1"}}]
            },
        }
    )

    assert json.loads(kept) == {
        "id": "pr_1",
        "output": {"chunks": [{"details": {"imageUrl": "https://s/img.png", "url": "https://s/"}}]},
    }


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("# Title\n\nSome **strong** words", "Title\n\nSome strong words"),
        ("| a | b |\n|---|:-:|\n| 1 | 2 |", "a\tb\n1\t2"),
        (
            "<table><tr><th>a</th><th>b</th></tr><tr><td>1<br>2</td><td>3 &amp; 4</td></tr></table>",
            "a\tb\n1 2\t3 & 4",
        ),
        ("![a chart](https://x/y.png) and [a link](https://x)", "a chart and a link"),
        ("5 < 6 and 7 > 2 ** 1", "5 < 6 and 7 > 2 ** 1"),
        ("# not#a heading #2", "not#a heading #2"),
    ],
)
def test_text_is_markdown_without_its_marks(markdown: str, text: str) -> None:
    assert plain(markdown) == text


@pytest.mark.parametrize(
    "mark", ["<table>", "[", "![", "<a", "**a", "__", "|-", "# ", "</table>", "<table><tr>"]
)
def test_hostile_markdown_takes_no_more_than_a_moment(mark: str) -> None:
    began = time.process_time()

    plain(mark * 50_000)

    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("settings", "account"),
    [
        (Settings("extend", "extend"), "api.extend.ai/own"),
        (Settings("e", "extend", "https://api.eu1.extend.ai"), "api.eu1.extend.ai/own"),
        (Settings("e", "extend", workspace="ws_1"), "api.extend.ai/ws_1"),
    ],
)
def test_an_account_is_a_host_and_a_workspace(
    settings: Settings, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("EXTEND_BASE_URL", "EXTEND_REGION", "EXTEND_WORKSPACE_ID"):
        monkeypatch.delenv(name, raising=False)

    assert KIND.account(settings) == account


def test_a_region_stands_for_its_base_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EXTEND_BASE_URL", raising=False)
    monkeypatch.setenv("EXTEND_REGION", "us2")

    assert KIND.account(Settings("extend", "extend")) == "api.us2.extend.app/own"
