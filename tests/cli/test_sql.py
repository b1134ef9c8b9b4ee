"""`docbatch sql`: a table, CSV or JSON lines."""

import csv
import io
from pathlib import Path

import pytest

import docbatch
from docbatch.core.errors import UsageError
from tests.cli.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.job()
    made.write({"in/a.txt": "one", "in/b, \n::c.txt": "two"})
    made.applied()
    return made


QUESTION = "SELECT path, bytes, class FROM documents ORDER BY path"


def test_a_table_has_names_and_numbers_to_the_right(project: Project) -> None:
    told = project.call("sql", QUESTION)

    assert told.out.splitlines() == [
        "path          bytes  class",
        "------------  -----  -----",
        "a.txt             3",
        "b, \\n::c.txt      3",
    ]
    assert (told.code, told.err) == (0, "")


def test_a_long_cell_is_cut_in_a_table_alone(project: Project) -> None:
    long = "SELECT printf('%0500d', 1) AS x"

    assert len(project.call("sql", long).out.splitlines()[2]) == 100
    assert len(project.call("sql", "--csv", long).out.splitlines()[1]) == 500


def test_csv_holds_what_is_there(project: Project) -> None:
    told = project.call("sql", "--csv", QUESTION)
    rows = list(csv.reader(io.StringIO(told.out)))

    assert rows[0] == ["path", "bytes", "class"]
    assert rows[1] == ["a.txt", "3", ""]
    assert len(rows) == 3


def test_json_lines_end_in_a_summary(project: Project) -> None:
    first, *_, last = project.call("sql", "--json", "--limit", "1", QUESTION).lines

    assert first == {
        "version": "docbatch/sql/v1",
        "type": "row",
        "row": {"path": "a.txt", "bytes": 3, "class": None},
    }
    assert (last["type"], last["rows"], last["more"]) == ("summary", 1, True)


def test_an_answer_has_one_form(project: Project) -> None:
    refused = project.call("sql", "--json", "--csv", QUESTION)

    assert (refused.code, "either CSV or JSON lines" in refused.err) == (64, True)


def test_no_row_is_an_answer_too(project: Project) -> None:
    assert project.call("sql", "SELECT job FROM failures").out == "job\n---\n"


def test_without_a_question_the_views_are_listed(project: Project) -> None:
    told = project.call("sql")

    assert told.code == 0
    assert told.out.startswith("documents: job, path, wanted, status,")


def test_a_duration_bounds_the_answer(project: Project) -> None:
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"

    assert "took longer than 1 s" in project.call("sql", "--timeout", "1s", endless).err
    assert project.call("sql", "--timeout", "soon", QUESTION).code == 64


def test_programs_ask_as_well(project: Project) -> None:
    opened = docbatch.open_project(project.root)

    assert opened.query("SELECT count(*) AS n FROM documents").rows == ((2,),)
    with pytest.raises(UsageError):
        docbatch.open_project(project.root, untrusted=True).query("SELECT 1")
