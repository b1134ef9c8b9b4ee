"""Saved configurations: batches take nothing else. Ours are named after their content and never edited."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from docbatch.core.errors import CredentialsError, Gone, ProviderError, Refused, Stale
from docbatch.core.keys import canonical
from docbatch.core.models import Operation, RemoteObject
from docbatch.providers.base import Batch, Prepared
from docbatch.providers.llamacloud.calls import CONFIGURATIONS, VERSIONS, Api, Json, identity, under
from docbatch.providers.llamacloud.options import saved_parameters

PRODUCTS: Mapping[Operation, str] = {Operation.PARSE: "parse_v2", Operation.EXTRACT: "extract_v2"}

# Ours could be deleted at the service while we remember them.
TRUSTED_FOR = 24 * 3600.0
_PRESET = re.compile(r"cfg-[A-Z]+(_[A-Z]+)+")


def step_name(batch: Batch) -> str:
    parameters = saved_parameters(batch.operation, batch.config, batch.pins)
    if parameters is None:
        return f"configuration {batch.marker}"
    return f"configuration {content_name(PRODUCTS[batch.operation], parameters)}"


def content_name(product: str, parameters: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(canonical([product, parameters]).encode()).hexdigest()
    return f"docbatch-{digest[:40]}"


class Configurations:
    def __init__(self, api: Api) -> None:
        self._api = api

    def prepare(self, step: str, batch: Batch, now: float) -> RemoteObject:
        """Save the parameters, or check the configuration named. `now` is wall time. Raises Refused, Unavailable."""
        parameters = saved_parameters(batch.operation, batch.config, batch.pins)
        product = PRODUCTS[batch.operation]
        if parameters is None:
            return RemoteObject(step, *self._named(product, batch))
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
        if self._is_as(before):
            return
        again = self.prepare(before.step, batch, 0.0)
        if again.remote_id != before.remote_id:
            said = f"configuration {before.remote_id} is not there any more"
            raise Stale(said, code="configuration", stale=[before.step])
        if again.data["parameters"] != before.data["parameters"]:
            raise Refused(
                f"configuration {before.remote_id} was edited while the documents were sent; nothing was paid",
                hint="run 'docbatch retry', or 'docbatch apply --upgrade JOB' to take the new one",
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
        described = _described(found)
        pinned = batch.pins.get("configuration", described["version"])
        if pinned != described["version"]:
            raise Refused(
                f"configuration {configuration} was edited: it is at {described['version']}, the job keeps to {pinned}",
                hint="run 'docbatch apply --upgrade JOB' to take the new one",
            )
        return configuration, described

    def _find(self, configuration: str) -> Json | None:
        """Return a configuration; None for a preset, which need not be listed. Raises Refused."""
        try:
            return self._api.get(under(CONFIGURATIONS, configuration))
        except Gone as error:
            if _PRESET.fullmatch(configuration):
                return None
            raise Refused(
                f"LlamaCloud knows no configuration {configuration} in this project",
                hint="correct config.configuration_id; nothing was paid",
            ) from error

    def pins(self, operation: Operation, config: Mapping[str, Any]) -> dict[str, str]:
        """Resolve what moves by itself: `latest`, and configurations that can be edited in place."""
        parameters = saved_parameters(operation, config, {})
        if parameters is None:
            found = self._find(str(config["configuration_id"]))
            return {} if found is None else {"configuration": _described(found)["version"]}
        if operation is not Operation.PARSE or parameters["version"] != "latest":
            return {}
        versions = self._api.get(VERSIONS)
        latest = versions.get("latest")
        tier = str(parameters.get("tier"))
        if isinstance(latest, dict) and isinstance(latest.get(tier), str):
            return {"version": latest[tier]}
        dated = versions.get(tier)
        return {"version": max(map(str, dated))} if isinstance(dated, list) and dated else {}


def _described(found: Json) -> dict[str, str]:
    """Return what tells a configuration apart from itself after an edit."""
    digest = hashlib.sha256(canonical(found.get("parameters")).encode()).hexdigest()
    return {"version": str(found.get("version")), "parameters": digest}
