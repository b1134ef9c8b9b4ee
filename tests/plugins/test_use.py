"""Somebody else's provider, source and sink, installed beside docbatch: they are used as docbatch's own are."""

import json
import os
import sqlite3
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from docbatch.testing.eager import WITNESS
from tests.cli.project import Project
from tests.plugins.packages import CSV, ROWS, SHOUT, ZIP, Packages, job

REPOSITORY = Path(__file__).parents[2]
SHOUTED = {"a.txt.md": b"# APPLE!!!\n", "b.txt.md": b"# BERRY!!!\n", "c.txt.md": b"# CHERRY!!!\n"}
LOUD = {"provider": "shout", "config": {"marks": 3}}


@pytest.fixture
def site(packages: Packages) -> Packages:
    packages.install("shout-parser", SHOUT, "providers: shout = shout_parser:KIND")
    packages.install("csv-sink", CSV, "sinks: csv = csv_sink:KIND")
    packages.install("rows-sink", ROWS, "sinks: rows = rows_sink:KIND")
    packages.install("zip-source", ZIP, "sources: zip = zip_source:KIND")
    return packages


def archive(project: Project) -> None:
    with zipfile.ZipFile(project.root / "all.zip", "w") as file:
        file.writestr("deep/one.txt", "one")
        file.writestr("two.txt", "two")


def test_a_provider_is_used_from_validate_to_the_second_apply(site: Packages, project: Project) -> None:
    project.job(job(**LOUD))

    validated, planned = site.run(project, "validate"), site.run(project, "plan")
    first, second = site.applied(project), site.applied(project)

    assert validated.out == "valid: job\n"
    assert "Will send 3 documents, 16 B, to 'shout': free of charge." in planned.out
    assert (first.processed, second.processed) == (3, 0)
    assert project.outputs() == SHOUTED
    assert "job on shout: 3 done" in site.run(project, "status").out
    assert "is done; it will not be sent" in site.run(project, "explain", "in/a.txt").out


def test_a_provider_a_source_and_sinks_are_used_together(site: Packages, project: Project) -> None:
    archive(project)
    sinks = [{"type": "csv", "path": "out/all.csv", "delimiter": ";"}, {"type": "rows", "database": "all.db"}]
    project.job(job(**LOUD, source={"type": "zip", "archive": "all.zip"}, sink=sinks))

    assert site.run(project, "validate").code == 0
    first, second = site.applied(project), site.applied(project)

    assert (first.processed, second.processed) == (2, 0)
    assert project.outputs()["all.csv"].startswith(b'deep/one.txt;"# ONE!!!')
    with sqlite3.connect(project.root / "all.db") as database:
        assert database.execute("SELECT document, content FROM results ORDER BY 1").fetchall() == [
            ("deep/one.txt", "# ONE!!!\n"),
            ("two.txt", "# TWO!!!\n"),
        ]
    database.close()


def test_sinks_can_be_those_of_the_whole_project(site: Packages, project: Project) -> None:
    project.write(
        {
            "docbatch.yaml": "project: {id: pabcdef012345}\ndefaults: {sink: [{type: csv, path: out/all.csv}]}\n"
        }
    )
    project.job(job().partition("sink:")[0])

    assert site.applied(project).processed == 3
    assert list(project.outputs()) == ["all.csv"]


def test_what_is_wrong_with_options_is_told_where_it_is_written(site: Packages, project: Project) -> None:
    project.job(job(provider="shout", config={"mraks": 2}), "config")
    project.job(job(name="b", sink=[{"type": "csv", "path": "out/b", "delimiter": "|"}]), "delimiter")
    project.job(job(name="c", sink=[{"type": "rosw", "database": "c.db"}]), "sink")
    project.job(job(name="d", source={"type": "zip", "archiv": "all.zip"}), "archive")
    project.job(job(name="e", source={"type": "zpi", "archive": "all.zip"}), "source")
    project.job(job(name="f", provider="shuot"), "provider")
    project.job(job(name="g", sink=[{"database": "g.db"}]), "type")

    ended = site.run(project, "validate")

    assert ended.code == 64
    for line in (
        "jobs/config.yaml:6:10: config.mraks: the key mraks is not known (did you mean marks?)",
        "jobs/delimiter.yaml:5:54: sink[0].delimiter: this must be one of ,, ;",
        "jobs/sink.yaml:5:17: sink[0].type: this must be one of files, jsonl, sqlite, duckdb, parquet, postgres, csv, rows (did you mean rows?)",
        "jobs/archive.yaml:3:25: source.archiv: the key archiv is not known (did you mean archive?)",
        "jobs/source.yaml:3:18: source.type: no source has the type zpi (did you mean zip?)",
        "jobs/provider.yaml:4:11: provider: there is no connection shuot (did you mean shout?)",
        "jobs/type.yaml:5:8: sink[0]: type is missing (write type: files, jsonl, sqlite, duckdb, parquet, postgres, csv or rows)",
    ):
        assert line in ended.err


def test_the_printed_schemas_hold_what_is_installed(site: Packages, project: Project) -> None:
    printed = site.run(project, "schema", "job"), site.run(project, "schema", "project")
    of_jobs, of_projects = (Draft202012Validator(json.loads(each.out)) for each in printed)
    spec = {
        "apiVersion": "docbatch/v1",
        "name": "job",
        "source": {"type": "zip", "archive": "all.zip"},
        "provider": "shout",
        "config": {"marks": 9},
        "sink": [{"type": "rows", "database": "all.db"}],
    }
    project_spec = {"project": {"id": "pabcdef012345"}}

    assert [each.err for each in printed] == ["", ""]
    assert of_jobs.is_valid(spec)
    assert not of_jobs.is_valid({**spec, "config": {"marks": 10}})
    assert not of_jobs.is_valid({**spec, "source": {"type": "zip"}})
    assert not of_jobs.is_valid({**spec, "sink": [{"type": "rows"}]})
    connections: list[tuple[dict[str, Any], bool]] = [
        ({"type": "shout"}, True),
        ({"type": "shuot"}, False),
        ({"type": "shout", "api_key": {"env": "A"}}, False),
    ]
    for connection, fits in connections:
        assert of_projects.is_valid({**project_spec, "providers": {"mine": connection}}) is fits
    connections = [
        ({}, True),
        ({"api_key": {"env": "A"}}, False),
        ({"type": "extend", "api_key": {"env": "A"}}, True),
    ]
    for connection, fits in connections:
        assert of_projects.is_valid({**project_spec, "providers": {"shout": connection}}) is fits


def test_a_provider_is_listed_with_its_package(site: Packages, project: Project) -> None:
    listed = site.run(project, "providers")

    assert "shout\n  plug-in: shout-parser 1.0\n  operations: parse\n" in listed.out
    assert listed.err == ""


def test_a_connection_can_be_of_its_type_and_another_can_have_its_name(
    site: Packages, project: Project
) -> None:
    declared = "project: {id: pabcdef012345}\nproviders: {loud: {type: shout}, shout: {type: local}}\n"
    project.write({"docbatch.yaml": declared})
    project.job(job(provider="shout"))
    project.job(
        job(**{**LOUD, "provider": "loud"}, name="loud", sink=[{"type": "csv", "path": "out/loud.csv"}]),
        "loud",
    )

    assert site.applied(project).processed == 6
    assert project.outputs()["a.txt.md"] == b"apple\n"
    assert b"APPLE!!!" in project.outputs()["loud.csv"]


def test_a_key_of_its_connection_that_it_has_no_use_for_is_refused(site: Packages, project: Project) -> None:
    declared = "project: {id: pabcdef012345}\nproviders: {shout: {api_key: {env: A}}}\n"
    project.write({"docbatch.yaml": declared})
    project.job(job(**LOUD))

    assert "providers.shout.api_key: Shout has no api_key" in site.run(project, "validate").err


def test_one_that_is_removed_again_is_missed_where_it_is_named(site: Packages, project: Project) -> None:
    project.job(job(**LOUD))
    site.applied(project)
    nothing = Packages(site.folder.parent / "nothing")

    assert "provider: there is no connection shout" in nothing.run(project, "validate").err
    assert "job on shout: 3 done" in nothing.run(project, "status").out
    project.job(job(name="job"))
    assert nothing.applied(project).processed == 3


def test_what_a_package_prints_when_it_is_imported_is_no_result(packages: Packages, project: Project) -> None:
    packages.install("chatty", f"print('hello')\n{SHOUT}", "providers: shout = chatty:KIND")

    printed = packages.run(project, "schema")

    assert json.loads(printed.out)["title"] == "docbatch job"
    assert printed.err == "hello\n"


READING = """
import os
from pathlib import Path

class Shouted(Shouted):
    def __init__(self, payload):
        super().__init__(payload)
        Path(__file__).with_name("readers").open("a").write(f"{os.getpid()}\\n")

KIND = dataclasses.replace(KIND, read=Shouted)
"""
EAGER = """
import sys
from functools import partial
from docbatch import cli
from docbatch.engine.running import apply
from docbatch.testing.eager import Eager

vars(apply)["ResultReaders"] = partial(Eager, dies_after=0)
sys.argv[0] = "docbatch"
cli.main()
"""


def readers(folder: Path, project: Project, python: str, environment: dict[str, str]) -> tuple[int, set[int]]:
    """Apply, with other processes that read results as far as they can, and return the pids: its own, and of readers."""
    with subprocess.Popen(
        [python, "-c", EAGER, "apply"], cwd=project.root, env=environment, stdout=subprocess.DEVNULL
    ) as process:
        assert process.wait() == 0
    return process.pid, {int(line) for line in (folder / "readers").read_text().split()}


def test_results_are_read_in_other_processes_where_those_find_the_package_as_well(
    project: Project, tmp_path: Path
) -> None:
    venv.create(tmp_path / "venv", symlinks=True)
    variables = {"base": str(tmp_path / "venv"), "platbase": str(tmp_path / "venv")}
    installed = Packages(Path(sysconfig.get_path("purelib", vars=variables)))
    (installed.folder / "rest.pth").write_text(f"{REPOSITORY}\n{sysconfig.get_path('purelib')}\n")
    installed.install("shout-parser", SHOUT + READING, "providers: shout = shout_parser:KIND")
    project.job(job(**LOUD))

    own, found = readers(
        installed.folder, project, str(tmp_path / "venv/bin/python"), {**os.environ, "PYTHONPATH": ""}
    )

    assert (project.root / WITNESS).exists()
    assert found
    assert own not in found
    assert project.outputs() == SHOUTED


def test_results_are_read_here_where_only_the_environment_names_the_package(
    packages: Packages, project: Project
) -> None:
    packages.install("shout-parser", SHOUT + READING, "providers: shout = shout_parser:KIND")
    project.job(job(**LOUD))
    path = f"{packages.environment['PYTHONPATH']}{os.pathsep}{REPOSITORY}"

    own, found = readers(
        packages.folder, project, sys.executable, {**packages.environment, "PYTHONPATH": path}
    )

    assert found == {own}
    assert not (project.root / WITNESS).exists()
    assert project.outputs() == SHOUTED


def test_the_schemas_that_are_committed_and_those_of_a_new_project_hold_what_docbatch_ships(
    site: Packages, project: Project
) -> None:
    drawn = "import sys; from docbatch.specs.schema import render; sys.stdout.write(render('job'))"
    done = subprocess.run(
        [sys.executable, "-c", drawn], env=site.environment, capture_output=True, text=True, check=True
    )
    assert site.run(project, "init").code == 0
    committed = (REPOSITORY / "schemas/job.schema.json").read_text()

    assert done.stdout == committed
    assert (project.root / "schemas/job.schema.json").read_text() == committed
