"""A project as a program uses it: what commands do, as values and exceptions."""

import gc
import os
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

import docbatch
from docbatch.engine.planning.differences_database import Differences
from tests.cli.project import JOB, Project

SECOND = JOB.replace("name: job", "name: second").replace("out/", "out2/")


def sound(files: Project) -> docbatch.Project:
    """Return a project in which nothing fails."""
    (files.root / "in" / "bad.pdf").unlink(missing_ok=True)
    return docbatch.open_project(files.root)


def test_a_plan_says_which_documents_are_due_and_why(project: docbatch.Project) -> None:
    plan = project.plan()

    assert (plan.jobs, plan.found, plan.unchanged, plan.send_items) == (("job",), 3, 0, 3)
    (line,) = plan.lines
    assert (line.kind, line.reason, line.documents) == ("send", "new document", 3)
    assert [path for path, _ in line.examples] == ["a.txt", "b.txt", "bad.pdf"]
    assert plan.has_changes
    assert not (project.root / ".docbatch").exists()


@pytest.mark.parametrize(("examples", "named"), [(0, 0), (2, 2), (10, 10), (None, 12)])
def test_a_plan_names_as_many_documents_as_are_asked_for(
    examples: int | None, named: int, files: Project
) -> None:
    files.write({f"in/{number}.txt": str(number) for number in range(12)})

    (line,) = docbatch.open_project(files.root).plan(examples=examples).lines

    assert (len(line.examples), line.documents) == (named, 12)


def test_apply_delivers_and_tells_how_the_jobs_stand(project: docbatch.Project, files: Project) -> None:
    outcome = project.apply()

    assert files.outputs() == {"a.txt.md": b"one\n", "b.txt.md": b"two\n"}
    (job,) = outcome.jobs
    assert (job.job, job.documents, job.standing) == ("job", 3, {"failed": 1})
    assert [kind for _, _, kind, _ in job.failures] == ["corrupt"]
    assert (outcome.exit_code, outcome.errors, outcome.declined) == (3, (), False)


def test_apply_tells_what_happens_while_it_does(project: docbatch.Project) -> None:
    events: list[docbatch.Notice] = []

    project.apply(on_event=events.append)

    ended = [event for event in events if isinstance(event, docbatch.Ended)]
    delivered = [event for event in events if isinstance(event, docbatch.Delivered)]
    assert (sum(each.documents for each in ended), sum(each.failed for each in ended)) == (3, 1)
    assert sum(each.documents for each in delivered) == 2


def test_who_is_shown_the_plan_may_decline_it(project: docbatch.Project, files: Project) -> None:
    shown: list[docbatch.PlanReport] = []

    def decline(plan: docbatch.PlanReport) -> bool:
        shown.append(plan)
        return False

    outcome = project.apply(agree=decline)

    assert (outcome.declined, outcome.exit_code, files.outputs()) == (True, 0, {})
    assert [plan.send_items for plan in shown] == [3]
    assert project.apply(agree=lambda plan: plan.send_items < 10).declined is False


def test_bounds_of_a_run_leave_the_rest_for_the_next(project: docbatch.Project) -> None:
    assert project.apply(max_new=0).exit_code == 4
    assert project.status().jobs[0].tally == {"pending": 3}
    assert project.apply(wait=False, timeout=1e6).exit_code == 3


@pytest.mark.parametrize("bounds", [{"max_new": -1}, {"timeout": -0.5}])
def test_bounds_below_nothing_are_refused(bounds: dict[str, int], project: docbatch.Project) -> None:
    with pytest.raises(docbatch.UsageError, match="less than nothing"):
        project.apply(**bounds)  # type: ignore[arg-type]


def test_a_saved_plan_is_what_is_applied(project: docbatch.Project, files: Project) -> None:
    report = project.plan("jobs/job.yaml", out="plan.json")

    assert (files.root / "plan.json").exists()
    assert [job.name for job in project.validate(plan="plan.json")] == ["job"]
    with pytest.raises(docbatch.UsageError, match="made for other paths"):
        project.apply("jobs", plan="plan.json")
    files.write({"in/c.txt": "three"})
    with pytest.raises(docbatch.StalePlan) as stale:
        project.apply(plan="plan.json")
    assert (stale.value.exit_code, report.send_items) == (7, 3)
    (files.root / "in" / "c.txt").unlink()
    assert project.apply(plan=files.root / "plan.json").exit_code == 3
    with pytest.raises(docbatch.StalePlan, match="applied already"):
        project.apply(plan="plan.json")


def test_validate_returns_the_jobs(project: docbatch.Project, files: Project) -> None:
    files.job(SECOND, "second")

    first, second = project.validate()

    assert first == docbatch.CheckedJob("job", "local", "local", "parse", in_process=True)
    assert second.name == "second"


def test_validate_raises_every_problem_at_once(project: docbatch.Project, files: Project) -> None:
    files.job("apiVersion: docbatch/v1\nname: x\nsource: {include: [1]}\nsink: []\n", "x")

    with pytest.raises(docbatch.SpecError) as refused:
        project.validate()

    assert refused.value.exit_code == 64
    assert {problem.where for problem in refused.value.problems} >= {"source.include[0]", "sink"}
    assert {problem.file for problem in refused.value.problems} == {"jobs/x.yaml"}


def test_specs_are_read_anew_by_each_call(project: docbatch.Project, files: Project) -> None:
    files.job(SECOND, "second")
    assert project.plan().jobs == ("job", "second")


@pytest.mark.parametrize("named", ["jobs/second.yaml", Path("jobs/second.yaml"), ["jobs/second.yaml"]])
def test_paths_select_jobs(named: str | Path | list[str], project: docbatch.Project, files: Project) -> None:
    files.job(SECOND, "second")

    assert project.plan(named).jobs == ("second",)
    assert [job.name for job in project.validate(named)] == ["second"]
    assert [each.job for each in project.explain("in/a.txt", named)] == ["second"]
    assert [job.job for job in project.apply(named).jobs] == ["second"]


def test_an_empty_list_of_paths_does_not_mean_all_jobs(project: docbatch.Project) -> None:
    with pytest.raises(docbatch.UsageError, match="paths is empty") as refused:
        project.apply([])
    assert str(refused.value.hint) == "leave it out where all jobs are meant"


def test_status_explain_and_retry_answer_with_values(project: docbatch.Project) -> None:
    project.apply()

    (job,) = project.status().jobs
    assert (job.job, job.tally) == ("job", {"succeeded": 2, "failed": 1})
    assert project.status("job").jobs == (job,)
    (explanation,) = project.explain("in/bad.pdf")
    assert (explanation.path, explanation.reason) == ("bad.pdf", "failed earlier")
    (queued,) = project.retry(classes=["corrupt"], dry_run=True)
    assert (queued.job, queued.path, queued.reason.partition(":")[0]) == ("job", "bad.pdf", "corrupt")
    assert project.retry("job") == (queued,)
    assert project.retry() == ()
    assert project.plan().send_items == 1


def test_a_document_may_be_named_in_every_way(project: docbatch.Project, files: Project) -> None:
    for name in ("a.txt", "in/a.txt", files.root / "in" / "a.txt"):
        assert [each.path for each in project.explain(name)] == ["a.txt"]
    inside = docbatch.open_project(files.root / "in")
    (files.root / "docbatch.yaml").write_text("project: {id: pabcdef012345}\n")
    assert inside.root == files.root / "in"
    assert [each.path for each in docbatch.open_project(files.root / "in").explain("a.txt")] == ["a.txt"]


def test_upgrade_names_jobs_that_are_there(project: docbatch.Project) -> None:
    for call in (project.plan, project.apply):
        with pytest.raises(docbatch.UsageError, match="no job 'none' to upgrade"):
            call(upgrade=["none"])
    assert project.plan(upgrade=["job"]).send_items == 3


@pytest.mark.parametrize("call", [
    docbatch.Project.status, docbatch.Project.retry, docbatch.Project.results,
])  # fmt: skip
def test_what_needs_a_state_says_that_there_is_none(
    call: Callable[[docbatch.Project], object], project: docbatch.Project
) -> None:
    with pytest.raises(docbatch.NoState) as raised:
        call(project)
    assert raised.value.exit_code == 10


@pytest.mark.parametrize("call", [
    docbatch.Project.plan, docbatch.Project.apply, docbatch.Project.status, docbatch.Project.retry,
    lambda project: project.explain("in/a.txt"), lambda project: list(project.results()),
])  # fmt: skip
def test_a_damaged_state_is_a_documented_error(
    call: Callable[[docbatch.Project], object], project: docbatch.Project
) -> None:
    project.apply()
    state = project.root / ".docbatch" / "state.db"
    state.write_bytes(state.read_bytes()[:4096] + b"\xa5" * (state.stat().st_size - 4096))

    with pytest.raises(docbatch.StateError) as raised:
        call(project)

    assert raised.value.exit_code == 1


def test_a_disk_that_is_full_is_a_documented_error(
    project: docbatch.Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_self: Differences) -> object:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Differences, "totals", fail)

    with pytest.raises(docbatch.StateError, match="disk is full"):
        project.plan()


def test_a_project_is_found_from_a_folder_below_it(files: Project) -> None:
    files.write({"docbatch.yaml": "project: {id: pabcdef012345}\n", "deep/down/x": ""})

    project = docbatch.open_project(files.root / "deep" / "down")

    assert (project.root, project.id) == (files.root, "pabcdef012345")
    assert repr(project) == f"<docbatch project {files.root}>"


def test_what_is_no_folder_is_no_project(files: Project) -> None:
    with pytest.raises(docbatch.UsageError, match=r"no folder .*/none: No such file"):
        docbatch.open_project(files.root / "none")
    with pytest.raises(docbatch.UsageError, match=r"job\.yaml is no folder"):
        docbatch.open_project(files.root / "jobs" / "job.yaml")
    files.write({"docbatch.yaml": "project: {}\n"})
    with pytest.raises(docbatch.SpecError):
        docbatch.open_project(files.root)


def test_the_current_folder_plays_no_part_once_a_project_is_open(
    files: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files.write({"in/a.txt": "one"})
    monkeypatch.chdir(files.root)
    project = docbatch.open_project()
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()

    assert [job.name for job in project.validate("jobs/job.yaml")] == ["job"]
    assert project.plan(out="plan.json").send_items == 1
    assert project.apply(plan="plan.json").exit_code == 0
    assert project.explain("in/a.txt")[0].facts[-1] == "output out/a.txt.md: as it was written"
    assert project.status().jobs[0].tally == {"succeeded": 1}
    assert project.retry() == ()
    assert [result.text for result in project.results()] == ["one"]


def test_a_run_leaves_the_program_as_it_was(
    project: docbatch.Project, capfd: pytest.CaptureFixture[str]
) -> None:
    def surroundings() -> tuple[object, ...]:
        handled = [signal.getsignal(each) for each in signal.valid_signals()]
        return (
            handled,
            gc.get_threshold(),
            gc.isenabled(),
            gc.get_freeze_count(),
            dict(os.environ),
            Path.cwd(),
        )

    before = surroundings()
    project.apply()
    project.status()

    assert surroundings() == before
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("raised", [RuntimeError("enough"), sqlite3.OperationalError("mine")])
def test_what_a_callback_raises_ends_the_run_and_is_the_programs_own(
    raised: Exception, files: Project
) -> None:
    files.write({f"in/{number}.txt": str(number) for number in range(3)})
    project = sound(files)
    heard: list[docbatch.Notice] = []

    def refuse(event: docbatch.Notice) -> None:
        heard.append(event)
        raise raised

    with pytest.raises(type(raised)) as ended:
        project.apply(on_event=refuse)

    assert (ended.value, len(heard)) == (raised, 1)
    assert project.apply().exit_code == 0
    assert len(files.outputs()) == 3


def test_what_is_raised_over_a_plan_is_the_programs_own_too(project: docbatch.Project) -> None:
    def look(_plan: docbatch.PlanReport) -> bool:
        raise sqlite3.IntegrityError("mine")

    with pytest.raises(sqlite3.IntegrityError, match="mine"):
        project.apply(agree=look)

    assert project.plan().send_items == 3


def test_an_environment_and_values_of_variables_are_chosen_where_a_project_is_opened(tmp_path: Path) -> None:
    (tmp_path / "docbatch.yaml").write_text(
        "vars: {stage: none}\n"
        "environments:\n"
        "  dev: {project: {id: pdevdevdev01}}\n"
        "  prod: {project: {id: pprodprod001}, vars: {stage: prod}}\n"
    )
    with pytest.raises(docbatch.EnvironmentNeeded) as needed:
        docbatch.open_project(tmp_path)
    found = {name: docbatch.open_project(tmp_path, env=name) for name in needed.value.environments}

    assert {name: project.id for name, project in found.items()} == {
        "dev": "pdevdevdev01",
        "prod": "pprodprod001",
    }
    assert found["dev"].environment == "dev"
    assert found["dev"].environments == ("dev", "prod")
    assert docbatch.open_project(tmp_path, env="dev", vars={"stage": "x"}).environment == "dev"
    with pytest.raises(docbatch.UsageError, match="there is no variable 'stgae'"):
        docbatch.open_project(tmp_path, env="dev", vars={"stgae": "x"})
