"""Where the objects of one source lie, as they are asked for and as they are recorded."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from docbatch.sources.object_metadata import NO_TAGS
from docbatch.stores.faults import BadKey

if TYPE_CHECKING:
    from docbatch.stores.object_store import ObjectStore
    from docbatch.stores.object_tags import ObjectTags

_LINKED, _TAGGED = b"link+", b"tags+"


@dataclass(frozen=True, slots=True)
class ObjectPlace:
    """A folder of keys in an open store; the prefix is empty or ends with "/". Without `tags` nobody asks for any."""

    store: "ObjectStore"
    prefix: str
    tags: "ObjectTags | None" = None

    def key(self, path: bytes) -> str:
        return self.prefix + path.decode()

    def tags_of(self, key: str) -> Mapping[str, str]:
        """Return an object's tags, as far as they are asked for. Raises StoreFault, CredentialsError."""
        return NO_TAGS if self.tags is None else self.tags.of(key)

    def is_answering(self) -> None:
        """Raise StoreFault unless the store lists what lies here, as far as that can be listed."""
        with suppress(BadKey):
            next(iter(self.store.windows(self.prefix)), None)

    def is_listed(self, path: bytes) -> bool:
        """Say whether a listing shows the key, whether an object can be asked for by it or not; where it breaks off, it may."""
        key = self.key(path)
        below, last = key[:-1], ord(key[-1]) - 1
        before = below + (chr(last) if not 0xD800 <= last <= 0xDFFF else "\ud7ff") + "\U0010ffff"
        folder = key.rpartition("/")[0]
        try:
            for window in self.store.windows(folder, after=before):
                for each in window:
                    if each["path"] >= key:
                        return bool(each["path"] == key)
        except BadKey:
            return True
        return False


def recorded_place(place: bytes, *, linked: bool = False, tagged: bool = False) -> bytes:
    """Return what the places of objects begin with that are handed over by a link, or of which tags are known.

    What is kept of the same objects without is never taken for it.
    """
    return (_TAGGED if tagged else b"") + (_LINKED if linked else b"") + place
