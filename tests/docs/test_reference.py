"""The references are what docbatch is: drawn anew they are the same, and each thing stands in them once."""

import re
import runpy
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import click
import pytest

from docbatch.core.models import FailureClass
from docbatch.specs.schema import project_schema, whole_job
from tests.cli.test_json_lines import all_commands
from tests.cli.test_taking_back import command
from tests.docs.pages import ROOT, page, pages

COMMON = {"-C", "-v", "--log-file", "--json", "--help", "-h"}
READ_BY_OTHERS = {"AWS_", "OTEL_", "RAY_"}
"""How the variables of others begin, of which docbatch reads some and hands on the rest."""


@cache
def drawn() -> Mapping[str, Callable[[], str]]:
    found: dict[str, Callable[[], str]] = {}
    for name in ("docs", "reference"):
        found |= runpy.run_path(str(ROOT / "script" / f"{name}.py"))["PAGES"]
    return found


@pytest.mark.parametrize("name", ["state.md", "spec.md", "commands.md", "json-lines.md"])
def test_a_reference_is_up_to_date(name: str) -> None:
    assert page(f"docs/{name}").text == drawn()[name](), "run script/docs"


def test_an_environment_is_named_once() -> None:
    env, var = (
        {line for line in page("docs/commands.md").text.splitlines() if line.startswith(f"| `{name} ")}
        for name in ("--env", "--var")
    )

    assert len(env) == len(var) == 1
    assert "several times" not in "".join(env)
    assert "several times" in "".join(var)


def test_all_that_is_drawn_is_compared() -> None:
    assert set(drawn()) == {"state.md", "spec.md", "commands.md", "json-lines.md"}


def sections() -> dict[str, str]:
    """Return what the page of commands says of each."""
    parts = re.split(r"^## `docbatch (.+)`\n", page("docs/commands.md").text, flags=re.MULTILINE)
    assert len(parts[1::2]) == len(set(parts[1::2]))
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def options(found: click.Command) -> set[str]:
    return {
        name
        for each in found.params
        if isinstance(each, click.Option)
        for name in (*each.opts, *each.secondary_opts)
    }


def rows(text: str) -> list[str]:
    """Return what stands in backquotes in the first cells of a table, without the values that options take."""
    cells = re.findall(r"^\| ((?:`[^`]+`(?:, )?)+) \|", text, re.MULTILINE)
    return [name.split(" ")[0] for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


def test_every_command_has_one_section() -> None:
    assert set(sections()) == all_commands()


@pytest.mark.parametrize("words", sorted(all_commands()))
def test_every_option_of_a_command_stands_in_its_section_once(words: str) -> None:
    assert Counter(rows(sections()[words])) == Counter(options(command(words)) - COMMON)


def test_options_of_all_commands_stand_above_them() -> None:
    above = page("docs/commands.md").text.partition("## Options of all commands")[2].partition("\n## ")[0]
    assert Counter(rows(above)) == Counter([*COMMON, "docbatch"])


def test_every_variable_has_one_row() -> None:
    table = page("docs/commands.md").text.partition("## Variables")[2].partition("\n## ")[0]
    named = set(rows(table)) | set(re.findall(r"`([A-Z][A-Z_]+)`", table))
    read = {
        name.rstrip("_")
        for file in (ROOT / "docbatch").rglob("*.py")
        if not {"testing", "emulators"} & set(file.parts)
        for name in re.findall(
            r'"((?:DOCBATCH|EXTEND|LLAMA_CLOUD|EXTRACT|XDG|SSL|TESSDATA)_[A-Z_]+)"',
            file.read_text(encoding="utf-8"),
        )
    }
    assert {name for name in read if not any(each.startswith(name) for each in named)} == set()
    assert [name for name, times in Counter(rows(table)).items() if times > 1] == []


def test_every_exit_code_and_every_failure_class_has_one_row() -> None:
    codes = re.findall(r"^\| (\d+) \|", page("docs/exit-codes.md").text, re.MULTILINE)
    table = page("docs/on-duty.md").text.partition("| class | meaning |")[2].partition("\n\n")[0]

    assert [code for code, times in Counter(codes).items() if times > 1] == []
    assert Counter(rows(table)) == Counter(FailureClass)


def keys(schema: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    for part in (schema, *schema.get("$defs", {}).values()):
        if "properties" in part:
            yield part.get("title", ""), list(part["properties"])


def test_every_key_of_a_spec_has_one_row_where_it_belongs() -> None:
    parts = re.split(r"^##+ .+\n", page("docs/spec.md").text, flags=re.MULTILINE)
    tables = Counter(tuple(rows(part)) for part in parts if "| field |" in part)
    every = {tuple(names) for schema in (whole_job(), project_schema()) for _, names in keys(schema)}

    assert set(tables) == every


def commands_in(text: str) -> Iterator[tuple[str, set[str]]]:
    """Yield the commands that code names, each with its options; of what is quoted or piped, the beginning."""
    text = re.sub(r"(^|\s)#.*", "", text)
    for found in re.finditer(
        r"(?:^|[\s$;&|`(])docbatch +((?:[a-z][a-z-]*(?: +|$))+)([^\n|;&#`]*)", text, re.MULTILINE
    ):
        words = found[1].split()
        known = _longest(words)
        if known:
            yield known, set(re.findall(r"(?:^|\s)(--?[a-zA-Z][\w-]*)", f" {found[2]}".partition(" -- ")[0]))
        else:
            yield " ".join(words), set()


def _longest(words: list[str]) -> str:
    return next(
        (" ".join(words[:length]) for length in (3, 2, 1) if " ".join(words[:length]) in all_commands()), ""
    )


GROUPS = {"state", "state mv"}


def test_commands_and_options_that_pages_name_are_there() -> None:
    wrong = []
    for found in pages():
        if found.name == "CHANGELOG.md" or found.name.startswith("docs/decisions/"):
            continue  # they say what was
        texts = [
            *found.code,
            *(fence.content for fence in found.fences if fence.language in {"sh", "console", "yaml"}),
        ]
        for text in texts:
            for words, chosen in commands_in(text):
                if not _longest(words.split()):
                    if words not in GROUPS and words.split()[0] != "state":
                        wrong.append(f"{found.name}: docbatch {words}")
                    continue
                unknown = chosen - options(command(words)) - COMMON - {"-vv"}
                wrong += [f"{found.name}: docbatch {words} {each}" for each in sorted(unknown)]
    assert wrong == []
