"""Archives and mails as a person meets them: one document of them changes, is named, is gone."""

from pathlib import Path

import pytest

from tests.cli.project import JOB, Project
from tests.containers.boxes import mail, zipped

OPEN = JOB.replace('include: "**/*"', 'include: "**/*"\n  containers: open')


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(tmp_path)
    made.job(OPEN)
    made.write({"in/a.zip": zipped({"one.txt": b"one", "dir/two.txt": b"two"}), "in/same.txt": "one"})
    return made


def test_members_are_read_once_by_their_bytes_and_nothing_is_due_then(project: Project) -> None:
    assert project.applied().processed == 2
    assert project.outputs() == {
        "a.zip!dir/two.txt.md": b"two\n",
        "a.zip!one.txt.md": b"one\n",
        "same.txt.md": b"one\n",
    }
    assert "Nothing is due." in project.call("plan").out
    assert project.call("state", "check").code == 0
    assert project.call("drift").code == 0


def test_packed_anew_and_under_another_name_it_costs_nothing(project: Project) -> None:
    project.applied()
    (project.root / "in/a.zip").unlink()
    project.write({"in/b.zip": zipped({"dir/two.txt": b"two", "one.txt": b"one"}, stored=True)})

    assert project.applied().processed == 0
    assert project.outputs()["b.zip!one.txt.md"] == b"one\n"
    pruned = project.call("prune", "--yes")
    assert pruned.code == 0, pruned.err
    assert sorted(project.outputs()) == ["b.zip!dir/two.txt.md", "b.zip!one.txt.md", "same.txt.md"]


def test_a_container_in_which_one_member_changed_sends_that_one(project: Project) -> None:
    project.applied()
    project.write({"in/a.zip": zipped({"one.txt": b"one", "dir/two.txt": b"other"})})

    assert project.applied().processed == 1
    assert project.outputs()["a.zip!dir/two.txt.md"] == b"other\n"


def test_a_container_that_cannot_be_opened_now_loses_nothing_of_what_was_in_it(project: Project) -> None:
    project.applied()
    whole = (project.root / "in/a.zip").read_bytes()
    project.write({"in/a.zip": whole[:50]})

    ended = project.call("apply")
    assert ended.code == 3
    assert "in/a.zip" in project.call("failures").out.replace("a.zip:", "in/a.zip:")
    assert "no longer found" not in ended.out
    project.write({"in/a.zip": whole})
    assert project.applied().processed == 0


def test_a_person_who_names_the_container_is_told_what_to_name(project: Project) -> None:
    project.applied()

    told = project.call("explain", "in/a.zip")
    assert told.code == 64
    assert "opens 'in/a.zip'" in told.err
    assert "a.zip!NAME" in told.err
    assert "a.zip!one.txt in job 'job' is done" in project.call("explain", "in/a.zip!one.txt").out


def test_back_to_whole_the_container_is_a_document_again(project: Project) -> None:
    project.applied()
    project.job(JOB)
    plan = project.call("plan", "--format", "json").lines[0]

    assert {(line["kind"], line["reason"]) for line in plan["lines"]} == {
        ("send", "new document"),
        ("remove", "no longer found; its outputs stay"),
    }


def test_what_a_mail_says_of_itself_names_its_outputs_and_stands_in_rows(project: Project) -> None:
    project.job(
        OPEN.replace("{{ doc.path }}", "{{ doc.metadata.subject | default('none') }}/{{ doc.name }}")
        + '  - {type: jsonl, path: "rows/rows.jsonl"}\n'
    )
    project.write({"in/m.eml": mail("text", subject="Größe", n_txt=b"attached")})
    project.applied()

    assert "Größe/m.eml!n.txt.md" in project.outputs()
    assert "none/same.txt.md" in project.outputs()
    assert '"message_id": "<1@example.org>"' in project.outputs("rows")["rows.jsonl"].decode().replace(
        '":"', '": "'
    )
