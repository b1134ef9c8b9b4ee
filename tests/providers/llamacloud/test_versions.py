"""What moves by itself at LlamaCloud: resolved once for a job, shown in its plan, kept; or warned of."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from docbatch.core.errors import Refused
from docbatch.core.models import Operation
from docbatch.emulators.llamacloud.objects import TIERS
from docbatch.emulators.llamacloud.service import LlamaCloud
from docbatch.providers.llamacloud import KIND, configurations
from docbatch.providers.llamacloud.configuring import versions
from docbatch.providers.llamacloud.options import saved_parameters
from tests.providers.llamacloud.project import Bench, project

LATEST = "{parameters: {tier: agentic, version: latest}}"
SCHEMA = {"type": "object"}


@pytest.fixture
def vendor() -> Iterator[LlamaCloud]:
    with LlamaCloud() as made:
        yield made
        assert made.errors == []


@pytest.fixture
def bench(vendor: LlamaCloud) -> Iterator[Bench]:
    made = Bench(vendor)
    yield made
    made.close()


def rule(**chosen: str) -> dict[str, Any]:
    return {"table_in_page": True, "parsing_conf": chosen}


def parameters(*rules: Mapping[str, Any], version: str = "latest") -> dict[str, Any]:
    return {
        "tier": "agentic",
        "version": version,
        "processing_options": {"auto_mode_configuration": [*rules], "disable_heuristics": True},
    }


def test_the_plan_shows_what_a_job_keeps_to(tmp_path: Path, vendor: LlamaCloud) -> None:
    made = project(tmp_path, vendor, {"a.txt": "apple"}, config=LATEST)
    unknown = made.call("plan").out
    assert "versions\n  job: what apply finds when it first asks\n" in unknown
    assert made.call("plan", "--format", "json").lines[0]["versions"] == [
        {"job": "job", "versions": {}, "known": False}
    ]

    assert made.call("apply").code == 0

    assert "versions\n  job: version 2026-10-16\n" in made.call("plan").out
    assert "- job keeps to version 2026-10-16" in made.call("plan", "--format", "markdown").out
    assert made.call("plan", "--format", "json").lines[0]["versions"] == [
        {"job": "job", "versions": {"version": "2026-10-16"}, "known": True}
    ]


def test_a_newer_version_sends_nothing_until_the_upgrade(tmp_path: Path, vendor: LlamaCloud) -> None:
    made = project(tmp_path, vendor, {"a.txt": "apple"}, config=LATEST)
    made.call("apply")
    with mock.patch.dict(TIERS, {"agentic": "2027-01-01"}):
        assert "Nothing is due." in made.call("apply").out
        assert vendor.ledger == ["apple"]

        assert made.call("apply", "--upgrade", "job", "--yes").code == 0
    assert vendor.ledger == ["apple", "apple"]
    assert "job: version 2027-01-01" in made.call("plan").out


def test_documents_are_not_sent_again_because_more_is_resolved_than_before(
    tmp_path: Path, vendor: LlamaCloud
) -> None:
    made = project(tmp_path, vendor, {"a.txt": "apple"}, config=LATEST)
    with mock.patch.object(versions, "moving_tiers", return_value={}):
        assert made.call("apply").code == 0

    assert "Nothing is due." in made.call("plan").out
    assert "Nothing is due." in made.call("apply").out
    assert vendor.ledger == ["apple"]


def test_tiers_of_the_auto_mode_are_resolved_too(bench: Bench) -> None:
    config = {"parameters": parameters(rule(tier="agentic_plus", version="latest"), rule(tier="fast"))}

    pins = bench.provider().pins(Operation.PARSE, config)

    assert pins == {
        "version": "2026-10-16",
        "auto mode agentic_plus": "2026-09-28",
        "auto mode fast": "2026-06-15",
    }
    assert saved_parameters(Operation.PARSE, config, pins) == parameters(
        rule(tier="agentic_plus", version="2026-09-28"),
        rule(tier="fast", version="2026-06-15"),
        version="2026-10-16",
    )


@pytest.mark.parametrize(
    "rules",
    [
        (rule(tier="fast", version="2025-12-11"),),
        (rule(custom_prompt="all"),),
        ({"parsing_conf": "odd"},),
        (),
    ],
)
def test_rules_that_name_a_version_or_no_tier_stay_as_they_are(bench: Bench, rules: tuple[Any, ...]) -> None:
    config = {"parameters": parameters(*rules, version="2026-10-16")}

    assert KIND.pins(Operation.PARSE, config) == {}
    assert bench.provider().pins(Operation.PARSE, config) == {}
    assert saved_parameters(Operation.PARSE, config, {"auto mode fast": "x"}) == config["parameters"]


def test_a_configuration_beneath_an_extraction_is_kept_to(bench: Bench) -> None:
    saved = own_configuration(bench, "agentic")
    config = {"parameters": {"data_schema": SCHEMA, "version": "2.5", "parse_config_id": saved}}
    provider = bench.provider()
    assert KIND.pins(Operation.EXTRACT, config) is None
    pins = provider.pins(Operation.EXTRACT, config)
    assert pins.keys() == {"parse_config_id"}
    batch = replace(bench.batch("apple", operation=Operation.EXTRACT, config=config), pins=pins)

    intent, _ = bench.sent(provider, batch)
    bench.now += 60.0
    own_configuration(bench, "fast")

    later = replace(batch, submission="s2", marker=f"{batch.marker}-2")
    with pytest.raises(Refused, match="was edited"):
        bench.sent(provider, later)
    shared = configurations.step_name(later)
    with pytest.raises(Refused, match="was edited"):
        bench.prepare(provider, later, {shared: intent.prepared[shared]})
    assert bench.vendor.ledger == ["apple"]


def test_an_unknown_configuration_beneath_is_named_where_it_stands(bench: Bench) -> None:
    config = {"parameters": {"data_schema": SCHEMA, "parse_config_id": "cfg-none"}}

    with pytest.raises(Refused) as refused:
        bench.provider().pins(Operation.EXTRACT, config)
    assert "config.parameters.parse_config_id" in str(refused.value.hint)


@pytest.mark.parametrize(
    ("operation", "config", "told"),
    [
        (Operation.PARSE, {"configuration_id": "cfg-PARSE_AGENTIC"}, "is a preset"),
        (Operation.EXTRACT, {"parameters": {"data_schema": SCHEMA}}, "version is latest"),
        (
            Operation.EXTRACT,
            {"parameters": {"data_schema": SCHEMA, "version": "latest"}},
            "version is latest",
        ),
        (Operation.EXTRACT, {"parameters": {"data_schema": SCHEMA, "version": "2.5"}}, ""),
        (Operation.EXTRACT, {"configuration_id": "cfg-1"}, ""),
        (Operation.PARSE, {"parameters": {"tier": "fast"}}, ""),
    ],
)
def test_what_cannot_be_kept_is_warned_of(operation: Operation, config: dict[str, Any], told: str) -> None:
    sentences = KIND.moving(operation, config)

    assert len(sentences) == bool(told)
    assert all(told in each for each in sentences)


def own_configuration(bench: Bench, tier: str) -> str:
    """Save a configuration as the account's owner does, or edit it, and return its id."""
    chosen = {"product_type": "parse_v2", "tier": tier, "version": "2026-06-15"}
    found = bench.provider()._api.post("/api/v1/beta/configurations", {"name": "own", "parameters": chosen})
    return str(found["id"])
