"""The options of a job on the local provider."""

import json
import subprocess
import sys

import pytest
from pydantic import ValidationError

from docbatch.providers.local.options import EXECUTION_ONLY, LocalConfig, memory_bytes


def test_nothing_needs_to_be_set() -> None:
    config = LocalConfig()
    assert (config.timeout, config.max_memory, config.ocr, config.languages) == (300, "2GB", "auto", ["eng"])


@pytest.mark.parametrize(
    ("text", "size"), [("64MB", 64_000_000), ("2GB", 2 * 10**9), ("1.5 GiB", 3 << 29), ("512MiB", 1 << 29)]
)
def test_sizes_are_numbers_with_a_unit(text: str, size: int) -> None:
    assert memory_bytes(text) == size


@pytest.mark.parametrize(
    "wrong",
    [
        {"timeout": 0},
        {"timeout": "60"},
        {"timeout": float("nan")},
        {"max_memory": "2"},
        {"max_memory": 2_000_000_000},
        {"max_memory": "63MB"},
        {"max_memory": "-2GB"},
        {"max_memory": "2gb"},
        {"ocr": "on"},
        {"ocr": False},
        {"languages": []},
        {"languages": "eng"},
        {"languages": ["../eng"]},
        {"langauges": ["eng"]},
        {"encoding": ""},
        {"encoding": "rot13"},
        {"encoding": "no-such-charset"},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        LocalConfig.model_validate(wrong)


@pytest.mark.parametrize("name", ["utf-8", "cp1252", "Shift_JIS", "x-sjis", "windows-874", "latin1"])
def test_charsets_are_named_as_browsers_or_python_name_them(name: str) -> None:
    assert LocalConfig.model_validate({"encoding": name}).encoding == name


def test_every_option_is_described_for_the_editor() -> None:
    assert all("description" in option for option in LocalConfig.model_json_schema()["properties"].values())


def test_what_bounds_the_work_is_no_part_of_the_key() -> None:
    assert set(LocalConfig.model_fields) > EXECUTION_ONLY == {"timeout", "max_memory", "split_pages"}


def loaded_by(module: str) -> set[str]:
    script = f"import json, sys, {module}; print(json.dumps([*sys.modules]))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    return set(json.loads(done.stdout))


def test_neither_options_nor_provider_load_an_engine() -> None:
    assert not {"liteparse", "xberg", "kreuzberg"} & loaded_by("docbatch.providers.local.provider")


def test_a_worker_starts_without_what_it_does_not_need() -> None:
    heavy = {"pydantic", "jinja2", "httpx", "sqlite3", "liteparse", "xberg", "kreuzberg"}
    assert not heavy & loaded_by("docbatch.providers.local.worker")
