"""Which version of a saved processor a job uses: what moves by itself is resolved once and kept."""

import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from docbatch.core.errors import Refused, Unavailable
from docbatch.core.keys import canonical
from docbatch.providers.extend.calls import PAGE, Route, document
from docbatch.providers.extend.moving_versions import DRAFT, moves
from docbatch.providers.extend.outcomes import code, told
from docbatch.providers.http.keyed import KeyedClient


def resolve(client: KeyedClient, route: Route, processor: Mapping[str, Any]) -> dict[str, str]:
    """Return by the processor's id which version is meant now. Raises Refused for an unknown one, Unavailable.

    A draft is edited in place, so what stands in it belongs to its name.
    """
    if not moves(processor):
        return {}
    identity = processor["id"]
    published = None if processor.get("version") == DRAFT else _newest(client, route, identity)
    return {identity: published or f"{DRAFT} {_content(client, route, identity)}"}


def chosen(processor: Mapping[str, Any], pins: Mapping[str, str]) -> str | None:
    """Return the version to ask for: the one a job names, else the one that was resolved for it."""
    if not moves(processor):
        return str(processor["version"])
    resolved = pins.get(processor["id"])
    return processor.get("version") if resolved is None else resolved.partition(" ")[0]


def _newest(client: KeyedClient, route: Route, identity: str) -> str | None:
    """Return the newest published version; the list has the draft first, then the newest."""
    found = _asked(client, route, identity, "/versions")
    data = found.get("data")
    versions = (
        [each.get("version") for each in data if isinstance(each, dict)] if isinstance(data, list) else []
    )
    return next((each for each in versions if isinstance(each, str) and each != DRAFT), None)


def _content(client: KeyedClient, route: Route, identity: str) -> str:
    """Return a digest of what stands in a processor's draft."""
    draft = _asked(client, route, identity).get("draftVersion")
    config = draft.get("config") if isinstance(draft, dict) else None
    return hashlib.sha256(canonical(config).encode()).hexdigest()[:12]


def _asked(client: KeyedClient, route: Route, identity: str, below: str = "") -> dict[str, Any]:
    path = f"{route.processors}/{quote(identity, safe='')}{below}"
    reply = client.ask("GET", path, params=[("maxPageSize", str(PAGE))] if below else ())
    if reply.status == 404:
        raise Refused(
            f"Extend knows no {route.processor} {identity} in this workspace",
            code=code(reply),
            hint="nothing of it was sent; check processor.id in the job and the key's workspace",
        )
    if 400 <= reply.status < 500:
        raise Refused(told(reply), code=code(reply))
    found = document(reply)
    if below and not isinstance(found.get("data"), list):
        raise Unavailable(f"the versions of {identity} are no list")
    return found
