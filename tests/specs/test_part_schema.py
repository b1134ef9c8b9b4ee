"""Editors check parts of jobs: what may come from elsewhere is not missed, and what nobody may write is seen."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from docbatch.specs.schema import fragment_schema, job_schema
from docbatch.specs.yaml import parse
from tests.specs.test_schema import JOBS, mutants

TEAM = Path(__file__).parents[2] / "examples" / "team"
JOB = Draft202012Validator(job_schema())
FRAGMENT = Draft202012Validator(fragment_schema())
HEAD = "apiVersion: docbatch/v1\nname: a\n"


def read(text: str) -> Any:
    (node,) = parse(text, "spec.yaml")
    return node.plain()


@pytest.mark.parametrize("file", sorted(TEAM.glob("jobs/*.yaml")), ids=lambda file: file.stem)
def test_jobs_that_extend_fit(file: Path) -> None:
    assert list(JOB.iter_errors(read(file.read_text()))) == []


@pytest.mark.parametrize("file", sorted(TEAM.glob("fragments/*.yaml")), ids=lambda file: file.stem)
def test_fragments_fit_and_are_no_jobs(file: Path) -> None:
    assert list(FRAGMENT.iter_errors(read(file.read_text()))) == []
    assert not JOB.is_valid(read(file.read_text()))


PARTS = (
    "source: {root: elsewhere}",
    "source: {urls: null, include: x}",
    "matrix: {country: null}",
    "priority: '{{ matrix.p }}'",
    "priority: null",
    "config: '{{ matrix.c }}'",
    "provider: extend\noperation: extract",
    "provider: local\nconfig: {ocr: null, timeout: '{{ matrix.t }}'}",
    "limits: [{per: run, pages: '{{ matrix.pages }}'}]",
    "sink: [{type: '{{ matrix.sink }}', path: out/x}]",
    "window: {timezone: Europe/Berlin}",
    "retry: {vendor_error: {times: '{{ matrix.n }}'}}",
)


@pytest.mark.parametrize("part", PARTS)
def test_what_others_complete_fits(part: str) -> None:
    assert FRAGMENT.is_valid(read(part))
    assert JOB.is_valid(read(f"{HEAD}extends: base.yaml\n{part}"))


@pytest.mark.parametrize("part", PARTS)
def test_what_is_a_part_alone_is_no_job_that_extends_nothing(part: str) -> None:
    assert not JOB.is_valid(read(HEAD + part))


@pytest.mark.parametrize(
    "part",
    [
        "surce: {root: elsewhere}",
        "source: {rot: elsewhere}",
        "priority: high",
        "priority: 200",
        "provider: local\nconfig: {orc: auto}",
        "provider: local\nconfig: {ocr: never}",
        "sink: {type: files}",
        "sink: [{type: files, pth: x}]",
        "labels: {a: 1}",
        "extends: 5",
        "matrix: [a]",
        "apiVersion: docbatch/v2",
    ],
)
def test_what_nobody_may_write_does_not(part: str) -> None:
    assert not FRAGMENT.is_valid(read(part))
    extends = "" if part.startswith("extends") else "extends: base.yaml\n"
    assert not JOB.is_valid(
        read(f"{HEAD}{extends}{part}".replace("apiVersion: docbatch/v1\n", "", "apiVersion" in part))
    )


@pytest.mark.parametrize("lacking", ["apiVersion: docbatch/v1\n", "name: a\n"])
def test_a_job_that_extends_has_a_version_and_a_name(lacking: str) -> None:
    assert not JOB.is_valid(read(HEAD.replace(lacking, "") + "extends: base.yaml\n"))


def test_a_job_with_a_matrix_alone_has_a_source() -> None:
    job = f"{HEAD}matrix: {{a: [1]}}\n"
    assert not JOB.is_valid(read(job))
    assert JOB.is_valid(read(f"{job}source: {{include: x}}\n"))


@given(st.sampled_from(JOBS).flatmap(mutants))
def test_jobs_that_extend_and_fragments_may_say_the_same(spec: dict[str, Any]) -> None:
    said = {key: value for key, value in spec.items() if key not in {"apiVersion", "name"}}
    job = {"apiVersion": "docbatch/v1", "name": "a", "extends": "base.yaml", **said}
    assert JOB.is_valid(job) == FRAGMENT.is_valid(said)


def test_a_value_of_whole_jobs_and_parts_is_written_once() -> None:
    definitions = job_schema()["$defs"]
    assert definitions["part.FilesSinkSpec"]["properties"]["format"]["anyOf"] == [
        {"$ref": "#/$defs/FilesSinkSpec/properties/format"},
        {"$ref": "#/$defs/part.Unsaid"},
    ]


def test_a_fragment_has_no_name() -> None:
    assert not FRAGMENT.is_valid(read("name: a"))
