"""Saved configurations: batches take nothing else. Ours are named after their content and never edited."""

import hashlib
from collections.abc import Mapping
from typing import Any

from docbatch.core.errors import CredentialsError, Gone, ProviderError, Refused, Stale, Unavailable
from docbatch.core.keys import canonical
from docbatch.core.models import Operation, RemoteObject
from docbatch.providers.base import Batch, Prepared
from docbatch.providers.llamacloud.calls import CONFIGURATIONS, VERSIONS, Api, Json, identity, under
from docbatch.providers.llamacloud.configuring.versions import LATEST, PARSE_CONFIG, PRESET, moving_tiers
from docbatch.providers.llamacloud.options import saved_parameters
from docbatch.providers.llamacloud.results.provenance import Provenance
from docbatch.providers.llamacloud.results.side_results import asked_for, not_fetched

PRODUCTS: Mapping[Operation, str] = {Operation.PARSE: "parse_v2", Operation.EXTRACT: "extract_v2"}

# Ours could be deleted at the service while we remember them.
TRUSTED_FOR = 24 * 3600.0
_PLACES = {"configuration": "config.configuration_id", PARSE_CONFIG: f"config.parameters.{PARSE_CONFIG}"}


def step_name(batch: Batch) -> str:
    parameters = saved_parameters(batch.operation, batch.config, batch.pins)
    if parameters is None:
        return f"configuration {batch.marker}"
    return f"configuration {content_name(PRODUCTS[batch.operation], parameters)}"


def content_name(product: str, parameters: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(canonical([product, parameters]).encode()).hexdigest()
    return f"docbatch-{digest[:40]}"


def moving(batch: Batch, prepared: Prepared) -> str:
    """Return what a person should know of a configuration of the account that leaves its version to the service."""
    own = prepared.get(f"configuration {batch.marker}")
    if own is None or own.data.get("tier_version") != LATEST:
        return ""
    return (
        f"configuration {own.remote_id} takes the latest version, which LlamaCloud moves: write a dated one in it, or its"
        " options under config.parameters, to keep to one"
    )


class Configurations:
    def __init__(self, api: Api) -> None:
        self._api = api

    def prepare(self, step: str, batch: Batch, now: float) -> RemoteObject:
        """Save the parameters, or check the configuration named. `now` is wall time. Raises Refused, Unavailable."""
        parameters = saved_parameters(batch.operation, batch.config, batch.pins)
        product = PRODUCTS[batch.operation]
        if parameters is None:
            return RemoteObject(step, *self._named(product, batch))
        self._check_beneath(batch, parameters)
        name = content_name(product, parameters)
        body = {"name": name, "parameters": {"product_type": product, **parameters}}
        saved = identity(self._api.post(CONFIGURATIONS, body))
        found = self._api.get(under(CONFIGURATIONS, saved))
        return RemoteObject(step, saved, _described(found), now + TRUSTED_FOR)

    def confirm(self, batch: Batch, prepared: Prepared) -> None:
        """Make sure that what was prepared is still what it was; ours are restored.

        Raises Stale for one of ours that is gone, Refused for one of the account that was edited, Unavailable.
        """
        before = prepared[step_name(batch)]
        # What was saved lies there for a day; what it names beneath may be edited any time.
        self._check_beneath(batch, saved_parameters(batch.operation, batch.config, batch.pins) or {})
        if self._is_as(before):
            return
        again = self.prepare(before.step, batch, 0.0)
        if again.remote_id != before.remote_id:
            said = f"configuration {before.remote_id} is not there any more"
            raise Stale(said, code="configuration", stale=[before.step])
        if again.data["parameters"] != before.data["parameters"]:
            raise Refused(
                f"configuration {before.remote_id} was edited while the documents were sent; nothing was paid; put it back and"
                " run 'docbatch retry --class cancelled', or 'docbatch apply --upgrade JOB' to take the new one",
                kind="cancelled",
            )

    def _is_as(self, before: RemoteObject) -> bool:
        """Say whether a configuration has the parameters it had; presets, which cannot be read, have."""
        if not before.data:
            return True
        try:
            found = self._api.get(under(CONFIGURATIONS, before.remote_id))
        except Gone:
            return False
        return _described(found)["parameters"] == before.data["parameters"]

    def doubt(self, before: RemoteObject) -> str:
        """Return what a person should know of a configuration after its batch; empty when it is as it was."""
        try:
            if self._is_as(before):
                return ""
        except (ProviderError, CredentialsError) as error:
            return (
                f"configuration {before.remote_id} could not be read again after the batch: {error.message}"
            )
        return (
            f"configuration {before.remote_id} was edited or removed while the batch ran: some of its documents may have"
            " been processed otherwise than planned"
        )

    def _named(self, product: str, batch: Batch) -> tuple[str, dict[str, str]]:
        configuration = str(batch.config["configuration_id"])
        found = self._find(configuration)
        if found is None:
            return configuration, {}
        if found.get("product_type") != product:
            raise Refused(
                f"configuration {configuration} is for {found.get('product_type')}, not for {batch.operation}",
                hint="name another under config.configuration_id, or set the operation it is for",
            )
        if unfetched := not_fetched(_parameters(found)):
            raise Refused(
                f"configuration {configuration} asks for files that docbatch does not fetch: {', '.join(unfetched)}",
                hint="nothing was paid; name a configuration without them, or write its options under config.parameters",
            )
        described = _described(found)
        _check_edition(batch, "configuration", configuration, described["version"])
        return configuration, described

    def _check_beneath(self, batch: Batch, parameters: Mapping[str, Any]) -> None:
        """Make sure that the configuration of a parse beneath an extraction is the one the job keeps to."""
        if PARSE_CONFIG in batch.pins and (beneath := parameters.get(PARSE_CONFIG)) is not None:
            edition = self._edition(PARSE_CONFIG, str(beneath))
            _check_edition(batch, PARSE_CONFIG, str(beneath), edition.get(PARSE_CONFIG, ""))

    def _find(self, configuration: str, name: str = "configuration") -> Json | None:
        """Return a configuration; None for a preset, which need not be listed. Raises Refused."""
        try:
            return self._api.get(under(CONFIGURATIONS, configuration))
        except Gone as error:
            if PRESET.fullmatch(configuration):
                return None
            raise Refused(
                f"LlamaCloud knows no configuration {configuration} in this project",
                hint=f"correct {_PLACES[name]}; nothing was paid",
            ) from error

    def pins(self, operation: Operation, config: Mapping[str, Any]) -> dict[str, str]:
        """Resolve what moves by itself: `latest`, and configurations that can be edited in place."""
        parameters = saved_parameters(operation, config, {})
        if parameters is None:
            return self._edition("configuration", str(config["configuration_id"]))
        if operation is not Operation.PARSE:
            beneath = parameters.get(PARSE_CONFIG)
            return {} if beneath is None else self._edition(PARSE_CONFIG, str(beneath))
        moving = moving_tiers(parameters)
        versions = self._api.get(VERSIONS) if moving else {}
        newest = {name: _newest(versions, tier) for name, tier in moving.items()}
        return {name: version for name, version in newest.items() if version}

    def _edition(self, name: str, configuration: str) -> dict[str, str]:
        """Return which edition a configuration of the account is at, nothing for a preset."""
        found = self._find(configuration, name)
        return {} if found is None else {name: _described(found)["version"]}

    def provenance(self, batch: Batch, prepared: Prepared) -> Provenance:
        """Return what the configuration of a batch says of its results, as far as it could be read."""
        parameters = saved_parameters(batch.operation, batch.config, batch.pins)
        if batch.operation is not Operation.PARSE:
            return Provenance()
        if parameters is not None:
            return Provenance(str(parameters["version"]), asked_for(parameters))
        before = prepared.get(step_name(batch))
        known = {} if before is None else before.data
        return Provenance(known.get("tier_version"), tuple(known.get("asked", "").split()))


def _newest(versions: Json, tier: str) -> str | None:
    latest = versions.get("latest")
    if isinstance(latest, dict) and isinstance(latest.get(tier), str):
        return str(latest[tier])
    dated = versions.get(tier)
    return max(map(str, dated)) if isinstance(dated, list) and dated else None


def _check_edition(batch: Batch, name: str, configuration: str, edition: str) -> None:
    kept = batch.pins.get(name, edition)
    if kept != edition:
        raise Refused(
            f"configuration {configuration} was edited: it is at {edition or 'an edition it does not tell'}, the job keeps to {kept};"
            " run 'docbatch apply --upgrade JOB' to take the new one",
        )


def _described(found: Json) -> dict[str, str]:
    """Return what tells a configuration apart from itself after an edit."""
    try:
        told = canonical(found.get("parameters"))
    except (ValueError, RecursionError):
        raise Unavailable("LlamaCloud described a configuration that cannot be compared") from None
    digest = hashlib.sha256(told.encode()).hexdigest()
    return {"version": str(found.get("version")), "parameters": digest, **_asks(_parameters(found))}


def _asks(parameters: Json) -> dict[str, str]:
    """Return what parameters say of results that are to come."""
    version = parameters.get("version")
    told = {
        "tier_version": version if isinstance(version, str) else "",
        "asked": " ".join(asked_for(parameters)),
    }
    return {name: value for name, value in told.items() if value}


def _parameters(found: Json) -> Json:
    parameters = found.get("parameters")
    return parameters if isinstance(parameters, dict) else {}
