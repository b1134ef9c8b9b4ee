"""What read a document: it stays as it was read until the job is upgraded, and what is read from then on is read by what is installed."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

import docbatch
from docbatch.engine.planning import record_changes
from docbatch.providers.local import engines
from docbatch.providers.local.ocr import ways
from docbatch.providers.local.pins import pins
from tests.cli.project import JOB, Project

Install = Callable[[str], None]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Return what makes docbatch believe that another version of the engine is installed."""

    monkeypatch.setattr(ways, "parts", lambda _options: {})

    def installed(version: str) -> None:
        monkeypatch.setattr(engines, "versions", lambda: {"engine": version})

    return installed


@pytest.fixture
def read_by_one(install: Install, files: Project) -> docbatch.Project:
    """A project whose documents a.txt and b.txt were read by version 1; version 2 is installed now."""
    files.write({"in/a.txt": "one", "in/b.txt": "two"})
    project = docbatch.open_project(files.root)
    install("1")
    project.apply()
    install("2")
    return project


def counts(plan: docbatch.PlanReport) -> dict[str, int]:
    return {each.versions["engine"]: each.documents for each in plan.read_by}


def test_what_was_read_before_stays_and_the_plan_says_how_much_it_is(read_by_one: docbatch.Project) -> None:
    plan = read_by_one.plan()

    assert (plan.unchanged, plan.send_items, counts(plan)) == (2, 0, {"1": 2})
    assert "2 documents read by engine 1 stay as they are" in plan.notes[0]
    assert "docbatch apply --upgrade job" in plan.notes[0]


def test_a_new_document_is_read_by_what_is_installed(read_by_one: docbatch.Project, files: Project) -> None:
    files.write({"in/c.txt": "three"})
    read_by_one.apply()

    plan = read_by_one.plan()
    assert (plan.unchanged, plan.has_changes, counts(plan)) == (3, False, {"1": 2, "2": 1})
    (old,), (new,) = (read_by_one.explain(name) for name in ("a.txt", "c.txt"))
    assert any(fact.startswith("read by engine 1;") for fact in old.facts)
    assert not any("read by" in fact for fact in new.facts)


def test_a_renamed_document_is_not_read_again(read_by_one: docbatch.Project, files: Project) -> None:
    (files.root / "in" / "a.txt").rename(files.root / "in" / "z.txt")

    assert read_by_one.plan().send_items == 0
    read_by_one.apply()
    assert files.outputs()["z.txt.md"] == b"one\n"
    assert counts(read_by_one.plan()) == {"1": 2}


def test_an_upgrade_reads_everything_again_and_is_remembered(
    read_by_one: docbatch.Project, install: Install, files: Project
) -> None:
    (line,) = read_by_one.plan(upgrade=["job"]).lines
    assert (line.documents, line.reason) == (2, "what processes it has another version now")
    read_by_one.apply(upgrade=["job"])
    assert (counts(read_by_one.plan()), read_by_one.plan().unchanged) == ({}, 2)

    install("1")
    files.write({"in/c.txt": "three"})
    read_by_one.apply()
    assert counts(read_by_one.plan()) == {"2": 2, "1": 1}


def test_versions_in_between_stay_apart_and_an_upgrade_ends_them_all(
    read_by_one: docbatch.Project, install: Install, files: Project
) -> None:
    files.write({"in/c.txt": "three"})
    read_by_one.apply()
    install("3")
    files.write({"in/d.txt": "four"})
    read_by_one.apply()

    assert counts(read_by_one.plan()) == {"1": 2, "2": 1, "3": 1}
    assert read_by_one.plan(upgrade=["job"]).send_items == 3


def test_an_upgrade_that_was_cut_off_goes_on_by_itself(
    read_by_one: docbatch.Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is cut off when the first of two documents is recorded as due, each in a transaction of its own."""
    taken = itertools.count()

    def take(*given: Any) -> None:
        if next(taken) == 1:
            raise KeyboardInterrupt
        take_one(*given)

    take_one = record_changes._take
    with monkeypatch.context() as patch:
        patch.setattr(record_changes, "WINDOW", 1)
        patch.setattr(record_changes, "_take", take)
        with pytest.raises(KeyboardInterrupt):
            read_by_one.apply(upgrade=["job"])

    plan = read_by_one.plan()
    assert (plan.send_items, counts(plan)) == (2, {})


def test_a_document_that_failed_is_tried_by_the_new_version(install: Install, files: Project) -> None:
    files.write({"in/bad.pdf": b"%PDF-1.7\n"})
    project = docbatch.open_project(files.root)
    install("1")
    project.apply()
    assert project.plan().send_items == 0

    install("2")
    (line,) = project.plan().lines
    assert (line.kind, line.reason) == ("send", "what processes it has another version now")


def test_another_configuration_is_read_by_what_is_installed(
    read_by_one: docbatch.Project, files: Project
) -> None:
    files.job(JOB.replace("provider: local", "provider: local\nconfig: {ocr: 'off'}"))
    read_by_one.apply()

    assert counts(read_by_one.plan()) == {}
    assert read_by_one.plan().unchanged == 2


def test_what_reads_pictures_is_named_where_pictures_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ways, "parts", lambda options: {} if options.ocr == "off" else {"reader": "1"})
    assert "reader" in pins({})
    assert pins({"ocr": "off"}) == engines.versions()
