"""What options are charged for comes with the result, or the option is refused: every option has its place in the docs."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from docbatch.core.errors import Refused, Unavailable
from docbatch.core.models import Operation
from docbatch.core.results import Result
from docbatch.emulators.llamacloud.service import LlamaCloud
from docbatch.providers.base import Ready
from docbatch.providers.llamacloud import jobs
from docbatch.providers.llamacloud.answer import read
from docbatch.providers.llamacloud.configuring.parameters import ParseParameters
from docbatch.providers.llamacloud.options import CONFIGS, ExtractParameters
from docbatch.providers.llamacloud.results.side_results import placed
from docbatch.specs.places import submodels
from tests.providers.llamacloud.project import Bench
from tests.providers.llamacloud.test_following import DOCUMENT, followed

DOCS = Path(__file__).parents[3] / "docs" / "results.md"
SCHEMA = {"type": "object", "properties": {"total": {"type": "number"}}}
PLAIN = {"tier": "agentic", "version": "2026-10-16"}
EVERYTHING: dict[str, Any] = {
    **PLAIN,
    "output_options": {
        "granular_bboxes": ["word", "line", "cell"],
        "additional_outputs": ["stripped_md", "concatenated_stripped_txt", "word_bbox"],
        "extract_printed_page_number": True,
    },
    "processing_options": {"forms": "enrich", "confidence_score_effort": "high"},
}
EVERYTHING_EXTRACTED: dict[str, Any] = {
    "data_schema": SCHEMA,
    "tier": "agentic",
    "version": "2.5",
    "cite_sources": True,
}
FILES = ("images_to_save", "save_output_pdf", "tables_as_spreadsheet")
MADE_FILES: dict[str, Any] = {
    "images_to_save": ["layout"],
    "save_output_pdf": True,
    "tables_as_spreadsheet": {"enable": True},
}


@pytest.fixture
def bench() -> Iterator[Bench]:
    with LlamaCloud() as vendor:
        made = Bench(vendor)
        yield made
        made.close()
        assert vendor.errors == []
        assert vendor.leaks == []


def fetched(
    bench: Bench, config: Mapping[str, Any], *, operation: Operation = Operation.PARSE
) -> tuple[bytes, Result]:
    """Send two pages, and return what is kept of them and the result."""
    provider = bench.provider()
    intent, batch = bench.sent(
        provider, bench.batch("total 5\fgreen pear", operation=operation, config=config)
    )
    (ready,) = followed(bench, provider, intent, batch).values()
    assert isinstance(ready, Ready)
    payload = provider.fetch(intent, ready)
    return payload, read(payload).result(DOCUMENT)


def leaves(model: type[BaseModel], before: str = "") -> Iterator[str]:
    """Yield the paths of all that can be set."""
    for name, field in model.model_fields.items():
        inner = [each for each in submodels(field) if each.model_fields]
        if not inner:
            yield before + name
        for each in inner:
            yield from leaves(each, f"{before}{name}.")


def table(operation: str) -> dict[str, str]:
    """Return the place of each option's result, as the docs tell it."""
    text = DOCS.read_text(encoding="utf-8")
    rows = text.partition(f"| options of {operation} |")[2].partition("\n\n")[0].splitlines()[2:]
    told = {}
    for row in rows:
        options, _, place = row.removeprefix("| ").removesuffix(" |").partition(" | ")
        for option in re.findall(r"`([^`]+)`", options):
            assert option not in told, f"{option} stands there twice"
            told[option] = place
    return told


def at(result: Result, place: str) -> object:
    found: Any = result.model_dump()
    for step in place.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    return found


@pytest.mark.parametrize(("operation", "model"), [("parse", ParseParameters), ("extract", ExtractParameters)])
def test_the_docs_say_of_every_option_where_its_result_is_found(
    operation: str, model: type[BaseModel]
) -> None:
    assert sorted(table(operation)) == sorted(leaves(model))


@pytest.mark.parametrize("large", [4 << 20, 0])
def test_everything_the_docs_name_is_in_the_result(
    bench: Bench, large: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "LARGE_SOURCE", large)
    places = {
        place
        for told in table("parse").values()
        if not told.startswith("refused")
        for place in re.findall(r"`((?:raw|metadata)\.[a-z_.]+)`", told)
    } - {"metadata.document"}

    _, result = fetched(bench, {"parameters": EVERYTHING})

    assert {"raw.forms", "raw.grounded_items", "raw.raw_words"} <= places
    assert [place for place in places if not at(result, place)] == []
    assert result.warnings == ()


def test_what_is_fetched_has_its_form(bench: Bench) -> None:
    _, result = fetched(bench, {"parameters": EVERYTHING})

    assert [page["page_number"] for page in result.raw["forms"]["pages"]] == [1, 2]
    assert [page["page_number"] for page in result.raw["grounded_items"]] == [1, 2]
    assert [word["text"] for word in result.raw["raw_words"]] == ["total", "5", "green", "pear"]
    assert result.raw["stripped_markdown"]["pages"][1]["stripped_markdown"] == "green pear"
    assert result.raw["concatenated_stripped_markdown"] == "total 5\n\n---\n\ngreen pear"
    assert result.markdown == "total 5\n\ngreen pear\n"


def test_no_link_of_the_service_is_kept(bench: Bench) -> None:
    payload, result = fetched(bench, {"parameters": EVERYTHING})

    assert b"presigned_url" not in payload
    assert b"http" not in payload
    assert "docbatch" not in result.raw


def test_the_link_of_a_file_that_nobody_asked_for_is_not_kept(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = {"size_bytes": 8, "exists": True, "presigned_url": "https://store.example.com/a?sig=1"}
    offered = {
        "result_content_metadata": {"outputPDF": part, "odd": 1},
        "images_content_metadata": {"a": part},
    }
    monkeypatch.setattr(bench.vendor, "_downloads", lambda *_arguments: offered)

    payload, result = fetched(bench, {"parameters": PLAIN})

    assert b"store.example.com" not in payload
    assert result.raw["result_content_metadata"] == {"outputPDF": {"size_bytes": 8, "exists": True}}


def test_a_link_that_came_too_late_is_asked_for_again(bench: Bench) -> None:
    bench.vendor.expired_urls = 1
    provider = bench.provider()
    intent, batch = bench.sent(provider, bench.batch("apple", config={"parameters": EVERYTHING}))
    (ready,) = followed(bench, provider, intent, batch).values()
    assert isinstance(ready, Ready)

    with pytest.raises(Unavailable):
        provider.fetch(intent, ready)
    assert read(provider.fetch(intent, ready)).result(DOCUMENT).raw["grounded_items"]


def test_a_part_that_does_not_come_is_told(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("docbatch.emulators.llamacloud.service.side_files", lambda _job: {})

    _, result = fetched(bench, {"parameters": {**PLAIN, "output_options": {"granular_bboxes": ["word"]}}})

    assert result.outcome == "succeeded"
    assert result.warnings == ("asked for and not given by the service: grounded_items",)


def test_a_page_whose_form_was_not_read_is_lost() -> None:
    answer = {
        "job": {"id": "pjb-1"},
        "text": {"pages": [{"page_number": 2, "text": "apple"}]},
        "forms": {"pages": [{"page_number": 2, "success": False, "error": "too faint"}, {"odd": 1}]},
    }

    result = read(json.dumps(answer).encode()).result(DOCUMENT)

    assert (result.outcome, result.warnings) == ("partial", ("lost: page 2: its forms: too faint",))


@pytest.mark.parametrize("option", FILES)
def test_a_saved_configuration_that_makes_files_is_refused_before_a_payment(
    bench: Bench, option: str
) -> None:
    saved = configuration(bench, {"output_options": {option: MADE_FILES[option]}})
    provider = bench.provider()

    with pytest.raises(Refused, match=option) as refused:
        bench.sent(provider, bench.batch("apple", config={"configuration_id": saved}))
    assert "nothing was paid" in str(refused.value.hint)
    assert bench.vendor.ledger == []


def test_what_a_saved_configuration_asks_for_is_fetched_and_its_version_named(bench: Bench) -> None:
    saved = configuration(bench, {"processing_options": {"forms": "enrich"}})

    _, result = fetched(bench, {"configuration_id": saved})

    assert result.raw["forms"]["pages"]
    assert result.provider.engine == "agentic 2026-10-16"


def test_a_saved_configuration_that_takes_the_latest_is_said(bench: Bench) -> None:
    saved = configuration(bench, {"version": "latest"})
    provider = bench.provider()
    batch = bench.batch("apple", config={"configuration_id": saved})

    accepted = provider.create(bench.intent(provider, batch, bench.prepare(provider, batch)))

    assert f"configuration {saved} takes the latest version" in accepted.note


def test_results_of_extract_name_the_tier_and_version_of_the_job(bench: Bench) -> None:
    _, result = fetched(bench, {"parameters": EVERYTHING_EXTRACTED}, operation=Operation.EXTRACT)

    assert result.provider.engine == "agentic 2.5"
    assert result.raw["configuration"]["data_schema"] == SCHEMA


def test_the_version_pinned_for_the_job_is_named(bench: Bench) -> None:
    provider = bench.provider()
    config = {"parameters": {"tier": "fast", "version": "latest"}}
    pins = provider.pins(Operation.PARSE, config)
    batch = replace(bench.batch("apple", config=config), pins=pins)
    intent, remote_id = bench.sent(provider, batch)
    (ready,) = followed(bench, provider, intent, remote_id).values()
    assert isinstance(ready, Ready)

    assert read(provider.fetch(intent, ready)).result(DOCUMENT).provider.engine == "fast 2026-06-15"


def test_payloads_that_were_kept_before_are_read() -> None:
    answer = {"job": {"id": "pjb-1", "tier": "agentic"}, "text": {"pages": []}}

    assert read(json.dumps(answer).encode()).result(DOCUMENT).provider.engine == "agentic"


@pytest.mark.parametrize("note", [3, {"version": 5, "asked": "forms"}, {"version": "x" * 1000, "asked": [1]}])
def test_a_note_of_the_services_own_does_no_harm(note: object) -> None:
    answer = {"docbatch": note, "job": {"id": "pjb-1"}, "text": {"pages": []}}

    result = read(json.dumps(answer).encode()).result(DOCUMENT)

    assert len(result.provider.engine or "") <= 100
    assert "docbatch" not in result.raw


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("raw_words", b'{"text": "a"}\n\n{"text": "b"}\n', [{"text": "a"}, {"text": "b"}]),
        ("raw_words", b"no JSON\n", "no JSON\n"),
        ("forms", b"[" * 100_000, "[" * 100_000),
        ("concatenated_stripped_markdown", b'{"a": 1}', '{"a": 1}'),
    ],
)
def test_a_download_keeps_its_place_whatever_it_is(name: str, content: bytes, found: object) -> None:
    assert placed(name, content) == {name: found}


def test_the_presets_answer_is_taken_as_it_is(bench: Bench) -> None:
    _, result = fetched(bench, {"configuration_id": "cfg-PARSE_AGENTIC"})

    assert (result.provider.engine, result.warnings) == ("agentic", ())


def configuration(bench: Bench, parameters: Mapping[str, Any]) -> str:
    """Save a configuration as the account's owner does, and return its id."""
    body = {"name": "own", "parameters": {"product_type": "parse_v2", **PLAIN, **parameters}}
    found = bench.provider()._api.post("/api/v1/beta/configurations", body)
    return str(found["id"])


def test_the_refused_options_are_all_that_make_files() -> None:
    refused = [option for option, place in table("parse").items() if place.startswith("refused")]
    parse = CONFIGS[Operation.PARSE]

    for option in refused:
        name = option.split(".")[1]
        with pytest.raises(ValueError, match=name if name != "tables_as_spreadsheet" else "enable"):
            parse.model_validate({"parameters": {**PLAIN, "output_options": {name: MADE_FILES[name]}}})
    assert sorted(option.split(".")[1] for option in refused) == sorted(FILES)
    off = {"images_to_save": [], "save_output_pdf": False, "tables_as_spreadsheet": {"enable": False}}
    parse.model_validate({"parameters": {**PLAIN, "output_options": off}})


@pytest.mark.parametrize("value", [b"1e999", b"[-1e999]", b'{"a": NaN}'])
def test_what_was_extracted_is_shown_as_json_whatever_numbers_it_has(value: bytes) -> None:
    answer = read(b'{"id": "ext-1", "extract_result": ' + value + b"}")

    json.loads(answer.text(), parse_constant=pytest.fail)
    assert answer.text() in answer.markdown()
