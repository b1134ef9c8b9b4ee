"""What moves at a vendor and cannot be kept is said by `validate` and `plan`, with what to write instead."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from docbatch.core.models import Operation
from docbatch.providers import REGISTRY
from tests.cli.project import Project

JOB = """
apiVersion: docbatch/v1
name: job
source: {{root: in, include: "**/*"}}
provider: {provider}
config: {config}
sink:
  - {{type: files, path: "out/{{{{ doc.path }}}}.md", format: markdown}}
"""
NAMED = {"extend": "{engineVersion: 2.0.0}", "extractpage": "{engine: lynx}"}
TOLD = {"extend": "config.engineVersion is latest", "extractpage": "config.engine is left to extract.page"}


@pytest.fixture(params=sorted(TOLD))
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def project(root: Path, provider: str, config: str) -> Project:
    made = Project(root)
    made.write({"docbatch.yaml": "project: {id: pmoving00001}\n", "in/a.txt": "apple"})
    made.job(JOB.format(provider=provider, config=config))
    return made


def test_validate_and_plan_say_what_moves(tmp_path: Path, provider: str) -> None:
    made = project(tmp_path, provider, "{}")

    assert TOLD[provider] in made.call("validate").out + made.call("validate").err
    assert f"note: job 'job': {TOLD[provider]}" in made.call("plan").out
    assert f"- job 'job': {TOLD[provider]}" in made.call("plan", "--format", "markdown").out
    assert TOLD[provider] in made.call("plan", "--format", "json").lines[0]["notes"][0]


def test_nothing_is_said_of_what_is_named(tmp_path: Path, provider: str) -> None:
    made = project(tmp_path, provider, NAMED[provider])

    assert "note:" not in made.call("plan").out


@pytest.mark.parametrize(
    ("processor", "told"),
    [
        ({"id": "ex_1", "version": "draft"}, "edited in place"),
        ({"id": "ex_1", "version": "latest"}, ""),
        ({"id": "ex_1"}, ""),
        ({"id": "ex_1", "version": "1.0"}, ""),
    ],
)
def test_a_draft_of_a_processor_is_warned_of_and_other_versions_are_kept(
    processor: Mapping[str, str], told: str
) -> None:
    kind = REGISTRY.kind("extend")

    sentences = kind.moving(Operation.EXTRACT, {"processor": processor})

    assert len(sentences) == bool(told)
    assert all(told in each for each in sentences)


def test_the_plan_shows_what_reads_on_this_machine(tmp_path: Path) -> None:
    made = project(tmp_path, "local", "{}")

    (kept,) = made.call("plan", "--format", "json").lines[0]["versions"]

    assert kept["known"]
    assert (
        f"  job: {', '.join(f'{name} {version}' for name, version in sorted(kept['versions'].items()))}\n"
        in (made.call("plan").out)
    )
