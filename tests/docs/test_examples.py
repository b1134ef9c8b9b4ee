"""Specs that the documentation shows are specs: what a block leaves out is put in its place, and `validate` judges the whole."""

import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from docbatch.specs.schema import project_schema, whole_job
from tests.cli.project import Project
from tests.docs.pages import ROOT, Fence, Page, pages

OF_OTHERS = {"on", "if", "artifacts", "kind", "latency", "repos"}
"""Keys that tell a block of another program, or of an emulator."""
EXAMPLE = ROOT / "examples/team"
SINK = {"type": "jsonl", "path": "out/all.jsonl"}
JOB = {
    "apiVersion": "docbatch/v1",
    "name": "stand-in",
    "source": {"root": "inbox", "include": "**", "metadata_path": "{customer}/**"},
    "provider": "local",
    "sink": [SINK],
}
PROJECT = {
    "apiVersion": "docbatch/v1",
    "project": {"id": "standin00001"},
    "providers": {"extend": {}, "eu": {"type": "extend"}},
    "vars": {"stage": "dev"},
    "stores": {"lake": {"type": "s3", "bucket": "docs", "region": "eu-central-1"}},
}
FILES = {
    "lists/march.csv": "url,team\n",
    "lists/customers.csv": "path,team,contact\n",
    "inbox/.keep": "",
    "secrets/pdf.txt": "password\n",
}


def blocks() -> Iterator[tuple[Page, Fence]]:
    for page in pages():
        for fence in page.fences:
            if fence.language == "yaml" and not is_a_file(fence) and not OF_OTHERS & keys(fence):
                yield page, fence


def is_a_file(fence: Fence) -> bool:
    """Say whether a block is a file of an example, or a part of one: others compare it with that, and run it."""
    named = fence.content.partition("\n")[0].removeprefix("# ")
    return fence.note.startswith(("file: ", "part: ")) or (EXAMPLE / named).is_file()


def keys(fence: Fence) -> set[str]:
    found = yaml.load(textwrap.dedent(fence.content), yaml.BaseLoader)
    return set(found) if isinstance(found, dict) else OF_OTHERS


def completed(fence: Fence) -> tuple[str, str]:
    """Return a job and a project of which a block is a part, word for word."""
    text, given = textwrap.dedent(fence.content), keys(fence)
    if given <= whole_job()["properties"].keys() and "limits" not in given:
        provider = {"provider": "extend"} if "hand_over:" in text else {}
        return text + without({**JOB, **provider}, given), without(PROJECT, set())
    if given <= project_schema()["properties"].keys():
        return without(JOB, set()), text + without(PROJECT, given)
    return without(JOB, {"sink"}) + "sink:\n- " + textwrap.indent(text + without(SINK, given), "  ")[
        2:
    ], without(PROJECT, set())


def without(whole: Mapping[str, Any], given: set[str]) -> str:
    left = {key: value for key, value in whole.items() if key not in given}
    return yaml.safe_dump(left) if left else ""


BLOCKS = list(blocks())


@pytest.mark.parametrize(
    ("found", "fence"), BLOCKS, ids=[f"{page.name}-{fence.line}" for page, fence in BLOCKS]
)
def test_a_spec_that_is_shown_is_valid(
    found: Page, fence: Fence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCBATCH_VAR_customer", "acme")
    job, declared = completed(fence)
    project = Project(tmp_path)
    project.write({**FILES, "docbatch.yaml": declared, "jobs/job.yaml": job})

    judged = project.call("validate")

    assert judged.code == 0, f"{found.name}, line {fence.line}: {judged.err}"
