import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from docbatch.core.errors import UsageError
from docbatch.sources.globs import compile_globs
from docbatch.specs.load import load_jobs, load_project
from docbatch.specs.starter import init, new_project_id

REPOSITORY = Path(__file__).parents[2]
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
    assert list((tmp_path / "inbox").iterdir()) == []


@pytest.mark.parametrize("name", ["a.PDF", "b.odt", "c.eml", "d.csv", "deep/e.png", "f"])
def test_the_example_reads_whatever_lies_in_its_inbox(tmp_path: Path, name: str) -> None:
    init(tmp_path)
    (job,) = load_jobs(load_project(tmp_path))

    assert compile_globs(job.source.include)(f"inbox/{name}".encode())


def named_schema(spec: Path) -> Path:
    """Return the file that editors complete a spec from."""
    comment = spec.read_text().splitlines()[0]
    return spec.parent / comment.removeprefix("# yaml-language-server: $schema=")


def complaints(schema: Path, spec: object) -> list[str]:
    return [error.message for error in Draft202012Validator(json.loads(schema.read_text())).iter_errors(spec)]


@pytest.mark.parametrize(
    ("spec", "schema"),
    [("docbatch.yaml", "project.schema.json"), ("jobs/example.yaml", "job.schema.json")],
)
def test_every_spec_names_a_schema_that_is_there(tmp_path: Path, spec: str, schema: str) -> None:
    init(tmp_path)
    named = named_schema(tmp_path / spec)
    written = yaml.safe_load((tmp_path / spec).read_text())

    assert named.resolve() == (tmp_path / "schemas" / schema).resolve()
    assert named.read_bytes() == (REPOSITORY / "schemas" / schema).read_bytes()
    assert complaints(named, written) == []
    assert any("priorty" in each for each in complaints(named, {**written, "priorty": 5}))


@pytest.mark.parametrize("spec", sorted((REPOSITORY / "jobs").glob("*.yaml")), ids=lambda path: path.name)
def test_the_demo_s_specs_name_the_schema_of_jobs_and_are_valid_under_it(spec: Path) -> None:
    schema = named_schema(spec)

    assert schema.resolve() == REPOSITORY / "schemas" / "job.schema.json"
    assert [complaints(schema, each) for each in yaml.safe_load_all(spec.read_text())] == [[]]


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


def test_beside_a_job_of_its_name_no_example_is_written(tmp_path: Path) -> None:
    (tmp_path / "jobs" / "team").mkdir(parents=True)
    (tmp_path / "jobs" / "team" / "mine.yml").write_text("apiVersion: docbatch/v1\nname: 'example'\n")

    assert tmp_path / "jobs" / "example.yaml" not in init(tmp_path)
    assert not (tmp_path / "inbox").exists()


@pytest.mark.parametrize("name", ["jobs", "schemas", "inbox"])
def test_a_file_where_a_folder_is_needed_is_named_before_anything_is_written(
    name: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text("mine")

    with pytest.raises(UsageError, match=f"{name} is no folder"):
        init(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == [name]


def _pipe(place: Path) -> None:
    os.mkfifo(place)


@pytest.mark.parametrize("name", [".gitignore", "docbatch.yaml"])
@pytest.mark.parametrize("make", [Path.mkdir, _pipe, lambda place: place.symlink_to("nowhere")])
def test_what_is_no_file_is_neither_opened_nor_replaced(
    name: str, make: Callable[[Path], None], tmp_path: Path
) -> None:
    make(tmp_path / name)

    with pytest.raises(UsageError, match=f"{name} is no file"):
        init(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["jobs", "schemas", ".gitignore"])
def test_nothing_is_written_through_a_link_that_leads_out(name: str, tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    root.mkdir()
    outside.write_text("theirs") if name.startswith(".") else outside.mkdir()
    (root / name).symlink_to("../outside")

    with pytest.raises(UsageError, match="leads out of this folder"):
        init(root)

    assert outside.read_text() == "theirs" if outside.is_file() else not any(outside.iterdir())


def test_a_project_file_of_another_name_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "docbatch.yml").write_text("apiVersion: docbatch/v1\nproject: {id: ptestproject1}\n")
    with pytest.raises(UsageError, match=r"docbatch\.yml is there, and is not read"):
        init(tmp_path)


def test_a_file_that_could_not_be_written_whole_is_taken_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: str) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("docbatch.specs.starter.render", full)
    with pytest.raises(OSError, match="No space"):
        init(tmp_path)
    assert not (tmp_path / "schemas" / "job.schema.json").exists()
