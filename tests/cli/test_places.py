"""Places of outputs, judged by the plan: nothing is sent where they would be in each other's way, or in that of others."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.project import JOB, Project

BARE = JOB.replace("out/{{ doc.path }}.md", "out/{{ doc.path }}")
OTHER = BARE.replace("name: job", "name: other").replace("root: in", "root: more")
ONE_FILE = JOB.partition("sink:")[0] + "sink:\n  - {type: jsonl, path: out/all.jsonl}\n"
ONE_TABLE = JOB.partition("sink:")[0] + "sink:\n  - {type: sqlite, path: out/all.db}\n"


def refused(project: Project, *arguments: str) -> str:
    """Return what a plan and an apply say alike, who both refuse and write nothing."""
    before = sorted(map(str, project.root.glob("out/**")))
    planned, applied = project.call("plan", *arguments), project.call("apply", *arguments)
    assert (planned.code, applied.code, planned.err) == (6, 6, applied.err)
    assert sorted(map(str, project.root.glob("out/**"))) == before
    return planned.err


class TestNested:
    def test_an_output_that_is_the_folder_of_another_is_refused(self, project: Project) -> None:
        project.job(BARE)
        project.job(OTHER, "other")
        project.write({"in/a": "one", "more/a/b.txt": "two"})

        assert f"{project.root}/out/a (job: a) and {project.root}/out/a/b.txt (other: a/b.txt)\n" in refused(
            project
        )

    def test_letter_case_tells_no_folder_apart(self, project: Project) -> None:
        project.job(BARE)
        project.job(OTHER, "other")
        project.write({"in/A": "one", "more/a/b.txt": "two"})

        assert "out/A (job: A) and" in refused(project)

    def test_one_that_is_recorded_and_not_written_counts(self, project: Project) -> None:
        project.job(BARE)
        project.write({"in/a/b.txt": "one"})
        assert project.call("apply", "--max-new", "0").code == 4
        project.job(OTHER, "other")
        project.write({"more/a": "two"})

        assert "out/a (other: a) and" in refused(project)

    def test_one_that_was_written_counts(self, project: Project) -> None:
        project.job(BARE)
        project.write({"in/a": "one"})
        project.applied()
        project.job(OTHER, "other")
        project.write({"more/a/b.txt": "two"})

        assert "out/a (job: a) and" in refused(project)

    def test_a_file_of_a_whole_job_counts_as_folder_and_as_output(self, project: Project) -> None:
        project.job(ONE_FILE)
        project.job(OTHER, "other")
        project.write({"in/x.txt": "one", "more/all.jsonl/b.txt": "two"})
        assert "out/all.jsonl (job: all its documents) and" in refused(project)

        (project.root / "more/all.jsonl/b.txt").unlink()
        (project.root / "more/all.jsonl").rmdir()
        project.write({"more/all.jsonl": "two"})
        assert "out/all.jsonl: wanted by job: all its documents and by other: all.jsonl" in refused(project)

    def test_a_document_that_is_gone_makes_room(self, project: Project) -> None:
        project.job(BARE)
        project.write({"in/a": "one"})
        project.applied()
        (project.root / "in/a").unlink()
        (project.root / "out/a").unlink()
        project.write({"in/a/b.txt": "two"})

        project.applied()

        assert project.outputs() == {"a/b.txt": b"two\n"}


class TestForeign:
    def test_a_file_that_is_not_ours_is_refused_and_left_alone(self, project: Project) -> None:
        project.write({"in/a.txt": "one", "out/a.txt.md": "someone's own notes"})

        told = refused(project)

        assert f"{project.root}/out/a.txt.md (job: a.txt)\n" in told
        assert "--allow overwritten" in told
        assert project.outputs() == {"a.txt.md": b"someone's own notes"}

    def test_with_a_word_it_is_named_and_goes_to_the_trash(self, project: Project) -> None:
        project.write({"in/a.txt": "one", "out/a.txt.md": "someone's own notes"})

        assert (
            "out/a.txt.md: not known as docbatch's own" in project.call("plan", "--allow", "overwritten").out
        )
        project.applied("--allow", "overwritten")

        assert project.outputs() == {"a.txt.md": b"one\n"}
        kept = [each for each in (project.root / ".docbatch/trash").iterdir() if each.suffix == ".md"]
        assert [each.read_text() for each in kept] == ["someone's own notes"]
        assert "Nothing is due." in project.call("plan").out

    def test_many_are_counted(self, project: Project) -> None:
        names = [f"{number:02}.txt" for number in range(30)]
        project.write({f"in/{name}": name for name in names} | {f"out/{name}.md": "" for name in names})

        assert "and 25 more" in refused(project)

    def test_a_file_where_a_whole_job_goes_is_refused(self, project: Project) -> None:
        project.job(ONE_FILE)
        project.write({"in/a.txt": "one", "out/all.jsonl": "mine"})

        assert "out/all.jsonl (job: all its documents)" in refused(project)
        project.applied("--allow", "overwritten")
        assert "Nothing is due." in project.call("plan").out

    @pytest.mark.parametrize("content", ["no database", "made by somebody"])
    def test_a_database_that_cannot_be_used_is_refused_whatever_is_allowed(
        self, project: Project, content: str
    ) -> None:
        project.job(ONE_TABLE)
        project.write({"in/a.txt": "one", "out/all.db": content})
        if content == "made by somebody":
            (project.root / "out/all.db").unlink()
            with closing(sqlite3.connect(project.root / "out/all.db")) as database, database:
                database.execute("CREATE TABLE mine (x)")

        assert "nothing was changed" in refused(project, "--allow", "overwritten")

    def test_what_our_killed_run_left_is_ours(self, project: Project) -> None:
        project.write({"in/a.txt": "one"})
        assert project.call("apply", "--max-new", "0").code == 4
        project.write({"out/a.txt.md": "one\n"})

        project.applied()

        assert project.outputs() == {"a.txt.md": b"one\n"}

    def test_a_document_that_is_as_it_was_goes_back_to_its_place(self, project: Project) -> None:
        project.job(JOB.replace("doc.path", "doc.sha256"))
        for text in ("one", "two"):
            project.write({"in/a.txt": text})
            project.applied()
        project.write({"in/a.txt": "one"})

        assert project.applied().processed == 0

    def test_a_state_that_is_lost_and_known_to_be_holds_nobody_up(self, project: Project) -> None:
        project.write({"in/a.txt": "one"})
        project.applied()
        for path in (project.root / ".docbatch").glob("state.db*"):
            path.unlink()

        assert "out/a.txt.md: not known as docbatch's own" in project.call("plan").out
        project.applied()

        assert project.outputs() == {"a.txt.md": b"one\n"}
        assert not (project.root / ".docbatch/trash").exists()

    def test_an_unknown_word_is_refused(self, project: Project) -> None:
        ended = project.call("plan", "--allow", "everything")

        assert ended.code == 64
        assert "overwritten, shared" in ended.err


class TestBlocked:
    def test_a_folder_in_the_place_of_an_output_is_refused(self, project: Project) -> None:
        project.write({"in/a.txt": "one", "out/a.txt.md/x": ""})

        assert "out/a.txt.md (job: a.txt): a folder is there" in refused(project, "--allow", "overwritten")

    def test_a_file_in_the_place_of_a_folder_is_refused(self, project: Project) -> None:
        project.write({"in/d/a.txt": "one", "out/d": "a file"})

        assert "out/d is not a folder" in refused(project)

    def test_a_link_in_the_place_of_a_folder_is_refused(self, project: Project) -> None:
        project.write({"in/d/a.txt": "one", "out/x": ""})
        (project.root / "out/d").symlink_to("/tmp")

        assert "out/d is a symbolic link" in refused(project)

    @pytest.mark.parametrize("kind", ["jsonl", "sqlite"])
    def test_a_pipe_in_the_place_of_a_jobs_output_is_refused_and_not_waited_for(
        self, project: Project, kind: str
    ) -> None:
        project.job(JOB.partition("sink:")[0] + f"sink: [{{type: {kind}, path: out/all}}]\n")
        project.write({"in/a.txt": "one", "out/x": ""})
        os.mkfifo(project.root / "out/all")

        told = refused(project, "--allow", "overwritten")
        assert "a special file is there" in told or "is not a plain file" in told

    def test_a_pipe_in_the_place_of_an_output_is_refused(self, project: Project) -> None:
        project.write({"in/a.txt": "one", "out/x": ""})
        os.mkfifo(project.root / "out/a.txt.md")

        assert "a special file is there" in refused(project)

    def test_a_trash_that_leads_out_of_the_project_is_refused(
        self, project: Project, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        project.write({"in/a.txt": "one", ".docbatch/x": ""})
        (project.root / ".docbatch/trash").symlink_to(tmp_path_factory.mktemp("elsewhere"))

        ended = project.call("apply")

        assert ended.code == 1
        assert "trash: is a link, which docbatch never puts there" in ended.err


class TestShared:
    @pytest.fixture
    def shared(self, tmp_path: Path) -> Path:
        return tmp_path / "shared"

    def made(self, root: Path, name: str, shared: Path) -> Project:
        project = Project(root / name)
        project.job(JOB.replace("out/", f"{shared}/"))
        project.write({f"in/{name}.txt": name, "docbatch.yaml": f"project: {{id: project{name}000}}\n"})
        return project

    def test_a_second_project_needs_a_word_and_the_first_is_told(self, tmp_path: Path, shared: Path) -> None:
        one, two = self.made(tmp_path, "one", shared), self.made(tmp_path, "two", shared)
        one.applied()

        told = two.call("apply")
        assert told.code == 6
        assert f"{shared}: the project projectone000 in {one.root} writes to this folder as well" in told.err
        assert not (two.root / ".docbatch/state.db").exists() or "two" not in two.call("status").out
        two.applied("--allow", "shared")

        assert sorted(path.name for path in shared.glob("[!.]*")) == ["one.txt.md", "two.txt.md"]
        for project, other in ((one, "projecttwo000"), (two, "projectone000")):
            planned = project.call("plan")
            assert planned.code == 0
            assert f"note: {shared}: the project {other} in" in planned.out

    def test_one_project_in_two_places_is_one(self, tmp_path: Path, shared: Path) -> None:
        self.made(tmp_path, "one", shared).applied()
        clone = Project(tmp_path / "clone")
        clone.job(JOB.replace("out/", f"{shared}/"))
        clone.write({"in/two.txt": "two", "docbatch.yaml": "project: {id: projectone000}\n"})

        assert "writes to this folder" not in clone.applied().out

    def test_a_folder_of_another_project_needs_a_word(self, tmp_path: Path) -> None:
        one = self.made(tmp_path, "one", tmp_path / "one/out")
        one.applied()
        two = self.made(tmp_path, "two", tmp_path / "one/out")

        assert f"the project in {one.root} writes to this folder as well" in two.call("plan").err
        two.applied("--allow", "shared")
        assert "the project projecttwo000 in" in one.call("plan").out

    def test_nothing_is_left_in_a_project_s_own_folder(self, project: Project) -> None:
        project.write({"in/a.txt": "one"})
        project.applied()

        assert [path.name for path in (project.root / "out").iterdir()] == ["a.txt.md"]

    @pytest.mark.parametrize("left", [b'\xff\n[1]\n{}\n{"project": 1, "folder": 2}\n', None])
    def test_what_is_no_mark_is_passed_over(self, tmp_path: Path, shared: Path, left: bytes | None) -> None:
        shared.mkdir()
        mark = shared / ".docbatch-projects"
        mark.write_bytes(left) if left is not None else os.mkfifo(mark)

        self.made(tmp_path, "one", shared).applied()


class TestCollisions:
    def test_documents_told_apart_by_letter_case_alone_are_to_be_renamed(self, project: Project) -> None:
        project.write({"in/a.txt": "one", "in/A.txt": "two"})

        assert "rename one of the documents" in refused(project)

    def test_those_of_two_jobs_are_told_apart_by_the_job(self, project: Project) -> None:
        project.job(OTHER, "other")
        project.job(BARE)
        project.write({"in/a.txt": "one", "more/a.txt": "two"})

        told = refused(project)
        assert "{{ job.name }}" in told
        assert "doc.path" not in told

    def test_those_of_one_name_are_told_apart_by_the_path(self, project: Project) -> None:
        project.job(JOB.replace("doc.path", "doc.name"))
        project.write({"in/a.txt": "one", "in/x/a.txt": "two"})

        assert "{{ doc.path }}" in refused(project)


def test_an_empty_source_says_what_was_looked_for_and_where(project: Project) -> None:
    project.job(JOB.replace('"**/*"', '["*.pdf", "*.docx"]').replace("provider:", "  exclude: x*\nprovider:"))
    project.write({"in/a.txt": "one"})

    assert f"'*.pdf', '*.docx' below {project.root}/in, without 'x*'" in refused(project)


class TestLitter:
    def test_what_programs_leave_is_left_out_and_said_once(self, project: Project) -> None:
        project.write(
            {"in/a.txt": "one", "in/~$a.docx": "lock", "in/x/Thumbs.db": "x", "in/x/desktop.ini": "x"}
        )

        planned = project.call("plan")

        assert "1 document found" in planned.out
        assert planned.out.count("note: ") == 1
        assert (
            "job 'job': x/Thumbs.db and 2 more left out" in planned.out
            or "~$a.docx and 2 more" in planned.out
        )
        assert project.applied().processed == 1
        explained = project.call("explain", "in/~$a.docx")
        assert "has to be named by a pattern" in explained.err

    def test_it_is_taken_in_where_a_pattern_names_it(self, project: Project) -> None:
        project.job(JOB.replace('"**/*"', '["**/*", "**/~$*"]'))
        project.write({"in/a.txt": "one", "in/~$a.txt": "two"})

        assert project.applied().processed == 2

    def test_a_source_of_nothing_else_is_empty_and_says_why(self, project: Project) -> None:
        project.write({"in/~$a.docx": "lock"})

        assert "~$a.docx left out" in refused(project)


def test_what_looks_like_a_spec_and_is_not_read_is_named(project: Project) -> None:
    project.write({"in/a.txt": "one", "jobs/B.YAML": JOB, "jobs/c.json": "{}"})

    assert "warning: jobs/B.YAML and 1 more: not read as a spec" in project.call("validate").err
    assert "note: jobs/B.YAML and 1 more: not read as a spec" in project.call("plan").out


def test_a_project_file_of_nearly_the_right_name_is_named(project: Project) -> None:
    project.write({"in/a.txt": "one", "docbatch.yml": ""})

    assert (
        "warning: docbatch.yml: not read; the project file is called docbatch.yaml"
        in project.call("validate").err
    )
