"""What a job may write under `config:` for LlamaCloud."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from docbatch.core.models import Operation
from docbatch.providers.llamacloud.options import CONFIGS, saved_parameters

SCHEMA = {"type": "object", "properties": {"total": {"type": "number"}}}


def judged(operation: Operation, config: dict[str, Any]) -> str:
    """Return what is wrong with a config; nothing when it is right."""
    try:
        CONFIGS[operation].model_validate_json(json.dumps(config))
    except ValidationError as error:
        return "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
    return ""


@pytest.mark.parametrize(
    ("operation", "config"),
    [
        (Operation.PARSE, {"configuration_id": "cfg-PARSE_AGENTIC", "cleanup": False}),
        (Operation.PARSE, {"parameters": {"tier": "fast", "fast_options": {}}}),
        (
            Operation.PARSE,
            {
                "parameters": {
                    "tier": "agentic_plus",
                    "version": "2026-09-28",
                    "page_ranges": {"target_pages": "1,3,5-8"},
                    "crop_box": {"top": 0, "bottom": 0.5},
                    "processing_options": {"cost_optimizer": {"enable": True}, "ocr_parameters": {"languages": ["en"]}},
                    "processing_control": {"timeouts": {"base_in_seconds": 7200}},
                    "output_options": {"markdown": {"tables": {"merge_continued_tables": True}}},
                }
            },
        ),
        (Operation.EXTRACT, {"parameters": {"data_schema": SCHEMA, "tier": "turbo"}}),
        (Operation.EXTRACT, {"configuration_id": "cfg-1"}),
    ],
)  # fmt: skip
def test_a_good_config_is_taken(operation: Operation, config: dict[str, Any]) -> None:
    assert judged(operation, config) == ""


@pytest.mark.parametrize(
    ("operation", "config", "said"),
    [
        (Operation.PARSE, {}, "either configuration_id or parameters"),
        (Operation.PARSE, {"configuration_id": "cfg-1", "parameters": {"tier": "fast"}}, "either configuration_id"),
        (Operation.PARSE, {"configuration_id": "agentic"}, "configuration_id"),
        (Operation.PARSE, {"parameters": {"tier": "premium"}}, "parameters.tier"),
        (Operation.PARSE, {"parameters": {"tier": "fast", "tables": True}}, "parameters.tables"),
        (Operation.PARSE, {"parameters": {"tier": "fast", "agentic_options": {}}}, "not available on the tier fast"),
        (Operation.PARSE, {"parameters": {"tier": "agentic", "page_ranges": {"target_pages": "1-"}}}, "target_pages"),
        (
            Operation.PARSE,
            {"parameters": {"tier": "cost_effective", "processing_options": {"cost_optimizer": {"enable": True}}}},
            "needs the tier agentic",
        ),
        (
            Operation.PARSE,
            {"parameters": {"tier": "agentic", "processing_control": {"timeouts": {"base_in_seconds": 7201}}}},
            "base_in_seconds",
        ),
        (Operation.EXTRACT, {"parameters": {"tier": "agentic"}}, "parameters.data_schema"),
        (
            Operation.EXTRACT,
            {"parameters": {"data_schema": SCHEMA, "tier": "turbo", "parse_tier": "fast"}},
            "turbo takes neither",
        ),
        (Operation.EXTRACT, {"parameters": {"data_schema": SCHEMA, "spreadsheet_mode": True}}, "agentic_plus"),
        (Operation.EXTRACT, {"parameters": {"data_schema": {"title": "x" * 120_000}}}, "120,000 characters"),
    ],
)  # fmt: skip
def test_a_bad_config_is_refused_with_its_reason(
    operation: Operation, config: dict[str, Any], said: str
) -> None:
    assert said in judged(operation, config)


def test_what_is_saved_is_what_was_written_and_the_pinned_version() -> None:
    config = {"parameters": {"tier": "agentic", "crop_box": None}}

    assert saved_parameters(Operation.PARSE, config, {}) == {"tier": "agentic", "version": "latest"}
    assert saved_parameters(Operation.PARSE, config, {"version": "2026-10-16"}) == {
        "tier": "agentic",
        "version": "2026-10-16",
    }
    assert saved_parameters(Operation.PARSE, {"configuration_id": "cfg-1"}, {}) is None
