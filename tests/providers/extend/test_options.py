"""What a job may write under `config:` for Extend."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.providers.extend.options import ClassifyConfig, ExtractConfig, ParseConfig, SplitConfig
from tests.cli.project import Ended
from tests.providers.extend.project import extend_project

EVERYTHING: dict[str, Any] = {
    "target": "markdown",
    "chunkingStrategy": {"type": "section", "options": {"minCharacters": 10, "maxCharacters": 100}},
    "engine": "parse_performance",
    "engineVersion": "2.0.0",
    "blockOptions": {
        "figures": {
            "enabled": True,
            "advancedChartExtractionEnabled": True,
            "customInstructions": "in French",
        },
        "tables": {"targetFormat": "markdown", "agentic": {"enabled": True}},
        "text": {"signatureDetectionEnabled": True},
        "keyValue": {"blankFieldFormattingEnabled": True},
        "barcodes": {"readingEnabled": True},
        "formulas": {"enabled": True},
    },
    "advancedOptions": {
        "pageRanges": [{"start": 1, "end": 750}],
        "excelParsingMode": "advanced",
        "returnOcr": {"words": True},
        "enrichmentFormat": "xml",
        "imageConversionQuality": "high",
        "formattingDetection": [{"type": "change_tracking"}],
    },
    "priority": 100,
}


def test_all_documented_options_are_accepted() -> None:
    assert ParseConfig.model_validate(EVERYTHING).priority == 100


@pytest.mark.parametrize(
    "config",
    [
        {"target": "spatial", "chunkingStrategy": {"type": "document"}},
        {"target": "spatial", "chunkingStrategy": {"type": "section"}},
        {"target": "MARKDOWN"},
        {"engine": "parse_fast"},
        {"chunkingStrategy": {"type": "paragraph"}},
        {"chunkingStrategy": {"options": {"minCharacters": 10, "maxCharacters": 9}}},
        {"blockOptions": {"tables": {"targetFormat": "csv"}}},
        {"advancedOptions": {"pageRanges": [{"start": 0, "end": 3}]}},
        {"advancedOptions": {"pageRanges": [{"start": 3, "end": 2}]}},
        {"advancedOptions": {"pageRanges": [{"start": 1, "end": 751}]}},
        {"advancedOptions": {"pageRanges": [{"start": 1}]}},
        {"advancedOptions": {"verticalGroupingThreshold": 1.0}},
        {"target": "spatial", "advancedOptions": {"verticalGroupingThreshold": 5.1}},
        {"engine": "parse_light", "advancedOptions": {"formattingDetection": [{"type": "change_tracking"}]}},
        {"priority": 0},
        {"priority": 101},
        {"target_format": "html"},
        {"chunking_strategy": {"type": "page"}},
    ],
)
def test_what_the_vendor_would_refuse_is_refused(config: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ParseConfig.model_validate(config)


@pytest.mark.parametrize(
    "config",
    [
        {"target": "spatial", "chunkingStrategy": {"type": "page"}},
        {"target": "spatial", "advancedOptions": {"verticalGroupingThreshold": 0.1}},
        {"chunkingStrategy": {"type": "section"}},
        {"advancedOptions": {"pageRanges": []}},
    ],
)
def test_options_that_fit_together_are_accepted(config: dict[str, Any]) -> None:
    assert ParseConfig.model_validate(config).model_dump(by_alias=True, exclude_unset=True) == config


@pytest.mark.parametrize(
    ("model", "identity"),
    [(ExtractConfig, "ex_1"), (ClassifyConfig, "cl_1"), (ClassifyConfig, "cls_1"), (SplitConfig, "spl_1")],
)
def test_processors_are_named_by_their_ids(model: type[ExtractConfig], identity: str) -> None:
    processor = {"id": identity, "version": "1.0", "override": {"schema": {}}}

    read = model.model_validate({"processor": processor})

    assert read.model_dump(by_alias=True, exclude_unset=True) == {"processor": processor}


@pytest.mark.parametrize(
    ("model", "identity"), [(ExtractConfig, "cl_1"), (ClassifyConfig, "ex_1"), (SplitConfig, "not an id")]
)
def test_a_processor_of_another_kind_is_refused(model: type[ExtractConfig], identity: str) -> None:
    with pytest.raises(ValidationError):
        model.model_validate({"processor": {"id": identity}})


def validated(tmp_path: Path, config: str, operation: str = "parse") -> Ended:
    with ExtendEmulator() as vendor:
        ended = extend_project(tmp_path, vendor, config=config, operation=operation).call("validate")
        assert vendor.requests == []
    return ended


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ("{chunkingStrateg: {type: page}}", "did you mean chunkingStrategy?"),
        ("{blockOptions: {tables: {targetFormt: html}}}", "did you mean targetFormat?"),
        ("{target: spacial}", "did you mean spatial?"),
        ("{target: spatial, chunkingStrategy: {type: section}}", "use chunkingStrategy: {type: page}"),
    ],
)
def test_validate_says_what_was_meant(tmp_path: Path, config: str, told: str) -> None:
    ended = validated(tmp_path, config)

    assert ended.code == 64
    assert told in ended.out + ended.err


def test_a_processor_is_asked_for_where_one_is_needed(tmp_path: Path) -> None:
    ended = validated(tmp_path, "{}", "extract")

    assert ended.code == 64
    assert "processor is missing" in ended.out + ended.err


def test_a_version_that_yaml_reads_as_a_number_is_to_be_quoted(tmp_path: Path) -> None:
    ended = validated(tmp_path, "{processor: {id: ex_one, version: 1.0}}", "extract")

    assert ended.code == 64
    assert 'put it in quotes: "1.0"' in ended.out + ended.err
