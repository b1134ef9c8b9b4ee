"""A project's own prices."""

from dataclasses import replace
from pathlib import Path

import pytest

from docbatch.core.amounts import exactly
from docbatch.core.errors import SpecError, UsageError
from docbatch.core.prices import CREDIT
from docbatch.prices import profile
from docbatch.providers import REGISTRY
from docbatch.providers.local import KIND
from docbatch.specs.load import load_project

PROJECT = """
project: {{id: ptestproject1}}
providers: {{eu: {{type: extend}}, lab: {{type: local}}}}
prices:
{}
"""


def written(folder: Path, *lines: str) -> Path:
    (folder / "docbatch.yaml").write_text(PROJECT.format("\n".join(f"  - {line}" for line in lines)))
    return folder


def problem(folder: Path, *lines: str) -> str:
    with pytest.raises(SpecError) as refused:
        load_project(written(folder, *lines))
    (found,) = refused.value.problems
    return str(found)


def test_own_prices_stand_in_the_place_of_shipped_ones(tmp_path: Path) -> None:
    project = load_project(
        written(
            tmp_path,
            "{provider: extend, item: parse_light, credits_per_page: 0.4}",
            "{provider: eu, credit: 0.01}",
        )
    )
    light = project.prices.of("extend", "eu")["parse_light"]

    assert light.credits == exactly(400_000_000)
    assert light.replaced == "docbatch.yaml:5"
    assert project.prices.of("extend", "eu")[CREDIT].money == exactly(10_000_000)
    assert project.prices.of("extend")[CREDIT].money == exactly(12_500_000)


def test_a_project_that_says_nothing_has_the_shipped_prices(tmp_path: Path) -> None:
    assert load_project(tmp_path).prices == profile.price_list()


def test_a_plug_in_has_the_items_that_are_written(tmp_path: Path) -> None:
    paid = replace(KIND, name="acme", traits=lambda settings: replace(KIND.traits(settings), free=False))
    with REGISTRY.added(paid):
        project = load_project(written(tmp_path, "{provider: acme, item: page, usd_per_1000_pages: 4}"))

    assert project.prices.of("acme")["page"].money == exactly(4_000_000)


def test_a_plug_in_that_cannot_be_used_is_told_where_a_job_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_settings: object) -> None:
        raise UsageError("broken")

    with REGISTRY.added(replace(KIND, name="acme", traits=broken)):  # type: ignore[arg-type]
        project = load_project(written(tmp_path, "{provider: acme, item: page, usd_per_1000_pages: 4}"))

    assert "page" in project.prices.of("acme")


def test_a_connection_to_what_is_free_has_no_prices(tmp_path: Path) -> None:
    told = problem(tmp_path, "{provider: lab, item: page, usd_per_1000_pages: 4}")

    assert "local is free of charge" in told


def test_what_is_charged_in_dollars_has_no_price_in_credits(tmp_path: Path) -> None:
    told = problem(tmp_path, "{provider: extractpage, item: parse, credits_per_page: 1}")

    assert told.endswith(
        "prices[0].credits_per_page: extractpage charges no credits (write usd_per_1000_pages)"
    )
