"""The sessions that docs/fmt-and-test.md shows, as they are seen."""

from pathlib import Path

from tests.cli.project import JOB, Project

PAGE = Path(__file__).parents[2] / "docs/fmt-and-test.md"
PROJECT = "apiVersion: docbatch/v1\nproject: {id: pabcdef012345678}\n"


def shown(command: str) -> str:
    """Return what the page shows below a command."""
    text = PAGE.read_text(encoding="utf-8").partition(f"```\n$ {command}\n")[2]
    assert text, command
    return text.partition("```")[0]


def test_specs_are_formatted(project: Project) -> None:
    (project.root / "jobs/job.yaml").unlink()
    project.write({"docbatch.yaml": PROJECT})
    project.job("name:   crooked\n", "invoices")
    project.job("name: a\n", "letters")
    project.job("name: b\n", "orders")

    assert project.call("fmt").out == shown("docbatch fmt")


def test_a_plan_differs(project: Project) -> None:
    project.write({"docbatch.yaml": PROJECT, "in/a.txt": "one"})
    project.call("test", "--update")
    project.job(JOB.replace("doc.path", "doc.stem"))

    assert project.call("test").out == shown("docbatch test")
