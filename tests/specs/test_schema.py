"""The committed schemas are the generated ones, and they judge as the models do."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ValidationError

from docbatch.specs.job import JobSpec
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
    models = [schema, *schema["$defs"].values()]
    fields = {name: field for model in models for name, field in model.get("properties", {}).items()}
    assert [
        name for name, field in fields.items() if "description" not in field and "const" not in field
    ] == []


def test_write_gives_all_schemas(tmp_path: Path) -> None:
    assert [path.name for path in write(tmp_path / "new")] == [file_name(name) for name in SCHEMAS]


_JOB_SCHEMA = Draft202012Validator(job_schema())
_PROJECT_SCHEMA = Draft202012Validator(project_schema())


@given(mutants(JOB))
def test_model_and_schema_agree_on_jobs(spec: Any) -> None:
    assert _JOB_SCHEMA.is_valid(spec) == has_the_form(spec, JobSpec)


@given(mutants(PROJECT))
def test_model_and_schema_agree_on_projects(spec: Any) -> None:
    assert _PROJECT_SCHEMA.is_valid(spec) == has_the_form(spec, ProjectSpec)
