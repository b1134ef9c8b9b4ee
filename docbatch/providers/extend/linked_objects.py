"""Objects in stores that Extend fetches: a placeholder in all that is kept, a signed link in the request alone."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from docbatch.core.models import Input, RemoteObject
from docbatch.naming.references import ObjectReference, decode_object
from docbatch.providers.base import Prepared, Step

Link = Callable[[ObjectReference], str]
"""Signs a link to an object. Raises CredentialsError."""
_URLS = ("url", "fileUrl")
"""What the versions of the API call a link."""


def noted(step: Step, content: bytes, data: Mapping[str, str], expires: float) -> RemoteObject:
    """Return what is kept of an object: what signing takes, but for the credentials. Raises ValueError."""
    found = decode_object(content)
    named = {"store": found.store, "key": found.key, "version": found.version}
    return RemoteObject(step.name, found.shown, {"kind": str(Input.OBJECT), **named, **data}, expires)


def are_in(prepared: Prepared) -> bool:
    return any(map(is_one, prepared.values()))


def is_one(made: RemoteObject) -> bool:
    return made.data.get("kind") == Input.OBJECT


def linked(made: RemoteObject, link: Link) -> str:
    """Return a link to what was noted."""
    return link(ObjectReference(made.data["store"], made.data["key"], made.data["version"]))


def signed(body: bytes, prepared: Prepared, link: Link) -> bytes:
    """Return the request with a link in the place of each placeholder."""
    objects = {made.remote_id: made for made in prepared.values() if is_one(made)}
    if not objects:
        return body
    request = json.loads(body)
    for file in _files(request):
        for name in _URLS:
            if file.get(name) in objects:
                file[name] = linked(objects[file[name]], link)
    return json.dumps(request, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _files(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    inputs = request.get("inputs")
    return [request["file"]] if inputs is None else [each["file"] for each in inputs]
