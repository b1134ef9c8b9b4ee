import json
import tracemalloc
from collections.abc import Iterator

import pytest

from docbatch.core.errors import SinkError
from docbatch.core.models import Failure, FailureClass
from docbatch.core.results import Result
from docbatch.sinks.base import Delivery, Receipt
from docbatch.sinks.job_file import JsonlSink
from docbatch.sinks.rows.facts import RowFacts
from docbatch.sinks.trash import Trash

from .arrangement import PATHS, Arrangement, delivery, failed


def result_of(line: str) -> Result:
    """Return the result in a row, without what the row says of its job."""
    row = json.loads(line)
    return Result.model_validate({name: value for name, value in row.items() if name in Result.model_fields})


def test_lines_are_results_in_the_order_delivered(jsonl: Arrangement) -> None:
    jsonl.deliver_all()

    results = [result_of(line) for line in jsonl.output.read_text().splitlines()]
    assert [result.document.path for result in results] == list(PATHS)


def test_members_stand_in_the_order_of_the_model(jsonl: Arrangement) -> None:
    jsonl.deliver_all()

    members = list(json.loads(jsonl.output.read_text().splitlines()[0]))

    assert members == ["job", "labels", "columns", *Result.model_fields]


def test_a_document_with_line_breaks_stays_on_one_line(jsonl: Arrangement) -> None:
    jsonl.deliver([delivery("a.pdf", "one\ntwo\u2028three")])

    assert jsonl.output.read_bytes().count(b"\n") == 1


@pytest.mark.parametrize("end", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\r"])
def test_whatever_readers_take_for_the_end_of_a_line_is_escaped(jsonl: Arrangement, end: str) -> None:
    jsonl.deliver([delivery("a.pdf", f"one{end}two")])

    (line,) = jsonl.output.read_text().splitlines()
    assert result_of(line).text == f"one{end}two"


def test_the_old_file_stays_until_the_new_one_is_whole(jsonl: Arrangement) -> None:
    jsonl.deliver_all()
    before = jsonl.output.read_text()
    seen: list[str] = []

    def watching() -> Iterator[Delivery]:
        for path in PATHS:
            yield delivery(path, "x" * 3_000_000)
            seen.append(jsonl.output.read_text())

    jsonl.deliver(watching())

    assert seen == [before] * 3
    assert jsonl.output.read_text() != before


def test_a_job_without_documents_leaves_an_empty_file(jsonl: Arrangement) -> None:
    jsonl.deliver([])

    assert jsonl.output.read_bytes() == b""


def test_paths_of_any_bytes_come_back_in_receipts(jsonl: Arrangement) -> None:
    paths = [b"a\nb", b"caf\xe9", b"\x00"]
    deliveries = [delivery("x") for _ in paths]

    outcomes = jsonl.deliver_raw(zip(paths, deliveries, strict=True))

    assert outcomes == [Receipt(path, jsonl.stamp) for path in paths]


def test_a_folder_in_the_output_s_place_is_an_error_that_says_what_is_safe(jsonl: Arrangement) -> None:
    jsonl.output.mkdir(parents=True)

    with pytest.raises(SinkError, match="is a folder; move it away") as caught:
        jsonl.deliver_all()

    assert "docbatch apply" in str(caught.value.hint)
    assert jsonl.hidden() == []


def test_memory_does_not_grow_with_the_number_of_documents(jsonl: Arrangement) -> None:
    def peak(number: int) -> int:
        tracemalloc.start()
        outcomes = jsonl.open().deliver(delivery(f"{index:06}.pdf", "word " * 200) for index in range(number))
        assert sum(1 for _ in outcomes) == number
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    peak(10)
    assert peak(4000) < 1.5 * peak(1000)


def test_a_line_says_its_job_labels_and_columns_whatever_they_hold(jsonl: Arrangement) -> None:
    facts = RowFacts("job", {"team": "a\u2028b"}, lambda path: {"customer": path.decode()})
    sink = JsonlSink(jsonl.root, b"deep/job.jsonl", trash=Trash(jsonl.trash), facts=facts)

    list(sink.deliver([delivery("a.pdf"), failed("b.pdf", Failure(FailureClass.CORRUPT, "x\u2028y"))]))

    lines = jsonl.output.read_text().splitlines()
    result, failure = map(json.loads, lines)
    assert [result[name] for name in ("job", "labels", "columns")] == [
        "job",
        {"team": "a\u2028b"},
        {"customer": "a.pdf"},
    ]
    assert failure["failure"] == {"class": "corrupt", "code": None, "message": "x\u2028y"}
    assert (failure["outcome"], failure["document"]["path"]) == ("failed", "b.pdf")


def test_a_sink_without_facts_writes_bare_results(jsonl: Arrangement) -> None:
    list(JsonlSink(jsonl.root, b"deep/job.jsonl", trash=Trash(jsonl.trash)).deliver([delivery("a.pdf")]))

    assert Result.model_validate_json(jsonl.output.read_text()).text == "a.pdf"
