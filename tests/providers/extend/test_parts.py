"""Extend's answers read one by one: lists, names, failures, results."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from itertools import cycle
from math import isfinite
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from docbatch.core.errors import NotSent, Refused, Unavailable, Uncertain
from docbatch.core.models import FailureClass, Operation, RemoteObject, WorkItem
from docbatch.core.result_warnings import NOTHING_TO_SEE
from docbatch.core.results import DocumentInfo
from docbatch.jsontext import MOST_NESTED, parse
from docbatch.providers.base import Batch, Failed, Ready
from docbatch.providers.extend import KIND, marks
from docbatch.providers.extend import answer as reading
from docbatch.providers.extend.calls import Row, pages, row, since
from docbatch.providers.extend.content import plaintext
from docbatch.providers.extend.content.layout import Layout
from docbatch.providers.extend.content.plaintext import plain
from docbatch.providers.extend.outcomes import accepted, ended
from docbatch.providers.extend.provider import ExtendProvider
from docbatch.providers.http.keyed import KeyedClient, PresignedClient, Reply
from docbatch.providers.kind import Settings
from tests.emulators.sockets import Caller, Peer
from tests.emulators.sockets import answer as sent
from tests.providers.extend.bench import signed_link
from tests.steps import calls, steps

ITEM = WorkItem("k" * 64, "1", "d" * 64, 10, "application/pdf", "invoice.pdf", b"/in/invoice.pdf")
MARKER = "testproject01-s1234"


DOCUMENTED = {
    "UNABLE_TO_DOWNLOAD_FILE": FailureClass.VENDOR_ERROR,
    "FILE_TYPE_NOT_SUPPORTED": FailureClass.UNSUPPORTED,
    "FILE_SIZE_TOO_LARGE": FailureClass.TOO_LARGE,
    "CORRUPT_FILE": FailureClass.CORRUPT,
    "OCR_ERROR": FailureClass.VENDOR_ERROR,
    "PASSWORD_PROTECTED_FILE": FailureClass.ENCRYPTED,
    "FAILED_TO_CONVERT_TO_PDF": FailureClass.VENDOR_ERROR,
    "FAILED_TO_CONVERT_TO_JPEG": FailureClass.VENDOR_ERROR,
    "FAILED_TO_GENERATE_TARGET_FORMAT": FailureClass.VENDOR_ERROR,
    "CHUNKING_ERROR": FailureClass.VENDOR_ERROR,
    "INTERNAL_ERROR": FailureClass.VENDOR_ERROR,
    "INVALID_CONFIG_OPTIONS": FailureClass.REFUSED_INPUT,
    "OUT_OF_CREDITS": FailureClass.OUT_OF_CREDITS,
    "ABORTED": FailureClass.CANCELLED,
    "FAILED_TO_PROCESS_FILE": FailureClass.VENDOR_ERROR,
    "INVALID_PROCESSOR": FailureClass.REFUSED_INPUT,
    "INVALID_CONFIGURATION": FailureClass.REFUSED_INPUT,
    "PARSING_ERROR": FailureClass.VENDOR_ERROR,
    "PRE_PROCESSING_FAILURE": FailureClass.VENDOR_ERROR,
    "POST_PROCESSING_FAILURE": FailureClass.VENDOR_ERROR,
    "SCHEMA_GENERATION_FAILED": FailureClass.VENDOR_ERROR,
}


def reply(status: int, answer: object, **headers: str) -> Reply:
    return Reply(status, headers, json.dumps(answer).encode())


def batch(operation: Operation = Operation.PARSE, **changes: Any) -> Batch:
    return replace(Batch("s1234", MARKER, operation, (ITEM,)), **changes)


@pytest.fixture
def provider() -> Iterator[ExtendProvider]:
    url = "http://127.0.0.1:9"
    settings = Settings("extend", "extend", url)
    made = ExtendProvider(
        "a",
        KIND.traits(settings),
        KeyedClient(url, {"Authorization": "Bearer k"}),
        PresignedClient(url),
        signed_link,
    )
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


@pytest.mark.parametrize(
    ("name", "sent"),
    [("README", "README.txt"), ("a.log", "a.log.txt"), ("a.TXT", "a.TXT"), ("", "document.txt")],
)
def test_a_text_is_named_as_one(name: str, sent: str) -> None:
    text = replace(ITEM, name=name, media_type="text/plain")

    assert marks.file_name("testproject01", text).split("-", 2)[2] == sent


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


@pytest.mark.parametrize(("code", "kind"), DOCUMENTED.items())
def test_every_documented_reason_has_its_class(code: str, kind: FailureClass) -> None:
    failed = ended("k", Row("pr_1", "FAILED", reason=code))

    assert isinstance(failed, Failed)
    assert (failed.failure.kind, failed.failure.code) == (kind, code)


NOISE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(float("inf")) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=3,
)


def odd(**known: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return objects whose parts are there or not, and of the right sort or not."""
    return st.fixed_dictionaries({}, optional={name: part | NOISE for name, part in known.items()})


BOX = odd(left=st.floats(), top=NOISE, right=NOISE, bottom=NOISE)
CELL = odd(details=odd(rowIndex=st.integers(), columnIndex=st.integers()), content=st.text(), boundingBox=BOX)
BLOCK = odd(
    type=st.sampled_from(["text", "table", "figure", "table_cell"]),
    content=st.text(),
    metadata=odd(page=odd(number=st.integers(), width=NOISE, height=NOISE), avgOcrConfidence=st.floats(0, 1)),
    boundingBox=BOX,
    children=st.lists(CELL, max_size=2),
)
CHUNK = odd(
    type=st.just("page"),
    content=st.text(),
    metadata=odd(pageRange=odd(start=st.integers(), end=st.integers())),
    blocks=st.lists(BLOCK, max_size=3),
)
OUTPUT = odd(
    chunks=st.lists(CHUNK, max_size=2),
    splits=st.lists(odd(type=st.text(), identifier=st.text(), startPage=NOISE), max_size=2),
    metadata=odd(pages=st.lists(odd(number=st.integers(1, 3), dpi=st.integers(0, 300)), max_size=2)),
    value=NOISE,
    type=st.text(),
)
KINDS = ("parse_run", "parser_run", "extract_run", "classify_run", "split_run", "batch_run")
ODD_RUN = st.builds(
    lambda kind, output, rest: {**rest, **output, "object": kind, "output": output},
    st.sampled_from(KINDS),
    OUTPUT,
    odd(
        id=st.text(), usage=odd(credits=NOISE, totalCredits=NOISE), metrics=odd(pageCount=NOISE), config=NOISE
    ),
)


@given(
    shown=odd(
        status=st.sampled_from(["PROCESSED", "FAILED", "CANCELLED"]),
        failureReason=st.text(),
        failureMessage=st.text(),
        metadata=odd(submission=st.text(), item=st.text()),
        createdAt=st.text(),
        updatedAt=st.just("2026-03-01T10:00:09.000Z"),
        file=odd(id=st.text()),
    )
)
def test_a_row_of_any_shape_is_read_and_an_undeclared_state_is_no_end(shown: dict[str, Any]) -> None:
    found = row({**shown, "id": "pr_1"})

    assert (ended("k", found) is None) is (shown.get("status") not in ("PROCESSED", "FAILED", "CANCELLED"))
    assert marks.item_of(found.metadata, MARKER) is None


@given(reason=st.text(), message=st.none() | st.text())
def test_a_failure_of_any_name_is_one_and_keeps_it(reason: str, message: str | None) -> None:
    failed = ended("k", Row("pr_1", "FAILED", reason=reason, message=message))

    assert isinstance(failed, Failed)
    assert failed.failure.code == reason
    assert failed.failure.kind is DOCUMENTED.get(reason, FailureClass.UNKNOWN)
    assert failed.failure.message


@given(status=st.integers(200, 599), answer=NOISE)
def test_a_create_answered_with_anything_is_one_of_the_known_outcomes(status: int, answer: Any) -> None:
    with suppress(Refused, NotSent, Uncertain, Unavailable):
        assert accepted(reply(status, answer)).remote_id


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(run=ODD_RUN)
def test_a_run_of_any_shape_is_read_or_told_to_be_none(run: dict[str, Any]) -> None:
    info = DocumentInfo(path="a", sha256="0" * 64, size=1, media_type="text/plain")
    try:
        answer = reading.read(reading.payload(run))
    except ValueError:
        return
    assert isinstance(answer.markdown(), str)
    assert isinstance(answer.text(), str)
    assert answer.result(info).document == info


@pytest.mark.parametrize(
    ("usage", "charged"),
    [
        ({"credits": 3, "totalCredits": 5.5, "breakdown": []}, 5.5),
        ({"credits": 3}, 3.0),
        ({"credits": 3, "totalCredits": None}, 3.0),
        ({"credits": 3, "totalCredits": 0}, 0.0),
        (None, None),
    ],
)
def test_the_charge_is_that_of_all_runs_it_caused(usage: object, charged: float | None) -> None:
    run = {"object": "parse_run", "output": {"chunks": []}, "usage": usage}
    info = DocumentInfo(path="a", sha256="0" * 64, size=1, media_type="text/plain")

    assert reading.read(json.dumps(run).encode()).result(info).usage.credits == charged


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
        reading.read(payload)


def test_a_block_that_lacks_everything_keeps_its_text() -> None:
    run = {
        "object": "parse_run",
        "output": {"chunks": [{"content": "hello", "blocks": [{"content": "x"}, 7]}]},
    }

    answer = reading.read(json.dumps(run).encode())
    result = answer.result(DocumentInfo(path="a", sha256="0" * 64, size=1, media_type="text/plain"))

    assert (result.markdown, result.pages, result.usage.credits) == ("hello", (), None)


@pytest.mark.parametrize("tokens", [["a"], ["a", "b"], ["a", "b", "c", "b"]])
def test_a_list_whose_pages_go_round_in_a_circle_is_not_read_for_ever(tokens: Sequence[str]) -> None:
    given = cycle(tokens)

    def page(caller: Caller) -> None:
        while caller.hear():
            caller.say(sent(200, json.dumps({"data": [], "nextPageToken": next(given)}).encode()))

    with (
        Peer(page) as peer,
        closing(KeyedClient(peer.url, {"Authorization": "Bearer k"})) as client,
        pytest.raises(Unavailable, match="go round in a circle"),
    ):
        list(pages(client, "/parse_runs", ()))
    assert len(peer.requests) <= 2 * len(tokens)


def test_signed_links_are_cut_however_deep_they_lie() -> None:
    block: dict[str, Any] = {"details": {"imageUrl": "https://s/img.png?sig=1"}}
    for _ in range(MOST_NESTED // 2 - 3):
        block = {"blocks": [block]}
    files: list[Any] = [{"presignedUrl": "https://s/a.pdf?sig=1"}]
    for _ in range(MOST_NESTED - 3):
        files = [files]

    kept = reading.payload({"output": {"chunks": [block]}, "files": files})

    assert b"sig=1" not in kept
    assert b"https://s/img.png" in kept
    assert parse(kept)


@pytest.mark.parametrize("dpi", [10**400, 5e-324, -1, 0, float("inf"), float("nan"), True, "72"])
def test_a_resolution_that_is_none_leaves_numbers_that_are_some(dpi: object) -> None:
    page = {"number": 1, "width": 850, "height": 1100}
    box = {"left": 1, "top": 2, "right": 3, "bottom": 4}
    block = {"type": "text", "content": "x", "metadata": {"page": page}, "boundingBox": box}
    output = {"chunks": [{"blocks": [block]}], "metadata": {"pages": [{"number": 1, "dpi": dpi}]}}

    (made,) = Layout(output).pages()

    numbers = (made.width, made.height, *(made.blocks[0].bbox or ()))
    assert all(each is None or isfinite(each) for each in numbers)


@pytest.mark.parametrize("value", [b"1e999", b"[-1e999]", b'{"a": NaN}'])
def test_what_was_extracted_is_shown_as_json_whatever_numbers_it_has(value: bytes) -> None:
    answer = reading.read(b'{"object": "extract_run", "output": {"value": ' + value + b"}}")

    json.loads(answer.text(), parse_constant=pytest.fail)
    assert answer.text() in answer.markdown()


def test_signed_links_are_cut_before_anything_is_kept() -> None:
    kept = reading.payload(
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
        "output": {"chunks": [{"details": {"imageUrl": "https://s/img.png", "url": "https://s/?k=1"}}]},
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
        ("__a__ and **b *c*** and **d **e** and **f", "a and b *c* and **d e and **f"),
    ],
)
def test_text_is_markdown_without_its_marks(markdown: str, text: str) -> None:
    assert plain(markdown) == text


HOSTILE = ["<table>", "[", "![", "[a](", "<a", "**a", "**a ", "__", "_a_ ", "|-", "# ", "</table>", "<table><tr>", "<table></table>"]  # fmt: skip


@pytest.mark.parametrize("mark", HOSTILE)
def test_hostile_markdown_takes_twice_the_work_when_it_is_twice_as_long(mark: str) -> None:
    for name, pattern in vars(plaintext).items():
        if isinstance(pattern, re.Pattern):
            assert steps(pattern, mark * 400) <= 2.1 * steps(pattern, mark * 200), name

    plain(mark)
    assert calls(lambda: plain(mark * 400)) <= 2.1 * calls(lambda: plain(mark * 200))


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


FIGURE = {"type": "figure", "content": "", "metadata": {"page": {"number": 3, "width": 1, "height": 1}}}


@pytest.mark.parametrize(
    ("kind", "output", "warnings"),
    [
        ("parse_run", {"chunks": []}, (NOTHING_TO_SEE,)),
        ("parse_run", {"chunks": [{"content": " "}]}, (NOTHING_TO_SEE,)),
        (
            "parse_run",
            {"chunks": [{"content": "", "blocks": [FIGURE]}]},
            ("lost: no word was read in the pictures on page 3",),
        ),
        ("parse_run", {"chunks": [{"content": "words", "blocks": [FIGURE]}]}, ()),
        ("extract_run", {"value": {}}, ()),
    ],
)
def test_an_answer_without_a_word_says_so(
    kind: str, output: dict[str, Any], warnings: tuple[str, ...]
) -> None:
    info = DocumentInfo(path="a", sha256="0" * 64, size=1, media_type="text/plain")
    answer = reading.read(reading.payload({"object": kind, "id": "r", "output": output}))

    assert answer.warnings == answer.result(info).warnings == warnings
    assert answer.is_partial is any(each.startswith("lost:") for each in warnings)
