"""From an empty folder to delivered results, and that nothing happens twice."""

import json
from pathlib import Path

import pytest

from tests.cli.project import JOB, Project


def files(root: Path) -> dict[str, tuple[int, bytes]]:
    """Return each file's time and bytes; of SQLite's two companions, which come and go, nothing."""
    kept = (path for path in root.rglob("*") if path.is_file() and not path.name.endswith(("-wal", "-shm")))
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in kept}


def test_a_project_begun_by_init_runs_to_its_end(tmp_path: Path) -> None:
    project = Project(tmp_path)
    begun = project.call("init")
    project.write({"inbox/letter.md": "# A letter\n", "inbox/deep/note.txt": "A note.\n"})

    assert (begun.code, "wrote docbatch.yaml" in begun.out) == (0, True)
    assert project.call("validate").out == "valid: example\n"
    assert "Will send 2 documents" in project.call("plan").out
    assert project.call("apply").out.endswith("example: 2 of 2 documents done\n")
    assert project.outputs("out/example/inbox") == {
        "deep/note.txt.md": b"A note.\n",
        "letter.md.md": b"# A letter\n",
    }


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.call("init")
    before = files(tmp_path)

    assert project.call("init").out == "nothing to do: the project is there already\n"
    assert files(tmp_path) == before


def test_init_refuses_a_folder_inside_a_project(tmp_path: Path) -> None:
    Project(tmp_path).call("init")
    inner = Project(tmp_path / "inner")
    inner.root.mkdir()

    refused = inner.call("init")

    assert refused.code == 64
    assert "belongs to the project of" in refused.err


def test_a_second_apply_finds_nothing_due_and_writes_nothing(project: Project) -> None:
    project.write({"in/a.txt": "one", "in/b.txt": "two"})
    project.applied()
    before = files(project.root)

    again = project.call("apply")

    assert again.code == 0
    assert "Nothing is due." in again.out
    after = files(project.root)
    aside = {name for name in before.keys() | after.keys() if name.endswith(("/lock", "/cache.db"))}
    assert {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)} <= aside


def test_a_plan_changes_nothing_but_the_cache(project: Project) -> None:
    project.write({"in/a.txt": "one"})
    project.call("plan")

    assert not (project.root / ".docbatch").exists()
    assert not (project.root / "out").exists()


def test_the_detailed_exit_code_tells_whether_something_is_due(project: Project) -> None:
    project.write({"in/a.txt": "one"})
    assert project.call("plan", "--detailed-exitcode").code == 2
    project.applied()
    assert project.call("plan", "--detailed-exitcode").code == 0
    (project.root / "out/a.txt.md").unlink()
    assert project.call("plan", "--detailed-exitcode").code == 2
    assert project.call("plan").code == 0


def test_a_plan_as_json_is_one_line_with_its_version(project: Project) -> None:
    project.write({"in/a.txt": "one", "in/b.txt": "one", "in/empty.txt": ""})

    (plan,) = project.call("plan", "--format", "json").lines

    assert (plan["version"], plan["type"]) == ("docbatch/plan/v1", "plan")
    assert (plan["found"], plan["send_documents"], plan["send_items"], plan["send_bytes"]) == (3, 2, 1, 3)
    failing = next(line for line in plan["lines"] if line["kind"] == "fail")
    assert failing["examples"] == [{"path": "empty.txt", "detail": "has no bytes"}]


def test_a_plan_as_markdown_is_a_table(project: Project) -> None:
    project.write({"in/a.txt": "one"})

    shown = project.call("plan", "--format", "markdown").out

    assert "| job | + submit | new document | 1 | 3 B |" in shown
    assert "\n\n\n" not in shown


def test_a_plan_lists_every_document_when_asked(project: Project) -> None:
    project.write({f"in/{number}.txt": str(number) for number in range(30)})

    assert "and 20 more" in project.call("plan", "--verbose").out
    assert ".txt" not in project.call("plan").out
    assert "29.txt" in project.call("plan", "--all").out


def test_a_path_selects_and_leaves_other_jobs_alone(project: Project) -> None:
    project.write({"in/a.txt": "one"})
    project.job(JOB.replace("name: job", "name: other").replace("out/", "other/"), "other")

    project.applied("jobs/other.yaml")

    assert project.outputs() == {}
    assert list(project.outputs("other")) == ["a.txt.md"]


def test_every_json_line_says_what_it_is(project: Project) -> None:
    project.write({"in/a.txt": "one", "in/bad.pdf": b"%PDF-1.7\n", "in/empty.txt": ""})

    lines = project.call("apply", "--json").lines

    assert all({"version", "type"} <= line.keys() for line in lines)
    assert (lines[0]["type"], lines[-1]["type"]) == ("plan", "outcome")
    assert lines[-1]["exit_code"] == 3
    (job,) = lines[-1]["jobs"]
    assert job["standing"] == {"failed": 1, "problem": 1}
    assert [(each["path"], each["class"]) for each in job["failures"]] == [
        ("bad.pdf", "corrupt"),
        ("empty.txt", "empty"),
    ]


@pytest.mark.parametrize("command", [("status", "--json"), ("explain", "in/a.txt", "--json")])
def test_json_of_other_commands_says_what_it_is(project: Project, command: tuple[str, ...]) -> None:
    project.write({"in/a.txt": "one"})
    project.applied()

    lines = project.call(*command).lines

    assert lines
    assert all(line["version"].startswith(f"docbatch/{command[0]}/v") and line["type"] for line in lines)


def test_several_sinks_all_get_the_result(project: Project) -> None:
    project.write({"in/a.txt": "one", "in/b.txt": "two"})
    project.job(
        JOB
        + '  - {type: files, path: "json/{{ doc.path }}.json", format: json}\n'
        + "  - {type: jsonl, path: all/all.jsonl}\n"
        + "  - {type: sqlite, path: all/all.db}\n"
    )
    project.applied()

    lines = [json.loads(line) for line in (project.root / "all/all.jsonl").read_text().splitlines()]
    assert [line["document"]["path"] for line in lines] == ["a.txt", "b.txt"]
    assert lines[0] == {"job": "job", "labels": {}, "columns": {}} | json.loads(
        (project.root / "json/a.txt.json").read_text()
    )
    assert project.applied().processed == 0
