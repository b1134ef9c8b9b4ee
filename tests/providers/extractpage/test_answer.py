"""What extract.page answers, read: times and errors of any shape, chunks to text, tables and pages."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docbatch.core.models import Operation
from docbatch.core.result_warnings import NOTHING_TO_SEE
from docbatch.core.results import DocumentInfo
from docbatch.providers.extractpage import KIND
from docbatch.providers.extractpage import answer as reading
from docbatch.providers.extractpage.chunks import paragraphs, read_chunks
from docbatch.providers.extractpage.locator import Locator
from docbatch.providers.extractpage.options import ExtractPageConfig
from docbatch.providers.extractpage.replies import (
    Misshapen,
    read_batch,
    read_complaint,
    read_file,
    read_page,
)
from docbatch.providers.extractpage.request import idempotency_key, render
from docbatch.providers.extractpage.uploads import digest_in, file_name
from docbatch.providers.http.times import moment
from docbatch.providers.kind import Settings
from tests.providers.extractpage import project as arrange

DOCUMENT = DocumentInfo(path="a.pdf", sha256="0" * 64, size=1, media_type="application/pdf")
BATCH = {
    "id": "b1",
    "status": "pending",
    "total_items": 2,
    "counts": {"pending": 2},
    "metadata": None,
    "engine": None,
    "options": {},
    "created_at": "2026-01-01T00:00:00Z",
    "expires_at": "2026-01-04T00:00:00Z",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:10Z", 10.0),
        ("1970-01-01T01:00:10+01:00", 10.0),
        ("1970-01-01T00:00:10", 10.0),
        ("soon", None),
        ("", None),
        (None, None),
        (12, None),
    ],
)
def test_times_are_read_or_left_out(text: object, expected: float | None) -> None:
    assert moment(text) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"error": "file_not_found", "file_ids": ["f"]}, ("file_not_found", "")),
        ({"error": "result_not_ready", "status": "running"}, ("result_not_ready", "")),
        (
            {"detail": [{"loc": ["body", "engine"], "msg": "too long", "type": "x", "input": "secret"}]},
            (None, "body.engine: too long"),
        ),
        ({"detail": "Not Found"}, (None, "Not Found")),
        ({"detail": {"error": "inner", "message": "words"}}, ("inner", "words")),
        ({"error": {"code": "deep", "message": "words"}}, ("deep", "words")),
        ({"code": "upload_missing"}, ("upload_missing", "")),
        ({}, (None, "")),
        ([], (None, "")),
    ],
)
def test_an_error_of_any_shape_gives_its_code_and_words(
    body: object, expected: tuple[str | None, str]
) -> None:
    assert read_complaint(body, "") == expected


def test_an_error_of_the_storage_gives_its_code() -> None:
    text = "<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Reduce</Message></Error>"
    assert read_complaint(None, text) == ("SlowDown", "Reduce")


@pytest.mark.parametrize(
    "answer", [None, [], {}, {"id": 1}, {**BATCH, "total_items": "2"}, {**BATCH, "id": ""}]
)
def test_a_batch_without_what_is_needed_is_misshapen(answer: object) -> None:
    with pytest.raises(Misshapen):
        read_batch(answer)


@pytest.mark.parametrize(
    "answer", [{}, {"id": "f"}, {"id": "f", "upload": {}}, {"id": "f", "upload": {"method": "PUT"}}]
)
def test_a_file_without_a_place_to_put_it_is_misshapen(answer: object) -> None:
    with pytest.raises(Misshapen):
        read_file(answer)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    ["id", "items", "counts", "total_items", "error", "code", "detail", "chunks", "page_no"]
                ),
                inner,
            )
        ),
    )
)
def test_no_answer_whatsoever_gives_anything_but_a_value_or_a_clear_error(answer: object) -> None:
    for read in (read_page, read_file, read_batch):
        with pytest.raises(Misshapen):
            read(answer)
    read_complaint(answer, "")


@pytest.mark.parametrize(
    ("changes", "finished"),
    [
        ({}, False),
        ({"counts": {"succeeded": 1, "running": 1}, "status": "completed", "completed_at": "now"}, False),
        ({"counts": {"succeeded": 1, "failed": 1}, "status": "brewing"}, True),
        ({"counts": {"succeeded": 1}, "status": "brewing"}, False),
        ({"counts": {"succeeded": 1}, "completed_at": "now"}, True),
        ({"counts": None, "status": "partially_failed"}, True),
        ({"counts": {"succeeded": "two"}, "status": "running"}, False),
    ],
)
def test_the_counts_decide_where_they_are_whole_and_words_only_where_they_are_not(
    changes: dict[str, Any], finished: bool
) -> None:
    assert read_batch({**BATCH, **changes}).is_finished is finished


@given(
    st.text(min_size=1),
    st.text(min_size=1),
    st.none() | st.integers(0),
    st.none() | st.floats(0, 1e6),
    st.none() | st.text(min_size=1),
)
def test_a_locator_survives_being_text(
    batch_id: str, item: str, pages: int | None, taken: float | None, engine: str | None
) -> None:
    locator = Locator(batch_id, item, pages, taken, engine)

    assert Locator.parse(locator.text) == locator
    assert locator.result_path.count("/") == 6


def text(words: str, box: list[float] | None = None, page: int = 1, **more: Any) -> dict[str, Any]:
    return {"chunk_type": "text", "page_content": words, "page_no": page, "bbox": box, **more}


TABLE = {
    "chunk_type": "table",
    "page_content": "| a | b |\n|---|---|\n| c | d |",
    "page_no": 2,
    "bbox": [1, 2, 3, 4],
    "n_rows": 2,
    "merged_from_pages": [2, 3],
    "cells": [
        {
            "text": "d",
            "row": 1,
            "col": 1,
            "row_span": 1,
            "col_span": 2,
            "bbox": [1, 2, 3, 4],
            "confidence": 90,
        },
        {"text": "c", "row": 1, "col": 0},
        {"text": "a", "row": 0, "col": 0},
        {"text": "b", "row": 0, "col": 1},
    ],
}
IMAGE = {
    "chunk_type": "image",
    "page_content": "",
    "page_no": 2,
    "image_url": "https://s.example/i.png?X-Amz-Signature=1",
}


def answer(*chunks: Any, **locator: Any) -> reading.ExtractPageAnswer:
    return reading.read(
        reading.pack(
            Locator("b1", "i1", **locator), json.dumps({"chunks": list(chunks), "later": 1}).encode()
        )
    )


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ([text("Hello", [0, 0, 30, 10]), text("world", [33, 0, 60, 10])], ["Hello world"]),
        ([text("Hel", [0, 0, 30, 10]), text("lo", [30.2, 0, 60, 10])], ["Hello"]),
        ([text("Hello ", [0, 0, 30, 10]), text("world", [33, 0, 60, 10])], ["Hello world"]),
        ([text("one", [0, 0, 30, 10]), text("two", [0, 12, 30, 22])], ["one\ntwo"]),
        ([text("one", [0, 0, 30, 10]), text("two", [0, 40, 30, 50])], ["one", "two"]),
        ([text("Title", [0, 0, 30, 20]), text("body", [0, 22, 30, 32])], ["Title", "body"]),
        ([text("one", page=1), text("two", page=2)], ["one", "two"]),
        ([text("two", page=2), text("one", page=1)], ["one", "two"]),
        ([text("one"), text("two")], ["one\ntwo"]),
        ([text("one", [0, 0, 1]), text("two", [0, 0, 1, float("1e999")])], ["one\ntwo"]),
        ([text("one"), IMAGE | {"page_no": 1}, text("two")], ["one", "", "two"]),
        ([], []),
    ],
)
def test_runs_of_text_become_paragraphs(chunks: list[dict[str, Any]], expected: list[str]) -> None:
    assert [part.text for part in paragraphs(read_chunks({"chunks": chunks}))] == expected


def test_a_result_has_pages_blocks_tables_and_what_it_cost() -> None:
    subject = answer(
        text("Hello", [0, 0, 30, 10], confidence=87.5), TABLE, IMAGE, pages=3, seconds=1.5, engine="e1"
    )
    result = subject.result(DOCUMENT)

    assert result.markdown == "Hello\n\n| a | b |\n|---|---|\n| c | d |"
    assert result.text == "Hello\n\na\tb\nc\td"
    assert [(page.number, [block.kind for block in page.blocks]) for page in result.pages] == [
        (1, ["text"]),
        (2, ["table", "image"]),
    ]
    table = result.pages[1].blocks[0]
    assert (table.cells[0].row, table.cells[0].column_span, table.cells[0].bbox) == (1, 2, (1, 2, 3, 4))
    assert result.pages[0].blocks[0].confidence == 0.875
    assert (result.usage.pages, result.timing.seconds, result.provider.engine) == (3, 1.5, "e1")
    assert result.provider.remote_id == "i1"
    assert result.metadata == {"derived": ["markdown", "text"]}


def test_the_vendors_answer_is_kept() -> None:
    raw = answer(text("see https://a.example/?b=c"), IMAGE, TABLE).result(DOCUMENT).raw

    assert raw["later"] == 1
    assert raw["chunks"] == [text("see https://a.example/?b=c"), IMAGE, TABLE]


@pytest.mark.parametrize(
    "chunk",
    [
        {},
        {"chunk_type": "novelty", "page_content": 5, "page_no": "two", "bbox": "x", "cells": [1, {}]},
        {"chunk_type": "table", "page_content": None, "cells": "none"},
        {"chunk_type": "text", "page_content": "half \ud83d", "page_no": -1, "confidence": 400},
    ],
)
def test_a_chunk_with_odd_fields_is_still_a_result(chunk: dict[str, Any]) -> None:
    result = answer(chunk).result(DOCUMENT)

    assert [page.number for page in result.pages] == [1]
    result.model_dump_json(exclude={"raw"})


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"format": "docbatch/extractpage/v1"}',
        b'{"format": "docbatch/extractpage/v1", "item": {}, "answer": {"chunks": [1]}}',
    ],
)
def test_a_payload_that_is_none_is_a_value_error(content: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the contract names no more
        reading.read(content)


def test_the_same_batch_gives_the_same_bytes_and_another_one_another_key() -> None:
    from docbatch.core.models import RemoteObject
    from docbatch.providers.extractpage.marks import upload_name

    def body(submission: str, **config: Any) -> bytes:
        wanted = arrange.batch(submission=submission, **config)
        made = {upload_name(item): RemoteObject("s", f"f-{item.name}") for item in wanted.items}
        return render(wanted, made, "r" * 64)

    assert body("s1") == body("s1")
    keys = {idempotency_key(each) for each in (body("s1"), body("s2"), body("s1", engine="e"))}
    assert len(keys) == 3
    assert all(key.isascii() and len(key) <= 64 for key in keys)
    sent = json.loads(body("s1"))
    assert sent["source"]["file_ids"] == [f"f-{name}" for name in arrange.DOCUMENTS]
    assert "ocr" not in sent


@given(st.text(max_size=2000))
def test_a_long_name_keeps_its_beginning_and_its_end(name: str) -> None:
    item = replace(arrange.item("a.txt", "apple"), name=name)
    short = file_name(item)

    assert len(short) <= 512
    assert short[65:465] == name[:400]
    assert short.endswith(name[-60:])
    assert digest_in(short) == item.digest


def test_options_are_checked() -> None:
    assert ExtractPageConfig.model_validate({"engine": "e", "extract_text": False}).extract_images
    for wrong in ({"ocr": "auto"}, {"engine": ""}, {"engine": "e" * 65}, {"extract_text": "no"}):
        with pytest.raises(ValueError):  # noqa: PT011 - pydantic's own
            ExtractPageConfig.model_validate(wrong)


def test_the_connection_decides_about_account_speed_and_recovery(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EXTRACT_BASE_URL", raising=False)
    plain = Settings("extractpage", "extractpage")
    assert KIND.account(plain) == "api.extract.page"
    assert (
        KIND.account(Settings("x", "extractpage", base_url="https://Proxy.example/x/")) == "proxy.example/x"
    )
    monkeypatch.setenv("EXTRACT_BASE_URL", "https://eu.example")
    assert KIND.account(plain) == "eu.example"

    traits = KIND.traits(plain)
    assert (traits.recovery, traits.findable, traits.resend, traits.grace) == ("keyed", True, True, 60)
    assert traits.max_items == 10_000
    hold = KIND.traits(Settings("x", "extractpage", resend=False, grace=5, poll_initial=1, in_flight=2))
    assert (hold.resend, hold.grace, hold.poll_initial, hold.max_in_flight) == (False, 5, 1, 2)
    assert KIND.pins(Operation.PARSE, {}) == {}
    assert KIND.abilities()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"chunks": 1}',
        b'{"chunks": [{}, 1]}',
        b'{"pages": []}',
        '{"chunks": []}'.encode("utf-16"),
        b'\xef\xbb\xbf{"chunks": []}',
        b"<html>",
        b'{"chunks": []},"item":{"pages":9}',
    ],
)
def test_what_is_no_result_is_not_taken_for_one(body: bytes) -> None:
    at = Locator("b1", "i1")

    with pytest.raises(ValueError, match=r"result|chunk"):
        reading.read(reading.pack(at, body))
    assert reading.read(reading.pack(at, b' {"chunks": [], "more": 1}')).text() == ""


@pytest.mark.parametrize(
    ("chunks", "warnings"),
    [
        ([], (NOTHING_TO_SEE,)),
        ([text("  ")], (NOTHING_TO_SEE,)),
        ([IMAGE], ("lost: no word was read in the pictures on page 2",)),
        ([text("words"), IMAGE], ()),
    ],
)
def test_an_answer_without_a_word_says_so(chunks: list[dict[str, Any]], warnings: tuple[str, ...]) -> None:
    found = answer(*chunks)

    assert found.warnings == found.result(DOCUMENT).warnings == warnings
    assert found.is_partial is any(each.startswith("lost:") for each in warnings)
