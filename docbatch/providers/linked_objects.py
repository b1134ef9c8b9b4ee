"""Objects in stores that a provider fetches itself: a placeholder in all that is kept, a signed link in the request alone."""

from collections.abc import Callable, Mapping

from docbatch.core.models import Input, RemoteObject
from docbatch.naming.references import ObjectReference, decode_object
from docbatch.providers.base import Prepared, Step

Link = Callable[[ObjectReference], str]
"""Signs a link to an object. Raises CredentialsError."""


def noted(step: Step, content: bytes, data: Mapping[str, str], expires: float) -> RemoteObject:
    """Return what is kept of an object: what signing takes, but for the credentials. Raises ValueError."""
    found = decode_object(content)
    named = {"store": found.store, "key": found.key, "version": found.version}
    return RemoteObject(step.name, found.shown, {"kind": str(Input.OBJECT), **named, **data}, expires)


def by_placeholder(prepared: Prepared) -> Mapping[str, RemoteObject]:
    """Return what was noted of objects, by what stands for their links."""
    return {made.remote_id: made for made in prepared.values() if is_one(made)}


def is_one(made: RemoteObject) -> bool:
    return made.data.get("kind") == Input.OBJECT


def linked(made: RemoteObject, link: Link) -> str:
    """Return a link to what was noted."""
    return link(ObjectReference(made.data["store"], made.data["key"], made.data["version"]))
