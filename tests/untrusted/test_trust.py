"""What is read of a project, and what is not: by default, and of a repository that nobody vouches for."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from docbatch import NoState, UsageError, open_project
from tests.cli.project import JOB, Project

PROJECT = "apiVersion: docbatch/v1\nproject: {id: ptestproject1}\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with one document, beside a folder that holds another."""
    made = Project(tmp_path / "repository")
    made.write(
        {"docbatch.yaml": PROJECT, "in/a.txt": "one", "../outside/b.txt": "two", "../outside/c.txt": "three"}
    )
    made.job()
    return made


def with_link(project: Project, *, follow: bool) -> None:
    (project.root / "in/out.txt").symlink_to("../../outside/b.txt")
    (project.root / "in/folder").symlink_to("../../outside")
    project.write({"shared/d.txt": "four"})
    (project.root / "in/near.txt").symlink_to("../shared/d.txt")
    project.job(JOB.replace("  root: in\n", f"  root: in\n  follow_links: {'true' if follow else 'false'}\n"))


def test_links_out_of_the_root_are_named_and_not_followed(project: Project) -> None:
    with_link(project, follow=False)

    planned = project.call("plan", "--verbose").out
    project.applied()

    assert "3 skipped: not a regular file" in planned
    assert "out.txt  (is a link that leads out of source.root" in planned
    assert "folder/  (is a link that leads out of source.root" in planned
    assert project.outputs() == {"a.txt.md": b"one\n"}
    assert "is a link that leads out of source.root" in project.call("explain", "in/out.txt").out


def test_links_out_of_the_root_are_followed_where_the_source_says_so(project: Project) -> None:
    with_link(project, follow=True)

    project.applied()

    assert list(project.outputs()) == [
        "a.txt.md",
        "folder/b.txt.md",
        "folder/c.txt.md",
        "near.txt.md",
        "out.txt.md",
    ]


def test_of_an_untrusted_repository_links_are_followed_within_it_only(project: Project) -> None:
    with_link(project, follow=True)

    planned = project.call("plan", "--untrusted", "--all").out

    assert "2 to be sent: new document\n      a.txt\n      near.txt\n" in planned
    assert "2 skipped: not a regular file" in planned
    assert "what lies where outputs go is not looked at here" in planned


def test_a_link_within_the_root_is_the_file_under_its_own_name(project: Project) -> None:
    (project.root / "in/same.txt").symlink_to("a.txt")
    project.applied()
    assert list(project.outputs()) == ["a.txt.md", "same.txt.md"]


@pytest.mark.parametrize("root", ["/proc", "/sys/kernel", "/dev", "led"])
def test_a_file_system_of_the_kernel_is_no_root(project: Project, root: str) -> None:
    (project.root / "led").symlink_to("/proc/self")
    project.job(JOB.replace("root: in", f"root: {root}"))

    refused = project.call("validate")

    assert refused.code == 64
    assert "jobs/job.yaml:5:9: source.root: this is a file system of the kernel" in refused.err


@pytest.mark.parametrize("root", ["../outside", "/etc", "led"])
def test_documents_of_an_untrusted_repository_lie_within_it(project: Project, root: str) -> None:
    (project.root / "led").symlink_to("../outside")
    project.job(JOB.replace("root: in", f"root: {root}"))

    assert project.call("validate").code == 0
    assert "source.root: this lies outside of the project" in project.call("validate", "--untrusted").err


@pytest.mark.parametrize("place", ["jobs/other.yaml", "docbatch.yaml", "jobs/list.csv"])
def test_specs_and_lists_that_lead_out_are_refused_without_being_quoted(project: Project, place: str) -> None:
    project.write({"../outside/secret": "canary: [\ncanary"})
    (project.root / place).unlink(missing_ok=True)
    (project.root / place).symlink_to("/".join([".."] * place.count("/") + ["../outside/secret"]))
    if place.endswith("csv"):
        project.job(JOB.replace('  root: in\n  include: "**/*"\n', f"  urls_from: {place}\n"))

    refused = project.call("validate")

    assert refused.code == 64
    assert f"{place}: this is a link that leads out of the project" in refused.err
    assert "canary" not in refused.err


def test_a_spec_that_leads_into_git_is_refused(project: Project) -> None:
    project.write({".git/config": "token: [canary"})
    (project.root / "jobs/other.yaml").symlink_to("../.git/config")
    refused = project.call("validate")
    assert "jobs/other.yaml: this lies in .git" in refused.err
    assert "canary" not in refused.err


def test_a_spec_named_elsewhere_is_ones_own_word_unless_nobody_is_trusted(project: Project) -> None:
    project.write({"../outside/mine.yaml": JOB.replace("name: job", "name: mine").replace("out/", "mine/")})

    assert project.call("validate", "../outside/mine.yaml").out == "valid: mine\n"
    assert (
        "lies outside of the project" in project.call("validate", "--untrusted", "../outside/mine.yaml").err
    )


def extend(project: Project, workspace: str) -> None:
    project.write({"docbatch.yaml": f"{PROJECT}providers: {{extend: {{workspace: {workspace}}}}}\n"})
    project.job(JOB.replace("provider: local", "provider: extend"))


def test_a_workspace_is_a_small_regular_file_below_the_root(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(project.root / "pipe")
    (project.root / "zero").symlink_to("/dev/zero")
    project.write({"long": "x" * 5_000, "two": "canary\nlines", "good": "ws_canary\n", "deep/x": ""})
    told = {}
    for name in ("pipe", "long", "two", "good"):
        extend(project, f"{{file: {name}}}")
        told[name] = project.call("plan")
    extend(project, "{file: zero}")
    zero = project.call("plan")
    extend(project, "{file: good}")

    assert [told[name].code for name in ("pipe", "long", "two", "good")] == [12, 12, 12, 0]
    assert "its file is no regular file of at most 4,096 bytes" in told["pipe"].err
    assert "its file is no regular file of at most 4,096 bytes" in told["long"].err
    assert not any("canary" in each.out + each.err for each in told.values())
    assert (
        "docbatch.yaml:3:33: providers.extend.workspace: this is a link that leads out of the project"
        in zero.err
    )
    assert project.call("-C", "deep", "plan").code == 0


def test_of_an_untrusted_repository_no_variable_is_read(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXTEND_REGION", "nowhere")
    monkeypatch.setenv("MINE", "ws_mine")
    extend(project, "{env: UNSET}")

    assert "UNSET" in project.call("plan").err
    assert project.call("plan", "--untrusted").code == 0
    extend(project, "{env: MINE}")
    assert "EXTEND_REGION is 'nowhere'" in project.call("plan").err
    assert project.call("plan", "--untrusted").code == 0


def test_a_state_that_came_along_counts_for_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.applied()

    assert "Nothing is due." in project.call("plan").out
    assert "1 to be sent: new document" in project.call("plan", "--untrusted").out
    assert "is new document" not in project.call("explain", "--untrusted", "in/a.txt").out
    assert "will be sent" in project.call("explain", "--untrusted", "in/a.txt").out
    assert project.call("status", "--untrusted").code == 10
    monkeypatch.setenv("DOCBATCH_UNTRUSTED", "1")
    assert project.call("status").code == 10


@pytest.mark.parametrize("command", ["apply", "retry", "recover", "state check"])
def test_what_takes_the_word_of_a_project_refuses_where_the_environment_distrusts_it(
    project: Project, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("DOCBATCH_UNTRUSTED", "yes")

    refused = project.call(*command.split())

    assert refused.code == 64
    assert "DOCBATCH_UNTRUSTED is set" in refused.err
    monkeypatch.setenv("DOCBATCH_UNTRUSTED", "0")
    assert project.call("apply").code == 0


def test_a_mirror_of_links_that_came_along_counts_for_nothing(project: Project) -> None:
    project.job(JOB.replace('  root: in\n  include: "**/*"\n', "  urls: ['https://a.example/x.pdf']\n"))
    project.write({".docbatch/inputs/job/a.example/x.pdf": "planted"})
    assert "1 not looked at yet" in project.call("plan", "--untrusted").out


def test_an_untrusted_project_is_only_looked_at(project: Project) -> None:
    untrusted = open_project(project.root, untrusted=True)

    assert [job.name for job in untrusted.validate()] == ["job"]
    assert untrusted.plan().send_documents == 1
    for refused in (untrusted.apply, untrusted.retry, untrusted.results):
        with pytest.raises(UsageError, match="is not trusted"):
            refused()
    with pytest.raises(NoState):
        untrusted.status()
    assert not (project.root / ".docbatch").exists()


def test_an_untrusted_project_ends_at_the_top_of_its_repository(project: Project) -> None:
    project.write(
        {"part/.git/HEAD": "", "part/jobs/job.yaml": JOB, "part/in/a.txt": "one", "part/deep/x": ""}
    )
    (project.root / "part/docbatch.yaml").write_text(PROJECT)

    assert open_project(project.root / "part/deep", untrusted=True).root == project.root / "part"
    (project.root / "part/docbatch.yaml").unlink()
    assert open_project(project.root / "part", untrusted=True).root == project.root / "part"
    assert open_project(project.root / "part").root == project.root


def test_more_than_is_looked_at_of_an_untrusted_repository_is_refused(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("docbatch.sources.allowance.MOST_DOCUMENTS", 1)
    project.write({"in/b.txt": "two"})

    assert project.call("plan").code == 0
    assert project.call("plan", "--untrusted").code == 6


@pytest.mark.parametrize("name", ["state.db", "cache.db", "serial", "lock", "spool/ab", "inputs"])
def test_a_state_with_links_in_it_is_refused(project: Project, name: str) -> None:
    place = project.root / ".docbatch" / name
    place.parent.mkdir(parents=True)
    place.symlink_to(project.root.parent / "outside")

    for command in ("plan", "apply"):
        refused = project.call(command)
        assert refused.code == 1
        assert f".docbatch/{name}: is a link, which docbatch never puts there" in refused.err
    assert sorted(path.name for path in (project.root.parent / "outside").iterdir()) == ["b.txt", "c.txt"]


def test_a_state_folder_that_leads_out_or_holds_a_pipe_is_refused(project: Project) -> None:
    (project.root / ".docbatch").symlink_to("../outside")
    assert "is a link that leads out of the project" in project.call("plan").err
    (project.root / ".docbatch").unlink()
    (project.root / ".docbatch").mkdir()
    os.mkfifo(project.root / ".docbatch/state.db")
    assert "state.db: is no regular file" in project.call("status").err


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("CREATE VIEW mine AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT i FROM n", "view 'mine'"),
        ("CREATE TRIGGER eats AFTER INSERT ON item BEGIN DELETE FROM item; END", "trigger 'eats'"),
        ("ALTER TABLE meta ADD COLUMN grown TEXT AS (hex(zeroblob(400000000)))", "table 'meta'"),
    ],
)  # fmt: skip
def test_a_state_that_does_work_of_its_own_is_refused(project: Project, statement: str, told: str) -> None:
    project.applied()
    with closing(sqlite3.connect(project.root / ".docbatch/state.db")) as state:
        state.execute(statement)
        state.commit()

    for command in ("plan", "status", "apply"):
        refused = project.call(command)
        assert refused.code == 1
        assert f"holds the {told}, which docbatch did not make" in refused.err


def test_a_cache_that_does_work_of_its_own_is_made_anew(project: Project) -> None:
    project.applied()
    cache = project.root / ".docbatch/cache.db"
    with closing(sqlite3.connect(cache)) as database:
        database.executescript(
            "DROP TABLE fingerprint; CREATE VIEW fingerprint AS"
            " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT i AS source FROM n"
        )

    assert "Nothing is due." in project.call("plan").out
    with closing(sqlite3.connect(cache)) as database:
        assert database.execute("SELECT count(*) FROM sqlite_schema WHERE type = 'view'").fetchone() == (0,)


def test_modules_in_a_repository_are_not_imported(project: Project) -> None:
    for name in ("bracex.py", "yaml.py", "click.py"):
        project.write({name: "open('owned', 'w')\n"})

    ended = subprocess.run(
        [sys.executable, "-m", "docbatch", "validate", "--untrusted"],
        cwd=project.root,
        capture_output=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    assert not (project.root / "owned").exists()


def test_what_all_jobs_look_through_is_bounded_though_no_pattern_takes_it(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("docbatch.sources.allowance.MOST_NAMES", 1000)
    project.write({f"in/{index}.txt": "one" for index in range(100)})
    pattern = JOB.replace('"**/*"', '"*.pdf"\n  allow_empty: true')
    project.job("---\n".join(pattern.replace("name: job", f"name: j{index}") for index in range(20)))

    assert project.call("plan").code == 0
    refused = project.call("plan", "--untrusted")

    assert refused.code == 6
    assert "the jobs look through more than 1,000 files and folders" in refused.err
