"""Specs as files: good ones, bad ones, and bad ones that only docbatch can tell from good ones.

On the first two `validate` and the generated JSON Schemas must agree. Each bad file ends with what is said about it.
"""

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from docbatch.core.errors import EnvironmentNeeded, SpecError
from docbatch.specs.load import load_jobs, load_project
from docbatch.specs.schema import job_schema, project_schema
from docbatch.specs.yaml import parse

CASES = Path(__file__).parent.parent / "cases" / "specs"
PROJECT = """
project: {id: ptestproject1}
vars: {inbox: inbox, version: 1.50}
providers: {lab: {type: local}}
stores: {lake: {type: s3, bucket: docs}, disk: {type: folder, path: lake}}
"""
BEYOND_A_SCHEMA = {
    "what docbatch.yaml says is in another file, or in another part of it": {
        "job-extends-what-is-not-there",
        "job-ids-at-the-local-engine",
        "job-no-sink",
        "job-operation-the-provider-has-not",
        "job-store-unknown",
        "project-environment-with-a-state-in-a-folder",
        "project-state-in-a-folder",
        "project-state-in-a-misspelt-store",
        "project-state-in-no-store",
        "job-unknown-connection",
        "job-unknown-variable",
    },
    "templates and patterns are languages of their own": {
        "job-jsonl-for-each-document",
        "job-links-in-one-output",
        "job-manifest-for-each-document",
        "job-matrix-unknown-name",
        "job-metadata-alone",
        "job-metadata-misspelt",
        "job-metadata-no-text-has",
        "job-metadata-path-absolute",
        "job-metadata-path-twice",
        "job-metadata-path-with-choices",
        "job-metadata-path-without-names",
        "job-metadata-of-files",
        "job-pattern-above-root",
        "job-rows-call",
        "job-rows-field-misspelt",
        "job-rows-field-of-another-kind",
        "job-rows-label-unknown",
        "job-rows-row-in-a-path",
        "job-pattern-that-explodes",
        "job-sink-anywhere",
        "job-sink-in-the-state",
        "job-sink-names-no-document",
        "job-template-arithmetic",
        "job-template-attribute",
        "job-template-call",
        "job-template-growing",
        "job-template-in-single-braces",
        "job-template-statement",
        "job-template-unclosed",
        "job-template-unknown-field",
        "job-template-unknown-filter",
        "job-template-unknown-label",
        "job-template-unknown-name",
        "project-default-template",
    },
    "what a vendor takes as it is depends on the operation": {"job-passwords-for-links"},
    "paths are joined, and links and names taken apart, before they are judged": {
        "job-links-that-are-none",
        "job-root-in-the-state",
        "job-texts-with-bad-names",
    },
    "names are compared without regard to their case": {
        "job-rows-column-is-a-key",
        "job-rows-column-is-a-key-of-pages",
        "job-rows-column-is-reserved",
        "job-rows-columns-that-differ-in-case",
    },
    "one value is compared with another": {
        "job-config-pages-backwards",
        "job-links-apart-by-signature-only",
        "job-reads-anothers-outputs",
        "job-reads-its-jsonl",
        "job-reads-its-outputs",
        "job-rows-overlap-of-most",
        "job-same-name-twice",
        "job-two-jobs-one-file",
        "job-two-sinks-in-one-place",
        "job-where-modified-upside-down",
        "job-where-pages-upside-down",
        "job-where-size-upside-down",
        "project-environment-poll-backwards",
        "project-environments-of-one-id",
        "project-environments-of-one-state",
        "project-poll-backwards",
        "job-window-that-never-ends",
        "project-prices-backwards",
        "project-prices-quiet-for-ever",
    },
    "prices that are shipped are not part of a schema, nor what connections are to": {
        "project-prices-of-others"
    },
    "what an environment leaves out stands above it": {"project-environment-connection-of-no-type"},
    "a schema counts no decimals": {"project-prices-too-exact"},
    "which time zones there are is known to a machine": {"job-window-in-no-zone"},
    "a number is computed from a text": {"job-config-too-little-memory"},
    "which days there are is known to a calendar": {"job-where-no-such-day"},
    "types have short names, and some may be of any kind": {
        "job-where-type-no-media-type",
        "job-where-type-unknown",
    },
    "what is known of a document depends on where it is": {
        "job-where-metadata-misspelt",
        "job-where-metadata-of-mails-misspelt",
        "job-where-metadata-of-nobody",
        "job-where-modified-of-texts",
        "job-where-of-ids",
    },
}
JOB_SCHEMA = Draft202012Validator(job_schema())
PROJECT_SCHEMA = Draft202012Validator(project_schema())


def cases(kind: str) -> list[Any]:
    return [pytest.param(file, id=file.stem) for file in sorted((CASES / kind).glob("*.yaml"))]


def expected(file: Path) -> list[str]:
    lines = file.read_text().splitlines()
    return [line.removeprefix("# expect: ") for line in lines if line.startswith("# expect: ")]


def said(file: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what docbatch says about a file, without the file's name."""
    monkeypatch.chdir(folder)
    is_project = file.stem.startswith("project")
    Path("docbatch.yaml").write_text(file.read_text() if is_project else PROJECT)
    Path("spec.yaml").write_text(file.read_text())
    try:
        project = load_project(folder)
        if not is_project:
            load_jobs(project, [Path("spec.yaml")])
    except EnvironmentNeeded:
        # The file is judged by now, and all of its environments.
        return []
    except SpecError as error:
        return [str(problem).partition(".yaml:")[2] for problem in error.problems]
    return []


def fits_schema(file: Path) -> bool:
    schema = PROJECT_SCHEMA if file.stem.startswith("project") else JOB_SCHEMA
    return all(schema.is_valid(node.plain()) for node in parse(file.read_text(), file.name))


@pytest.mark.parametrize("file", cases("good"))
def test_a_good_spec_is_accepted_by_models_and_schema(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert said(file, tmp_path, monkeypatch) == []
    assert fits_schema(file)


@pytest.mark.parametrize("file", cases("bad"))
def test_a_bad_spec_is_refused_by_models_and_schema(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert said(file, tmp_path, monkeypatch) == expected(file) != []
    assert not fits_schema(file)


def test_why_a_schema_cannot_refuse_a_bad_spec_is_said_for_each() -> None:
    named = sorted(name for names in BEYOND_A_SCHEMA.values() for name in names)
    assert named == sorted(file.stem for file in (CASES / "semantic").glob("*.yaml"))


@pytest.mark.parametrize("file", cases("semantic"))
def test_what_is_beyond_a_schema_is_refused_by_docbatch_alone(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert said(file, tmp_path, monkeypatch) == expected(file) != []
    assert fits_schema(file)


@pytest.mark.parametrize("file", [*cases("bad"), *cases("semantic")])
def test_no_message_repeats_a_secret(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "secret-of" not in "\n".join(said(file, tmp_path, monkeypatch))
