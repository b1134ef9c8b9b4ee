"""Rows that a job declares, by the real command: written, written again when they would be others, and never paid."""

import json
from pathlib import Path
from typing import Any

import pytest

from docbatch.sinks.rows.row_maker import NO_PAGES
from tests.cli.project import JOB, Project

DECLARED = 'rows: page, columns: {text: "{{ row.text }}", team: "{{ job.labels.team }}", page: {value: "{{ row.page }}", type: integer}}'
PDF = Path(__file__).parents[2] / "samples" / "report.pdf"


def declare(
    project: Project, rows: str, *, team: str = "a", name: str = "job", failures: bool = False
) -> None:
    head = JOB.partition("sink:")[0].replace("name: job", f"name: {name}")
    more = ", failures: true" if failures else ""
    project.job(
        f"{head}labels: {{team: {team}}}\nsink:\n  - {{type: jsonl, path: out/{name}.jsonl, {rows}{more}}}\n",
        name,
    )


def lines(project: Project, name: str = "job") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (project.root / f"out/{name}.jsonl").read_text().splitlines()]


def wrote(project: Project) -> list[dict[str, Any]]:
    """Apply, and return what is there then: nothing may be read again, and a second run finds nothing to do."""
    ended = project.applied()
    assert ended.processed == 0
    assert project.call("plan", "--detailed-exitcode").code == 0
    return lines(project)


@pytest.fixture
def project(project: Project) -> Project:
    project.write({"in/a.txt": "one", "in/b.pdf": PDF.read_bytes()})
    declare(project, DECLARED)
    project.applied()
    return project


def test_rows_are_lines_in_the_order_of_paths_and_pages(project: Project) -> None:
    assert [(each["path"], each["row"], each["page"], each["team"]) for each in lines(project)] == [
        ("b.pdf", 1, 1, "a"),
        ("b.pdf", 2, 2, "a"),
    ]
    assert list(lines(project)[0]) == ["job", "path", "row", "text", "team", "page"]
    assert project.call("plan", "--detailed-exitcode").code == 0


@pytest.mark.parametrize(
    "rows",
    [
        DECLARED.replace("page: {value", "number: {value"),
        DECLARED.replace("integer", "text"),
        DECLARED.replace("{{ row.text }}", "{{ row.text | lower }}"),
        "rows: page",
        "rows: block",
        'columns: {text: "{{ row.markdown }}"}',
        "rows: chunk",
        "rows: chunk, chunks: {by: page}",
    ],
)
def test_other_rows_are_written_free_of_charge_and_nothing_of_before_stays(
    project: Project, rows: str
) -> None:
    declare(project, rows)
    found = wrote(project)
    fresh = Project(project.root / "fresh")
    fresh.write({"in/a.txt": "one", "in/b.pdf": PDF.read_bytes()})
    declare(fresh, rows)
    fresh.applied()

    assert found == lines(fresh)


def test_labels_that_columns_name_are_written_again(project: Project) -> None:
    declare(project, DECLARED, team="b")

    assert {each["team"] for each in wrote(project)} == {"b"}


def test_chunks_follow_their_options_and_keep_their_ids_where_nothing_changes(project: Project) -> None:
    declare(project, "rows: chunk")
    before = {each["chunk"]: each["text"] for each in wrote(project)}
    declare(project, "rows: chunk, chunks: {size: 64}")
    small = {each["chunk"]: each["text"] for each in wrote(project)}
    declare(project, "rows: chunk")

    assert len(small) > len(before)
    assert {key for key in small if small[key] == "one"} < before.keys()
    assert {each["chunk"]: each["text"] for each in wrote(project)} == before


def test_one_edited_document_changes_its_own_chunks_alone(project: Project) -> None:
    declare(project, "rows: chunk, chunks: {size: 64}")
    before = {each["chunk"]: each["path"] for each in wrote(project)}
    project.write({"in/a.txt": "another"})
    project.applied()
    after = {each["chunk"]: each["path"] for each in lines(project)}

    assert {before[each] for each in before.keys() - after.keys()} == {"a.txt"}
    assert {after[each] for each in after.keys() - before.keys()} == {"a.txt"}


def test_a_value_that_cannot_be_cast_fails_its_document_alone(project: Project) -> None:
    declare(project, 'columns: {n: {value: "{{ row.text }}", type: integer}}')
    project.write({"in/c.txt": "7"})
    ended = project.call("apply")

    assert ended.code == 1
    assert "column n: 'one' is no whole number of 64 bits" in ended.err
    assert [(each["path"], each["n"]) for each in lines(project)] == [("c.txt", 7)]
    declare(project, 'columns: {n: {value: "{{ row.size }}", type: integer}}')
    assert [each["path"] for each in wrote(project)] == ["a.txt", "b.pdf", "c.txt"]


def test_failures_have_rows_of_the_declared_columns(project: Project) -> None:
    project.write({"in/bad.pdf": b"%PDF-1.7\n"})
    declare(
        project,
        'columns: {size: {value: "{{ row.size }}", type: integer}, class: "{{ row.failure.class }}"}',
        failures=True,
    )
    ended = project.call("apply")

    assert ended.code == 3
    assert [(each["path"], each["class"] is None) for each in lines(project)] == [
        ("a.txt", True),
        ("b.pdf", True),
        ("bad.pdf", False),
    ]


def test_an_edited_file_is_noticed_and_written_again(project: Project) -> None:
    before = lines(project)
    (project.root / "out/job.jsonl").write_text('{"job":"job"}\n')

    assert project.call("plan", "--detailed-exitcode").code == 2
    assert wrote(project) == before
    (kept,) = (each for each in (project.root / ".docbatch/trash").iterdir() if each.name != "index.jsonl")
    assert kept.read_text() == '{"job":"job"}\n'


def test_what_is_wrong_is_said_with_its_place(project: Project) -> None:
    declare(project, 'rows: page, columns: {a: "{{ row.txt }}"}')
    ended = project.call("validate")

    assert ended.code == 64
    assert "row.txt is not known (did you mean row.text?)" in ended.err


def test_documents_without_pages_are_told_once_where_pages_are_rows(project: Project) -> None:
    kinds = {"duckdb": "out/x.duckdb", "sqlite": "out/x.db", "parquet": "out/set"}
    sinks = [f"  - {{type: {kind}, path: {path}, rows: page}}\n" for kind, path in kinds.items()]
    project.job(JOB.partition("sink:")[0] + "sink:\n" + "".join(sinks))

    told = project.call("apply")

    assert told.code == 0
    assert told.err.count(f"job: a.txt: {NO_PAGES}") == len(kinds)
    assert NO_PAGES not in project.call("apply").err
    project.job(JOB.partition("sink:")[0] + "sink:\n" + "".join(sinks).replace("page", "table"))
    assert "has no pages" not in project.call("apply").err
