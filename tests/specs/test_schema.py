"""The committed schemas are the generated ones, and they judge as the models do."""

import copy
import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ValidationError

from docbatch.core.errors import SpecError
from docbatch.core.models import Operation
from docbatch.providers import REGISTRY
from docbatch.specs.job import JobSpec
from docbatch.specs.load import load_jobs, load_project
from docbatch.specs.project import ProjectSpec
from docbatch.specs.schema import SCHEMAS, file_name, job_schema, project_schema, render, write

FOLDER = Path(__file__).parents[2] / "schemas"

JOB: dict[str, Any] = {
    "apiVersion": "docbatch/v1",
    "name": "a",
    "source": {"root": ".", "include": ["*.pdf"], "exclude": "x", "allow_empty": False},
    "provider": "lab",
    "operation": "parse",
    "config": {"ocr": "off"},
    "priority": 50,
    "timeout": "6h",
    "sink": [
        {"type": "files", "path": "out/{{ doc.path }}", "format": "text"},
        {"type": "sqlite", "path": "out/a.db", "table": "a"},
    ],
    "labels": {"team": "finance"},
}
JOBS: Sequence[dict[str, Any]] = (
    {**JOB, "source": {"include": "*.pdf"}, "sink": [{"type": "files", "path": "out/{{ doc.path }}"}]},
    JOB,
    {
        **JOB,
        "provider": "extend",
        "operation": "extract",
        "config": {"processor": {"id": "ex_one", "version": "1.0"}, "priority": 5},
    },
    {
        **JOB,
        "provider": "extend",
        "config": {
            "target": "spatial",
            "chunkingStrategy": {"type": "page"},
            "engine": "parse_auto",
            "advancedOptions": {"verticalGroupingThreshold": 0.5},
        },
    },
    {
        **JOB,
        "provider": "llamacloud",
        "config": {
            "parameters": {"tier": "fast", "fast_options": {}, "processing_options": {"forms": "default"}}
        },
    },
    {
        **JOB,
        "provider": "extractpage",
        "source": {"file_ids": ["file_1", "file_2"]},
        "config": {"extract_text": False},
    },
)
DECLARED = {"project": {"id": "pabcdef012345"}, "providers": {"lab": {"type": "local"}}}
PROJECT: dict[str, Any] = {
    "project": {"id": "pabcdef012345"},
    "providers": {
        "extend": {
            "base_url": "https://api.extend.ai",
            "api_key": {"env": "A"},
            "webhook_secret": [{"env": "A"}, {"file": "b"}],
            "workspace": {"command": ["a"]},
            "poll": {"initial": 2},
            "recovery": {"grace": 0.5, "then": "hold"},
            "rates": {"in_flight": 2},
        }
    },
    "vars": {"a": "b", "c": 5},
    "defaults": {"priority": 5, "sink": [{"type": "jsonl", "path": "a"}]},
}
VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(
            None,
            True,
            False,
            0,
            1,
            50,
            100,
            101,
            -1,
            0.5,
            1e9,
            "",
            "a",
            "A",
            "a\n",
            "6h",
            "0s",
            "local",
            "extend",
            "extract",
            "section",
            "agentic",
            "parse_light",
            "cl_one",
            "files",
            "text",
        ),
        *(
            "https://a.b",
            "ftp://a.b",
            "x" * 65,
            "x" * 1001,
            [],
            ["a"],
            [1],
            [""],
            {},
            {"a": "b"},
            {"type": "files"},
        ),
        *(
            {"env": "A"},
            {"env": "A", "file": "b"},
            {"command": []},
            {"type": "jsonl", "path": "a"},
            {"a b": "c"},
        ),
    ]
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Return every container in a value with each of its keys, and with one that it lacks."""
    found: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        found += [(value, key) for key in [*value, "extra"]]
    if isinstance(value, list):
        found += [(value, index) for index in range(len(value))]
    for container, key in list(found):
        if container is value and (isinstance(value, list) or key in value):
            found += places(value[key])
    return found


@st.composite
def mutants(draw: st.DrawFn, spec: dict[str, Any]) -> Any:
    """One or two values replaced, removed or added."""
    mutant = copy.deepcopy(spec)
    for _ in range(draw(st.integers(1, 2))):
        container, key = draw(st.sampled_from(places(mutant)))
        if isinstance(container, dict) and draw(st.booleans()):
            container.pop(key, None)
        else:
            container[key] = copy.deepcopy(draw(VALUES))
    return mutant


def has_the_form(value: Any, model: type[BaseModel]) -> bool:
    """Judge by the model, leaving aside what it says about meaning."""
    try:
        model.model_validate_json(json.dumps(value))
    except ValidationError as error:
        return {found["type"] for found in error.errors()} <= {"docbatch"}
    return True


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_committed_schema_is_the_generated_one(name: str) -> None:
    text = (FOLDER / file_name(name)).read_text(encoding="utf-8")
    assert text == render(name), f"run: docbatch schema {name} > schemas/{file_name(name)}"


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_schema_is_one(name: str) -> None:
    schema = SCHEMAS[name]()

    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    assert list(Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(schema)) == []


@pytest.mark.parametrize("schema", [job_schema(), project_schema()])
def test_every_field_is_described(schema: dict[str, Any]) -> None:
    models = {name: model for name, model in schema["$defs"].items() if not name.startswith("part.")}
    fields = [
        (name, field)
        for model in (schema, *models.values())
        for name, field in model.get("properties", {}).items()
    ]
    assert [name for name, field in fields if "description" not in field and "const" not in field] == []


def test_parts_of_jobs_are_described_as_whole_ones_are() -> None:
    definitions = job_schema()["$defs"]
    parts = {name: each for name, each in definitions.items() if name.startswith("part.")}
    assert len(parts) > 50
    for name, part in parts.items():
        whole = definitions.get(name.removeprefix("part."), {})
        for key, field in whole.get("properties", {}).items():
            assert part["properties"][key].get("description") == field.get("description"), (name, key)


def test_write_gives_all_schemas(tmp_path: Path) -> None:
    assert [path.name for path in write(tmp_path / "new")] == [file_name(name) for name in SCHEMAS]


_JOB_SCHEMA = Draft202012Validator(job_schema())
_PROJECT_SCHEMA = Draft202012Validator(project_schema())


class Judge:
    """What `validate` says about specs, in a project of its own. Specs are written as JSON, which is YAML."""

    def __init__(self, root: Path) -> None:
        self._root = root
        (root / "specs").mkdir()

    def takes_job(self, spec: object, project: object = DECLARED) -> bool:
        return self._takes(project) and self._takes(project, spec)

    def takes_project(self, spec: object) -> bool:
        return self._takes(spec)

    def _takes(self, project: object, *jobs: object) -> bool:
        (self._root / "docbatch.yaml").write_text(json.dumps(project))
        job = self._root / "specs" / "job.yaml"
        try:
            loaded = load_project(self._root)
            for spec in jobs:
                job.write_text(json.dumps(spec))
                load_jobs(loaded, [job])
        except SpecError:
            return False
        return True


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    return Judge(tmp_path_factory.mktemp("judge"))


@given(st.sampled_from(JOBS).flatmap(mutants))
def test_the_schema_refuses_jobs_of_a_wrong_form_and_none_that_docbatch_takes(
    judge: Judge, spec: Any
) -> None:
    fits = _JOB_SCHEMA.is_valid(spec)
    assert fits or not judge.takes_job(spec)
    assert not fits or has_the_form(spec, JobSpec)


@given(mutants(PROJECT))
def test_the_schema_refuses_projects_of_a_wrong_form_and_none_that_docbatch_takes(
    judge: Judge, spec: Any
) -> None:
    fits = _PROJECT_SCHEMA.is_valid(spec)
    assert fits or not judge.takes_project(spec)
    assert not fits or has_the_form(spec, ProjectSpec)


LISTED: Sequence[dict[str, Any]] = (
    {"include": "*.pdf"},
    {"urls": ["https://example.com/a.pdf"]},
    {"file_ids": ["file_1"]},
    {"texts": {"a": "one"}},
)
CONFIGS: Sequence[dict[str, Any]] = (
    {},
    {"config": {}},
    *({"config": {"processor": {"id": id_}}} for id_ in ("ex_one", "cl_one", "spl_one", "of_another_kind")),
    {"config": {"configuration_id": "cfg-one"}},
    {"config": {"parameters": {"tier": "fast"}}},
    {"config": {"parameters": {"data_schema": {"a": "b"}}}},
    {"config": {"ocr": "off"}},
    {"config": {"engine": "parse_light"}},
)


@pytest.mark.parametrize("provider", REGISTRY.names())
def test_both_judge_alike_what_each_operation_of_a_provider_takes(judge: Judge, provider: str) -> None:
    taken = []
    for operation, source, config in itertools.product((None, *Operation), LISTED, CONFIGS):
        asked = {} if operation is None else {"operation": operation.value}
        spec = {**JOBS[0], "source": source, "provider": provider, **asked}
        spec = {name: value for name, value in spec.items() if name != "config"} | config
        fits = _JOB_SCHEMA.is_valid(spec)
        assert fits == judge.takes_job(spec), spec
        taken += [operation] if fits else []
    assert set(taken) == {None, *REGISTRY.kind(provider).operations}


SETTINGS: Mapping[str, Any] = {
    "type": "llamacloud",
    "base_url": "https://example.com",
    "api_key": {"env": "A"},
    "webhook_secret": {"env": "A"},
    "workspace": "ws_1",
    "api_version": "2025-04-21",
    "rates": {"in_flight": 2},
    "workers": 2,
}


@pytest.mark.parametrize("name", ["other", *REGISTRY.names()])
def test_both_judge_alike_what_a_connection_may_say(judge: Judge, name: str) -> None:
    types = [{}, {"type": None}, *({"type": each} for each in (*REGISTRY.names(), "none"))]
    for written, (key, value) in itertools.product(types, SETTINGS.items()):
        spec = {**PROJECT, "providers": {name: {key: value, **written}}}
        assert _PROJECT_SCHEMA.is_valid(spec) == judge.takes_project(spec), spec


URLS = (
    *("https://a.b", "https://a.b:443/c?", "https://a.b/#", "https://[::1]:8/x", "https://a.b/@c", "https://a.b:"),
    *("http://localhost:80", "http://LocalHost", "http://127.1.2.3/a", "http://[::1]", "http://a.b", "http://127.0.0.1.b"),
    *("https://", "https:///a", "https://u@a.b", "https://u:p@a.b/", "https://a.b?c", "https://a.b/c?d", "https://a.b#c"),
    *("https://a.b:c", "https://a b", "https://a.b/\n", "ftp://a.b", "HTTPS://a.b", "https://a.b\\c"),
)  # fmt: skip


@pytest.mark.parametrize("url", URLS)
def test_both_judge_base_urls_alike(judge: Judge, url: str) -> None:
    spec = {**PROJECT, "providers": {"extend": {"base_url": url}}}
    assert _PROJECT_SCHEMA.is_valid(spec) == judge.takes_project(spec)
