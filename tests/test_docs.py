import re
import tomllib
from pathlib import Path
from typing import get_args

from docbatch.core import errors
from docbatch.core.results import Block, Cell, Page, Result
from docbatch.providers.local.options import LocalConfig
from docbatch.sinks.rows.fields import FIELDS, KEYS, STANDARD, RowKind
from docbatch.sinks.rows.options import ColumnType
from docbatch.specs.job import JobSpec, source_models

ROOT = Path(__file__).parents[1]
EXIT_CODES = (0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 64, 130)


def guides() -> str:
    """Return what explains docbatch to those who use it: the guide, and what was too much for one page."""
    return "".join(text(f"docs/{name}.md") for name in ("guide", "costs", "on-duty"))


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def test_every_exit_code_has_a_row() -> None:
    rows = re.findall(r"^\| (\d+) \|", text("docs/exit-codes.md"), re.MULTILINE)
    assert tuple(map(int, rows)) == EXIT_CODES


def test_every_error_ends_in_a_documented_exit_code() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    used = {kind.exit_code for kind in kinds if issubclass(kind, errors.DocbatchError)}
    assert used <= set(EXIT_CODES)


def test_the_guide_names_every_field_of_a_job() -> None:
    guide = guides()
    fields = [*JobSpec.model_fields, *(name for source in source_models() for name in source.model_fields)]
    fields.remove("api_version")
    assert [name for name in fields if not re.search(rf"\b{name}\b", guide)] == []


def test_the_guide_names_every_option_of_the_local_provider() -> None:
    assert [name for name in LocalConfig.model_fields if f"`{name}`" not in text("docs/guide.md")] == []


def test_the_page_on_results_names_every_field() -> None:
    page = text("docs/results.md")
    fields = {name for model in (Result, Page, Block, Cell) for name in model.model_fields}
    assert {name for name in fields if f"`{name}`" not in page} == set()


def test_the_readme_names_every_extra_for_users() -> None:
    extras = tomllib.loads(text("pyproject.toml"))["project"]["optional-dependencies"]
    install = text("README.md").partition("## Install\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", install, re.MULTILINE)) == set(extras) - {"dev"}


def test_the_map_names_every_part_of_the_package() -> None:
    parts = {path.name for path in (ROOT / "docbatch").iterdir() if path.is_dir() and path.name[0] != "_"}
    assert {name for name in parts if f"docbatch/{name}/" not in text("CONTRIBUTING.md")} == set()


def test_the_page_on_results_says_what_each_kind_of_row_has() -> None:
    page = (
        text("docs/results.md")
        .partition("### Rows that a job declares")[2]
        .partition("### Rows of sqlite")[0]
    )
    for kind in get_args(RowKind):
        (row,) = re.findall(rf"^\| `{kind}` \|(.*)\|$", page, re.MULTILINE)
        _, key, standard, own = (re.findall(r"`(\w+)`", cell) for cell in row.split("|"))

        assert tuple(key) == KEYS[kind]
        assert standard == [name for name, _ in STANDARD[kind]]
        assert set(own) <= set(FIELDS[kind])
        assert [name for name in FIELDS[kind] if name not in own and f"`{name}`" not in page] == []


def test_the_page_on_results_names_every_type_of_a_column() -> None:
    page = text("docs/results.md")
    assert [
        each for each in get_args(ColumnType) if not re.search(rf"^\| `{each}`", page, re.MULTILINE)
    ] == []
