"""Hints about runs, and about questions in SQL."""

from tests.cli.project import Project
from tests.hints.table import Hints, helps


def _three_runs(project: Project) -> None:
    for number in range(3):
        project.write({f"in/{number}.txt": f"text {number}"})
        project.applied()


@helps("There are older ones; --limit N shows more.")
def test_older_runs_are_had_by_a_higher_number(project: Project, hints: Hints) -> None:
    _three_runs(project)
    hints.see(project.call("history", "--limit", "1"))

    assert project.call("history", "--limit", "3").out.count("exit code 0") == 3


@helps("'docbatch history' lists those that are kept")
def test_a_run_that_is_not_there(project: Project, hints: Hints) -> None:
    _three_runs(project)
    told = hints.follow(project, project.call("history", "9"))

    assert (told.code, told.out.count("exit code 0")) == (0, 3)


@helps("one run is named: leave out --since and --job")
def test_one_run_and_a_choice_of_runs(project: Project, hints: Hints) -> None:
    _three_runs(project)
    hints.see(project.call("history", "1", "--job", "job"))

    assert project.call("history", "1").code == 0


@helps("there are more than {} rows; --limit 0 prints all of them")
def test_all_rows_are_had_when_they_are_asked_for(project: Project, hints: Hints) -> None:
    _three_runs(project)
    question = "SELECT run FROM runs"
    hints.see(project.call("sql", "--limit", "1", question))

    assert len(project.call("sql", "--limit", "0", question).out.splitlines()) == 5


@helps("{}{}'docbatch sql' lists the columns of each view")
def test_columns_are_listed(project: Project, hints: Hints) -> None:
    _three_runs(project)
    told = hints.follow(project, project.call("sql", "SELECT sha FROM documents"))

    assert "documents: job, path," in told.out
