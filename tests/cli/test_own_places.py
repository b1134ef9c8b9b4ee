"""Places that are the project's own, or never an output's: a moved project, specs, what SQLite makes, folders within folders."""

import unicodedata
from pathlib import Path

import pytest

from tests.cli.project import JOB, Project
from tests.cli.test_places import BARE, ONE_FILE, ONE_TABLE, OTHER, refused


class TestMoved:
    @pytest.fixture
    def moved(self, tmp_path: Path) -> Project:
        """Return a project whose folder was renamed after a run."""
        project = Project(tmp_path / "before")
        project.job()
        project.job(ONE_FILE.replace("name: job", "name: whole"), "whole")
        project.write({"in/a.txt": "one"})
        project.applied()
        project.root.rename(tmp_path / "after")
        return Project(tmp_path / "after")

    def test_a_project_that_is_moved_goes_on(self, moved: Project) -> None:
        moved.write({"in/b.txt": "two"})

        assert moved.applied().processed == 1

        assert sorted(moved.outputs()) == ["a.txt.md", "all.jsonl", "b.txt.md"]
        assert "Nothing is due." in moved.call("plan").out
        assert not any((moved.root / ".docbatch/trash").glob("*.md"))

    @pytest.mark.parametrize("name", ["a.txt.md", "all.jsonl"])
    def test_what_was_written_by_another_there_is_no_output_of_before(
        self, moved: Project, name: str
    ) -> None:
        moved.write({f"out/{name}": "notes of somebody else"})

        assert f"out/{name} (" in refused(moved)

    def test_a_sink_that_goes_elsewhere_in_the_project_does_not_count_as_moved(
        self, project: Project
    ) -> None:
        project.job(JOB.replace("out/", "deep/out/"))
        project.write({"in/a.txt": "one", "out/a.txt.md": "123\n"})
        project.applied()
        project.job()

        assert "out/a.txt.md (job: a.txt)" in refused(project)


class TestSpecs:
    @pytest.mark.parametrize("name", ["jobs/new.yaml", "JOBS/deep/new.YML", "docbatch.yaml", "Docbatch.YAML"])
    def test_no_document_becomes_a_spec(self, project: Project, name: str) -> None:
        project.job(JOB.replace("out/{{ doc.path }}.md", "{{ doc.path }}"))
        project.write({f"in/{name}": "name: mine"})

        assert f"{name} (job: {name}): specs are read from there" in refused(
            project, "--allow", "overwritten"
        )
        assert not (project.root / name).exists()

    def test_nor_does_the_output_of_a_whole_job(self, project: Project) -> None:
        project.job(ONE_FILE.replace("out/all.jsonl", "jobs/all.yaml"))
        project.write({"in/a.txt": "one"})

        assert "jobs/all.yaml (job: all its documents): specs are read from there" in refused(project)


def test_a_path_that_no_system_takes_is_told_before_anything_is_sent(project: Project) -> None:
    long = "/".join(["{{ doc.path }}"] * 9)
    project.job(JOB.replace("out/{{ doc.path }}", f"out/{long}"))
    project.write({f"in/{'d' * 230}/{'e' * 230}/a.txt": "one"})

    assert "none may have more than 4,095" in refused(project)


class TestBesideADatabase:
    def test_files_of_others_are_named_and_kept(self, project: Project) -> None:
        project.job(ONE_TABLE)
        beside = {f"out/all.db{ending}": f"notes {ending}" for ending in ("-journal", "-wal", "-shm")}
        project.write({"in/a.txt": "one", **beside})

        told = refused(project)
        assert all(f"{name} (job: all its documents)" in told for name in beside)
        project.applied("--allow", "overwritten")

        kept = (project.root / ".docbatch/trash").glob("*-all.db-*")
        assert sorted(each.read_text() for each in kept) == sorted(beside.values())

    def test_no_other_job_writes_there(self, project: Project) -> None:
        project.job(ONE_TABLE)
        project.job(OTHER, "other")
        project.write({"in/a.txt": "one", "more/ALL.db-wal": "two"})

        assert "db-wal: wanted by job: all its documents and by other: ALL.db-wal" in refused(project)


def test_the_form_of_letters_tells_no_folder_apart(project: Project) -> None:
    composed, decomposed = (unicodedata.normalize(form, "é") for form in ("NFC", "NFD"))
    project.job(BARE)
    project.job(OTHER, "other")
    project.write({f"in/{composed}": "one", f"more/{decomposed}/b": "two"})

    assert "one output would be the folder of another" in refused(project)


class TestSharedFolders:
    def made(self, root: Path, name: str, folder: Path) -> Project:
        project = Project(root / name)
        project.job(JOB.replace("out/", f"{folder}/"))
        project.write({f"in/{name}.txt": name})
        return project

    def test_a_folder_within_one_of_another_project_needs_a_word(self, tmp_path: Path) -> None:
        self.made(tmp_path, "one", tmp_path / "shared").applied()
        two = self.made(tmp_path, "two", tmp_path / "shared/deep/er")

        assert f"the project without an id in {tmp_path / 'one'} writes to this folder as well" in (
            two.call("plan").err
        )
        two.applied("--allow", "shared")

    def test_who_was_there_first_is_told_of_one_around(self, tmp_path: Path) -> None:
        inner = self.made(tmp_path, "one", tmp_path / "shared/deep")
        inner.applied()
        self.made(tmp_path, "two", tmp_path / "shared").applied()

        assert f"note: {tmp_path}/shared/deep: the project without an id in" in inner.call("plan").out

    def test_a_mark_that_is_a_folder_is_passed_over(self, tmp_path: Path) -> None:
        (tmp_path / "shared/.docbatch-projects").mkdir(parents=True)

        self.made(tmp_path, "one", tmp_path / "shared").applied()


def test_a_file_that_is_only_called_like_an_unfinished_output_is_left(project: Project) -> None:
    ours = ".docbatch-0123abcd-0123456789ab.tmp"
    project.write({"in/a.txt": "one", "out/.docbatch-notes.tmp": "mine", f"out/{ours}": "left over"})

    project.applied()

    assert sorted(project.outputs()) == [".docbatch-notes.tmp", "a.txt.md"]
