"""Specs that are none: a clear error with file and line, exit code 64, nothing done."""

import pytest

from tests.cli.project import JOB, Project


def path(template: str) -> str:
    return JOB.replace("out/{{ doc.path }}.md", template)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("- a\n- b\n", "jobs/job.yaml:1:1: a job is a mapping, and this is a list"),
        ("", "jobs/job.yaml: the file holds no job"),
        ("# nothing\n", "jobs/job.yaml: the file holds no job"),
        (b"\x89PNG\r\n\x1a\n\x00\x01", "jobs/job.yaml: this is a binary file"),
        (b"name: caf\xe9\n", "jobs/job.yaml:1"),
        (JOB + "labels: &a {x: *a}\n", "jobs/job.yaml:11:16"),
        ("a: &a [1, 1]\n" + "".join(f"{c}: &{c} [*{p}, *{p}]\n" for p, c in zip("abcdefghijklmnopqrstuvwxy", "bcdefghijklmnopqrstuvwxyz", strict=True)), "jobs/job.yaml:"),
        (JOB + "name: again\n", "jobs/job.yaml:11:1"),
        (JOB.replace("provider:", "providr:"), "did you mean provider"),
        (path("out/{{ doc.path.nope.deep }}"), "jobs/job.yaml:9:11: sink[0].path"),
        (path("out/{% for i in range(9999999999) %}x{% endfor %}{{ doc.path }}"), "jobs/job.yaml:9:11: sink[0].path"),
        (path("out/{{ doc.__class__.__mro__ }}"), "jobs/job.yaml:9:11: sink[0].path"),
        (path("out/{{ doc.path * 99999999 }}"), "jobs/job.yaml:9:11: sink[0].path"),
        (path("out/{{ doc.path.format() }}"), "jobs/job.yaml:9:11: sink[0].path"),
        (path("out/{{ doc.path"), "jobs/job.yaml:9:11: sink[0].path"),
        (path("out/all.md"), "jobs/job.yaml:9:11: sink[0].path"),
        (path(".docbatch/{{ doc.path }}"), "jobs/job.yaml:9:11: sink[0].path"),
    ],
)  # fmt: skip
def test_a_bad_spec_is_refused_with_its_place(project: Project, content: str | bytes, says: str) -> None:
    project.write(
        {"in/a.txt": "one", "jobs/job.yaml": content.lstrip() if isinstance(content, str) else content}
    )

    for command in ("validate", "plan", "apply"):
        refused = project.call(command)
        assert refused.code == 64, refused.out
        assert says in refused.err
        assert refused.err.splitlines()[-1].endswith("in the specs; nothing was done")
    assert not (project.root / ".docbatch").exists()


def test_all_problems_of_all_files_are_told_at_once(project: Project) -> None:
    project.job(JOB.replace("priority", "x").replace("local", "lokal"), "one")
    project.job(JOB.replace("markdown", "word"), "two")
    project.write({"in/a.txt": "one"})

    refused = project.call("validate")

    assert "jobs/one.yaml:" in refused.err
    assert "jobs/two.yaml:" in refused.err


@pytest.mark.parametrize("template", ["out/{{ doc.path }}/../../../x", "out/{{ doc.stem }}/../up.md"])
def test_a_path_that_leaves_the_sinks_root_is_refused_before_anything_is_sent(
    project: Project, template: str
) -> None:
    project.job(path(template))
    project.write({"in/a.txt": "one"})

    refused = project.call("apply")

    assert refused.code == 64
    assert "a.txt" in refused.err
    assert not (project.root / "out").exists()
    assert not list(project.root.glob("**/*.md"))


def test_a_key_written_into_the_project_is_refused_without_being_repeated(project: Project) -> None:
    secret = "sk_live_0123456789abcdef"
    project.write(
        {
            "in/a.txt": "one",
            "docbatch.yaml": f"apiVersion: docbatch/v1\nproject: {{id: p0123456789abcdef}}\n"
            f"providers:\n  extend:\n    api_key: {secret}\n",
        }
    )

    refused = project.call("plan")

    assert refused.code == 64
    assert "docbatch.yaml:5" in refused.err
    assert secret not in refused.err + refused.out


def test_a_huge_spec_is_refused_at_once(project: Project) -> None:
    with (project.root / "jobs/job.yaml").open("wb") as spec:
        spec.truncate(100_000_000)

    refused = project.call("validate")

    assert refused.code == 64
    assert "jobs/job.yaml" in refused.err
