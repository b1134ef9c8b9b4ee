"""What in a job's parameters moves by itself: where its versions stand, and how those that were resolved take their place."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from docbatch.core.models import Operation

LATEST = "latest"
PRESET = re.compile(r"cfg-[A-Z]+(_[A-Z]+)+")
VERSION = "version"
PARSE_CONFIG = "parse_config_id"

Parameters = Mapping[str, Any]


def is_moving(parameters: Parameters) -> bool:
    """Say whether a version is left to the service."""
    return parameters.get(VERSION) in {None, LATEST}


def moving_tiers(parameters: Parameters) -> dict[str, str]:
    """Return the tiers of which the service resolves the latest version, by the name the answer is kept under."""
    found = {VERSION: str(parameters.get("tier"))} if is_moving(parameters) else {}
    tiers = {rule["tier"] for rule in _rules(parameters) if is_moving(rule)}
    return found | {auto_mode(tier): tier for tier in sorted(tiers)}


def auto_mode(tier: str) -> str:
    """Return the name of the version of a tier that rules of the auto mode take."""
    return f"auto mode {tier}"


def resolved_by_the_service(operation: Operation, parameters: Parameters) -> bool:
    """Say whether only the service knows a version that a job keeps to."""
    if operation is Operation.PARSE:
        return bool(moving_tiers(parameters))
    return parameters.get(PARSE_CONFIG) is not None


def moving(operation: Operation, config: Mapping[str, Any]) -> Iterator[str]:
    """Yield what moves by itself and cannot be kept, with what to write instead."""
    named, parameters = config.get("configuration_id"), config.get("parameters")
    if isinstance(named, str) and PRESET.fullmatch(named):
        yield f"{named} is a preset of LlamaCloud, which may change it; write config.parameters with a dated version to keep to one"
    if operation is Operation.EXTRACT and isinstance(parameters, Mapping) and is_moving(parameters):
        yield (
            "config.parameters.version is latest, which LlamaCloud moves and does not resolve for extract;"
            " write a version, or a date to keep to what was newest then. Results name what they were made with"
        )


def pinned(parameters: Parameters, pins: Mapping[str, str]) -> dict[str, Any]:
    """Return parameters with the versions that were resolved for them."""
    named = dict(parameters)
    if named.get(VERSION) == LATEST and VERSION in pins:
        named[VERSION] = pins[VERSION]
    if any(auto_mode(rule["tier"]) in pins for rule in _rules(parameters)):
        processing = named["processing_options"]
        rules = [_pinned_rule(rule, pins) for rule in processing["auto_mode_configuration"]]
        named["processing_options"] = {**processing, "auto_mode_configuration": rules}
    return named


def _pinned_rule(rule: Parameters, pins: Mapping[str, str]) -> Parameters:
    chosen = rule.get("parsing_conf")
    if not isinstance(chosen, Mapping) or not isinstance(chosen.get("tier"), str) or not is_moving(chosen):
        return rule
    version = pins.get(auto_mode(chosen["tier"]))
    return rule if version is None else {**rule, "parsing_conf": {**chosen, VERSION: version}}


def _rules(parameters: Parameters) -> Iterator[Parameters]:
    """Yield what rules of the auto mode put in the place of the job's own tier."""
    processing = parameters.get("processing_options")
    rules = processing.get("auto_mode_configuration") if isinstance(processing, Mapping) else None
    for rule in rules if isinstance(rules, list) else ():
        chosen = rule.get("parsing_conf") if isinstance(rule, Mapping) else None
        if isinstance(chosen, Mapping) and isinstance(chosen.get("tier"), str):
            yield chosen
