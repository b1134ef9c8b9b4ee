"""What is refused before anything is sent, and with which exit code."""

import pytest

from tests.cli.project import JOB, Project

NOTHING_MATCHES = JOB.replace('"**/*"', '"*.pdf"')


def test_a_new_job_that_matches_nothing_is_refused(project: Project) -> None:
    project.job(NOTHING_MATCHES)
    project.write({"in/a.txt": "one"})

    refused = project.call("apply")

    assert refused.code == 6
    assert "job 'job': its source matches nothing" in refused.err


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("*.PDF", "'*.pdf' would find a.pdf"),
        ("deep", "'deep/**' would find deep/b.txt"),
        ("in/*.pdf", "'*.pdf' would find a.pdf"),
        ("b.*", "'**/b.*' would find deep/b.txt"),
    ],
)
def test_what_may_have_been_meant_by_a_pattern_that_finds_nothing_is_said(
    project: Project, pattern: str, says: str
) -> None:
    project.job(JOB.replace("**/*", pattern))
    project.write({"in/a.pdf": "one", "in/deep/b.txt": "two"})
    assert says in project.call("plan").err


def test_an_empty_list_is_said_to_be_one(project: Project) -> None:
    project.job(JOB.replace('root: in\n  include: "**/*"', "urls_from: list.txt"))
    project.write({"list.txt": "# none yet\n"})

    refused = project.call("plan")

    assert refused.code == 6
    assert "no document in the list that urls_from: names" in refused.err


def test_a_root_that_is_a_link_to_itself_cannot_be_listed(project: Project) -> None:
    project.job(JOB.replace("root: in", "root: ring"))
    (project.root / "ring").symlink_to("ring")

    refused = project.call("plan")

    assert refused.code == 6
    assert "cannot be listed: Too many levels of symbolic links" in refused.err


def test_a_job_that_matched_before_and_matches_nothing_now_is_refused(project: Project) -> None:
    project.write({"in/a.txt": "one"})
    project.applied()
    (project.root / "in/a.txt").unlink()

    refused = project.call("apply")

    assert refused.code == 6
    assert "matches nothing now" in refused.err
    assert project.call("state", "list").out == "job\ta.txt\tsucceeded\n"


def test_an_empty_source_that_is_meant_is_no_error(project: Project) -> None:
    project.job(JOB.replace('"**/*"', '"**/*"\n  allow_empty: true'))
    project.write({"in/a.txt": "one"})
    project.applied()
    (project.root / "in/a.txt").unlink()

    project.applied()

    assert project.call("state", "list").out == ""
    assert list(project.outputs()) == ["a.txt.md"]


def test_a_source_folder_that_is_missing_is_refused_even_when_empty_is_meant(project: Project) -> None:
    project.job(JOB.replace('"**/*"', '"**/*"\n  allow_empty: true'))

    refused = project.call("apply")

    assert refused.code == 6
    assert "source root" in refused.err


@pytest.mark.parametrize(
    ("names", "template"),
    [
        (("a.pdf", "a.docx"), "out/{{ doc.stem }}.md"),
        (("A.txt", "a.txt"), "out/{{ doc.path }}.md"),
        (("x/a.txt", "y/a.txt"), "out/{{ doc.name }}.md"),
        (("caf\u00e9.txt", "cafe\u0301.txt"), "out/{{ doc.path }}.md"),
    ],
)
def test_two_documents_with_one_output_are_refused(
    project: Project, names: tuple[str, str], template: str
) -> None:
    project.job(JOB.replace("out/{{ doc.path }}.md", template))
    project.write({f"in/{name}": name for name in names})

    for command in ("plan", "apply"):
        refused = project.call(command)
        assert refused.code == 6
        assert all(name in refused.err for name in names)
    assert project.outputs() == {}


def test_a_new_document_that_would_take_anothers_output_is_refused(project: Project) -> None:
    project.job(JOB.replace("doc.path", "doc.stem"))
    project.write({"in/a.txt": "one"})
    project.applied()
    project.write({"in/a.md": "two"})

    assert project.call("apply").code == 6
    assert project.outputs() == {"a.md": b"one\n"}


def test_a_command_that_needs_a_state_says_that_there_is_none(project: Project) -> None:
    for command in (("status",), ("retry",), ("state", "list"), ("state", "check"), ("state", "show", "x"),
                    ("state", "rm", "job", "a.txt"), ("state", "unlock"), ("state", "backup", "x.db"),
                    ("resolve", "x", "--absent")):  # fmt: skip
        refused = project.call(*command)
        assert (refused.code, "there is no state yet" in refused.err) == (10, True), command


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("aplly",), "Did you mean 'apply'?"),
        (("PLAN",), "Did you mean 'plan'?"),
        (("frobnicate",), "'docbatch --help' lists them"),
        (("plan", "--formt", "json"), "--format"),
        (("plan", "--format", "yaml"), "'json'"),
        (("apply", "--timeout", "soon"), "write 90s, 30m, 6h or 2d"),
        (("apply", "--max-new", "-1"), "--max-new"),
        (("apply", "--upgrade", "jbo"), "known are job"),
        (("apply", "none.yaml"), "there is no file or folder none.yaml"),
        (("explain", "none.txt"), "specs outside jobs/ are named behind it"),
        (("schema", "none"), "'project'"),
        (("state", "lst"), "lst"),
        (("resolve", "x"), "--remote-id"),
        (("resolve", "x", "--absent", "--remote-id", "y"), "--remote-id"),
        (("plan", "--out", "none/plan.json"), "the plan cannot be written"),
    ],
)
def test_a_wrong_command_line_says_what_is_right(
    project: Project, arguments: tuple[str, ...], says: str
) -> None:
    project.write({"in/a.txt": "one"})

    refused = project.call(*arguments)

    assert refused.code == 64
    assert says in refused.err
    assert refused.out == ""


def test_a_project_without_jobs_says_how_to_begin(project: Project) -> None:
    (project.root / "jobs").rename(project.root / "elsewhere")

    refused = project.call("plan")

    assert refused.code == 64
    assert "docbatch init" in refused.err


def test_a_bound_on_new_documents_leaves_the_rest_for_the_next_run(project: Project) -> None:
    project.write({f"in/{number}.txt": str(number) for number in range(3)})

    bounded = project.call("apply", "--max-new", "2")

    assert bounded.code == 4
    assert "2 of 3 documents done, 1 not sent yet" in bounded.out
    assert project.applied().processed == 1


def test_leaving_local_work_running_is_said_to_have_no_meaning(project: Project) -> None:
    project.write({"in/a.txt": "one"})

    ended = project.call("apply", "--no-wait")

    assert ended.code == 0
    assert "--no-wait has no meaning here" in ended.err
    assert project.outputs() == {"a.txt.md": b"one\n"}
