import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from docbatch.core.errors import UsageError
from docbatch.specs.load import load_jobs, load_project
from docbatch.specs.starter import init, new_project_id

FILES = [
    "docbatch.yaml",
    "jobs/example.yaml",
    "schemas/job.schema.json",
    "schemas/project.schema.json",
    ".gitignore",
]


def test_a_new_project_is_written_and_valid(tmp_path: Path) -> None:
    assert [str(path.relative_to(tmp_path)) for path in init(tmp_path)] == FILES
    assert [job.name for job in load_jobs(load_project(tmp_path))] == ["example"]


def test_every_spec_names_a_schema_that_is_there(tmp_path: Path) -> None:
    for path in init(tmp_path)[:2]:
        comment = path.read_text().splitlines()[0]
        schema = path.parent / comment.removeprefix("# yaml-language-server: $schema=")
        Draft202012Validator.check_schema(json.loads(schema.read_text()))


def test_a_second_run_writes_nothing(tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in init(tmp_path)}
    assert init(tmp_path) == []
    assert {path: path.read_bytes() for path in before} == before


def test_what_exists_is_kept(tmp_path: Path) -> None:
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "example.yaml").write_text("mine")
    (tmp_path / ".gitignore").write_text("/build")
    init(tmp_path)
    assert (tmp_path / "jobs" / "example.yaml").read_text() == "mine"
    assert (tmp_path / ".gitignore").read_text() == "/build\n.docbatch/\n"


@pytest.mark.parametrize("line", [".docbatch/", "  .docbatch  "])
def test_an_ignored_state_is_not_ignored_twice(line: str, tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text(f"a\n{line}\nb\n")
    assert tmp_path / ".gitignore" not in init(tmp_path)


def test_project_ids_differ() -> None:
    assert new_project_id() != new_project_id()


def test_a_folder_of_another_project_gets_no_id_of_its_own(tmp_path: Path) -> None:
    init(tmp_path)
    with pytest.raises(UsageError, match="this folder belongs to the project of"):
        init(tmp_path / "jobs")
    assert not (tmp_path / "jobs" / "docbatch.yaml").exists()
