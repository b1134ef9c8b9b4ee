import json
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field, ValidationError

from docbatch.fields import SpecModel
from docbatch.specs.job import JobSpec
from docbatch.specs.problems import translate
from docbatch.specs.project import ProjectSpec
from docbatch.specs.yaml import parse


class Pairs(SpecModel):
    pair: list[int] = Field(default=[1, 2], min_length=2, max_length=3)
    ratio: Annotated[float, Field(gt=0, lt=1)] = 0.5
    code: Annotated[str, Field(pattern=r"^[a-z]+$")] = "a"


def told(text: str, model: type[BaseModel]) -> list[str]:
    (node,) = parse(text, "a.yaml")
    try:
        model.model_validate_json(json.dumps(node.plain()))
    except ValidationError as error:
        return [str(problem).removeprefix("a.yaml:") for problem in translate(error, model, node, "a.yaml")]
    return []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("pair: [1]", "1:7: pair: at least 2 are needed"),
        ("pair: [1, 2, 3, 4]", "1:7: pair: there are more than 3 entries"),
        ("pair: [1, x]", "1:11: pair[1]: a whole number is needed, and this is text"),
        ("ratio: 1", "1:8: ratio: this must be less than 1"),
        ("ratio: 0", "1:8: ratio: this must be more than 0"),
        ("code: '5'", "1:7: code: this does not fit the pattern ^[a-z]+$"),
    ],
)
def test_limits_are_told_in_words(text: str, problem: str) -> None:
    assert told(text, Pairs) == [problem]


SINKS = "apiVersion: docbatch/v1\nname: a\nsource: {include: x}\nsink:\n"


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ('columns: {a: "{{ row.page }}"}', "it is known with rows: page, block, table"),
        ('rows: block, columns: {a: "{{ row.markdown }}"}', "it is known with rows: document, page, table"),
        ('rows: block, columns: {a: "{{ row.markdown }} {{ row.chunk }}"}', "row has page, attachment, "),
    ],
)
def test_a_field_of_other_rows_is_told_with_the_rows_that_have_it(options: str, hint: str) -> None:
    (said,) = told(f"{SINKS}- {{type: jsonl, path: x, {options}}}", JobSpec)
    assert " is not known with rows: " in said
    assert f"({hint}" in said


@pytest.mark.parametrize(
    ("sink", "problem"),
    [
        # The key is also the name of a kind of sink.
        ("- {type: files, files: 1, path: x}", "5:17: sink[0].files: the key files is not known"),
        ("- {type: files, files: {path: 5}, path: 5}", "5:41: sink[0].path: text is needed"),
    ],
)
def test_a_key_named_like_a_kind_is_found_in_its_place(sink: str, problem: str) -> None:
    assert any(said.startswith(problem) for said in told(SINKS + sink, JobSpec))


@pytest.mark.parametrize(
    ("connection", "problem"),
    [
        ("type: {rates: {in_flight: a}}", "providers.type.rates.in_flight: a whole number is needed"),
        ("x: {workspace: 5}", "providers.x.workspace: text or a reference is needed, and this is a number"),
        ("x: {workspace: {env: 5}}", "providers.x.workspace.env: text is needed, and this is a number"),
        ("x: {workspace: ''}", "providers.x.workspace: the text is empty"),
        ("x: 5", "providers.x: a mapping is needed, and this is a number"),
    ],
)
def test_a_place_inside_a_connection_is_named_in_full(connection: str, problem: str) -> None:
    (said,) = told(f"project: {{id: pabcdef012345}}\nproviders: {{{connection}}}", ProjectSpec)
    assert problem in said


SECRET = "sesame"


@pytest.mark.parametrize(
    "key",
    [
        SECRET,
        f"{{{SECRET}: x}}",
        f"{{env: {SECRET}-{SECRET}}}",
        f"[{SECRET}]",
        f"{{command: {SECRET}}}",
        f"{{env: a, {SECRET}: b}}",
    ],
)
@pytest.mark.parametrize(
    "field", ["api_key", "webhook_secret", "workspace", "base_url", "type", "allow_host", "poll", "recovery"]
)
def test_what_is_written_in_a_connection_is_never_shown(field: str, key: Any) -> None:
    text = f"project: {{id: pabcdef012345}}\nproviders: {{extend: {{{field}: {key}}}}}"
    shown = [said for said in told(text, ProjectSpec) if SECRET in said]
    unknown_key = f"the key {SECRET} is not known"
    assert all(unknown_key in said and field not in {"api_key", "webhook_secret"} for said in shown)
