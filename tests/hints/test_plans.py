"""Hints of plans and plan files, and of what moved or is not looked at yet."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from docbatch.emulators.server import Request, Response
from docbatch.engine.planning import fetch_listed_links
from docbatch.providers.local.ocr import ways
from docbatch.testing.patience import LONG
from tests.cli.project import JOB, Project
from tests.cli.site import Site
from tests.hints.table import Hints, helps

LISTED = """
apiVersion: docbatch/v1
name: job
source: {urls: ['%s'], allow_private: true}
provider: local
sink: [{type: files, path: "out/{{ doc.name }}.md", format: markdown}]
"""


@pytest.fixture
def project(project: Project) -> Project:
    project.write({"in/a.txt": "one"})
    return project


def is_applied(project: Project, name: str = "plan.json") -> bool:
    ended = project.call("apply", "--plan", name)
    return ended.code == 0 and "a.txt.md" in project.outputs()


@helps("nothing was sent; review a new one: 'docbatch plan --out FILE'")
def test_a_stale_plan(project: Project, hints: Hints) -> None:
    project.call("plan", "--out", "plan.json")
    project.write({"in/b.txt": "two"})
    told = project.call("apply", "--plan", "plan.json")

    assert told.code == 7
    assert hints.follow(project, told, FILE="plan.json").code == 0
    assert is_applied(project)


@helps("review them: 'docbatch plan --out FILE'")
def test_what_a_plan_without_a_state_does_not_have(project: Project, tmp_path: Path, hints: Hints) -> None:
    project.applied()
    project.write({"in/b.txt": "two"})
    shutil.copytree(project.root, tmp_path / "checkout", ignore=shutil.ignore_patterns(".docbatch", "out"))
    Project(tmp_path / "checkout").call("plan", "--out", str(project.root / "plan.json"))
    project.write({"in/c.txt": "three"})
    told = project.call("apply", "--plan", "plan.json")

    assert told.code == 4
    assert hints.follow(project, told, FILE="plan.json").code == 0
    assert is_applied(project)
    assert "c.txt.md" in project.outputs()


@helps(
    "it was made for all jobs: name no paths beside it, or make a plan for these: 'docbatch plan --out FILE PATH'"
)
def test_a_plan_of_all_jobs_beside_a_path(project: Project, hints: Hints) -> None:
    project.call("plan", "--out", "plan.json")
    told = project.call("apply", "--plan", "plan.json", "jobs/job.yaml")

    assert told.code == 64
    assert hints.follow(project, told, FILE="plan.json", PATH="jobs/job.yaml").code == 0
    assert is_applied(project)


@helps("make a new one with 'docbatch plan --out FILE'")
def test_a_plan_that_was_applied(project: Project, hints: Hints) -> None:
    project.call("plan", "--out", "plan.json")
    project.call("apply", "--plan", "plan.json")
    project.write({"in/b.txt": "two"})
    project.call("apply")
    told = project.call("apply", "--plan", "plan.json")

    assert told.code == 7
    project.write({"in/c.txt": "three"})
    assert hints.follow(project, told, FILE="plan.json").code == 0
    assert is_applied(project)


@helps("make it again with 'docbatch plan --out {}'")
def test_a_plan_that_was_edited(project: Project, hints: Hints) -> None:
    project.call("plan", "--out", "plan.json")
    plan = project.root / "plan.json"
    plan.write_text(plan.read_text().replace("a.txt", "b.txt"))
    told = project.call("apply", "--plan", "plan.json")

    assert told.code == 64
    assert hints.follow(project, told).code == 0
    assert is_applied(project)


@helps("'docbatch plan --out FILE' writes one")
def test_something_that_is_no_plan(project: Project, hints: Hints) -> None:
    project.write({"plan.json": "{}"})
    told = project.call("apply", "--plan", "plan.json")

    assert told.code == 64
    assert hints.follow(project, told, FILE="new.json").code == 0
    assert is_applied(project, "new.json")


@helps("'docbatch plan --verbose' names the documents.")
def test_a_plan_that_only_counts(project: Project, hints: Hints) -> None:
    told = project.call("plan")

    assert "a.txt" not in told.out
    assert "a.txt" in hints.follow(project, told).out


@helps("nothing was sent; mend the template, then run 'docbatch plan', which looks at the documents")
def test_a_template_that_gives_no_path(project: Project, hints: Hints) -> None:
    project.job(JOB.replace("{{ doc.path }}", "{{ doc.name | replace('a.txt', '') }}/../x"))
    told = project.call("plan")
    project.job()

    assert told.code == 64
    assert hints.follow(project, told).code == 0
    assert project.call("plan").code == 0


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as made:
        yield made
        assert made.errors == []


@helps("'docbatch apply --max-new 0' looks at all links and sends nothing; a plan made then is exact")
def test_links_that_nobody_has_looked_at(project: Project, hints: Hints, site: Site) -> None:
    project.job(LISTED % site.put("/a.txt", "apple"))
    told = project.call("plan")
    looked = hints.follow(project, told)

    assert looked.code == 4
    assert project.outputs() == {} if (project.root / "out").exists() else True
    assert "Will send 1 document" in project.call("plan").out


@helps("nothing was sent; run it again with a longer --timeout, or without one")
def test_links_that_take_too_long(project: Project, hints: Hints, site: Site) -> None:
    go = threading.Event()

    def late(_request: Request) -> Response:
        assert go.wait(LONG)
        return Response(200, {}, b"apple")

    site.pages["/a.txt"] = late
    project.job(LISTED % (site.url + "/a.txt"))
    with mock.patch.object(fetch_listed_links, "_seconds_until", return_value=0.0):
        told = project.call("apply", "--timeout", "60s")
    go.set()

    assert hints.see(told) == []
    assert told.code == 4
    assert project.call("apply").code == 0


@helps(
    "job '{}': {} read by {} {}; 'docbatch apply --upgrade {}' reads {} again with what is installed",
    "read by {}; 'docbatch apply --upgrade {}' reads it again with what is installed",
)
def test_documents_that_an_older_engine_read(project: Project, hints: Hints) -> None:
    with mock.patch.object(ways, "parts", return_value={"engine": "0.1"}):
        project.call("apply")
    planned, explained = project.call("plan"), project.call("explain", "in/a.txt")
    command = hints.see(explained, "reads it again")
    ended = hints.follow(project, planned, "job '{}'")

    assert command == ["apply --upgrade job"]
    assert ended.code == 0
    assert "engine 0.1" not in project.call("plan").out
