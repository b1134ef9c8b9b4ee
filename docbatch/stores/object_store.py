"""One bucket or container: objects listed in key order, read, written and removed, each under a condition.

Everything is asked by obstore, which repeats what a store answers with a passing error. What comes of that for a write
whose answer was lost the caller has to know: an object that stands there already may be its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from docbatch.core.errors import UsageError
from docbatch.stores.client_settings import settings_of
from docbatch.stores.faults import ObjectChanged, ObjectMissing, StoreFault, faults
from docbatch.stores.settings import StoreSettings

if TYPE_CHECKING:
    import obstore
    from obstore.store import ObjectStore as Client

LISTED_TOGETHER = 1000
"""Objects in a window of a listing: as many as stores give with one answer."""
_RETRIES = 12
PATIENCE = 30
"""Until when a request is repeated that a store answered with a passing error, or did not answer: stores that are asked too much of
say so for seconds, and who named a wrong endpoint waits as long."""
_FIRST_WAIT, _LONGEST_WAIT, _GROWTH = 0.25, 5.0, 2.5
"""Seconds between two tries. They are drawn, which makes them grow more slowly than `_GROWTH` says."""
_BARRED = "a store cannot be used"


class NewestObject(NamedTuple):
    """An object as it was at one moment: what it is, what its writer said of it, and its bytes unless there are too many."""

    facts: "ObjectFacts"
    said: Mapping[str, str]
    content: bytes | None


class ObjectFacts(NamedTuple):
    """An object as its store describes it. `size` is in bytes, `modified` in seconds since 1970; `version` where there are any."""

    key: str
    size: int
    etag: str | None
    version: str | None
    modified: float


class ObjectStore:
    """Opens nothing before it is asked for something. Every method raises StoreFault, and UsageError without the extra.

    Without `repeats` each request is made once, for who has to know what became of it.
    """

    def __init__(self, settings: StoreSettings, *, repeats: bool = True) -> None:
        self.settings = settings
        self._repeats = repeats

    def connect(self) -> None:
        """Be ready to be asked by several threads."""
        _ = self._client

    def windows(self, prefix: str, after: str | None = None) -> "Iterator[Sequence[obstore.ObjectMeta]]":
        """Yield what lies below a folder of keys, in windows and as the store orders it; `after` leaves out keys up to one.

        The folder is given with or without "/" at its end, empty for all. Objects have `path`, `size`, `e_tag`, `version`
        and `last_modified`, as obstore gives them: a million of them pass through here.
        """
        with faults(self.settings.name):
            stream = iter(
                self._client.list(prefix.strip("/") or None, offset=after, chunk_size=LISTED_TOGETHER)
            )
        while True:
            with faults(self.settings.name):
                window = next(stream, None)
            if window is None:
                return
            # As a rule all are in that form, and a million of them pass through here.
            for each in window if _is_bare(window) else ():
                each["e_tag"] = _quoted(each["e_tag"])
            yield window

    def level(self, folder: str) -> "tuple[Sequence[str], Sequence[obstore.ObjectMeta]]":
        """Return the folders and the objects that lie in a folder of keys itself, all at once; folders without "/" at their end."""
        with faults(self.settings.name):
            found = self._client.list_with_delimiter(folder.strip("/") or None)
        for each in found["objects"]:
            each["e_tag"] = _quoted(each["e_tag"])
        return found["common_prefixes"], found["objects"]

    def facts(self, key: str) -> ObjectFacts | None:
        """Return what the store says of an object, None where there is none."""
        try:
            with faults(self.settings.name):
                return _facts(self._client.head(key))
        except ObjectMissing:
            return None

    def read(
        self,
        key: str,
        *,
        etag: str | None = None,
        version: str | None = None,
        window: tuple[int, int] | None = None,
    ) -> bytes:
        """Return an object's bytes, or those of a window (start, end) of it; only of the version or ETag given."""
        said = {"if_match": etag, "version": version, "range": window}
        options: Any = {name: value for name, value in said.items() if value is not None}
        try:
            with faults(self.settings.name):
                return bytes(self._client.get(key, options=options).bytes())
        except ObjectMissing as gone:
            if version is None:
                raise
            # What was replaced is not kept where a bucket has no versions, and is missing by its number.
            raise ObjectChanged(str(gone)) from None

    def read_newest(self, key: str, most: int) -> NewestObject:
        """Return an object as it is at this moment, with its bytes unless there are more than `most`; all is of one version."""
        with faults(self.settings.name):
            answer = self._client.get(key)
            facts = _facts(answer.meta)
            content = bytes(answer.bytes()) if facts.size <= most else None
            return NewestObject(facts, dict(answer.attributes), content)

    def told(self, key: str) -> tuple[ObjectFacts, Mapping[str, str]]:
        """Return what an object is, and what `described` does, by one request that gives no byte of it."""
        with faults(self.settings.name):
            answer = self._client.get(key, options={"head": True})
            return _facts(answer.meta), dict(answer.attributes)

    def described(self, key: str) -> Mapping[str, str]:
        """Return what whoever wrote an object said of it: its user metadata, and headers such as Content-Type."""
        return self.told(key)[1]

    def write(self, key: str, content: bytes | memoryview, *, replaces: str | None = None) -> str:
        """Write an object with one request and return its ETag. Raises ObjectChanged where the condition does not hold.

        `replaces` is the ETag of what it replaces; without one nothing may be there.
        """
        mode: Any = "create" if replaces is None else self._replacing(key, replaces)
        try:
            with faults(self.settings.name):
                written = self._client.put(key, content, mode=mode, use_multipart=False)
        except ObjectMissing as gone:
            # Some stores word it so when what was to be replaced is not there.
            raise ObjectChanged(str(gone)) from None
        etag = _quoted(written["e_tag"])
        if etag is None:
            raise StoreFault(f"store '{self.settings.name}': does not tell what it wrote")
        return etag

    def overwrite(self, key: str, content: bytes) -> None:
        """Write an object over whatever is there, with one request."""
        with faults(self.settings.name):
            self._client.put(key, content, use_multipart=False)

    def _replacing(self, key: str, etag: str) -> Mapping[str, str | None]:
        """Return the condition that an object is still the one with an ETag."""
        if self.settings.type != "gcs":
            return {"e_tag": etag}
        # Google takes no ETag as a condition of a write, but the number of what was last written.
        found = self.facts(key)
        if found is None or found.etag != etag:
            raise ObjectChanged(f"store '{self.settings.name}': another object than was meant")
        return {"version": found.version}

    def copy(self, key: str, to: str) -> None:
        """Copy an object within the store, over whatever is there."""
        with faults(self.settings.name):
            self._client.copy(key, to)

    def delete(self, key: str) -> None:
        """Remove an object, if it is there."""
        try:
            with faults(self.settings.name):
                self._client.delete(key)
        except ObjectMissing:
            return

    @cached_property
    def _client(self) -> "Client":
        try:
            from obstore import store  # noqa: PLC0415 - an extra
        except ImportError:
            raise UsageError(
                f"{_BARRED} without the extra 'stores'",
                hint="pip install 'docbatch[stores]', then run the same command again",
            ) from None
        own = self.settings
        retries: dict[str, Any] = {
            "max_retries": _RETRIES if self._repeats else 0,
            "retry_timeout": timedelta(seconds=PATIENCE),
            "backoff": {
                "init_backoff": timedelta(seconds=_FIRST_WAIT),
                "max_backoff": timedelta(seconds=_LONGEST_WAIT),
                "base": _GROWTH,
            },
        }
        common: dict[str, Any] = {"retry_config": retries, **settings_of(own)}
        with faults(own.name):
            match own.type:
                case "s3":
                    return store.S3Store(own.bucket, **common)
                case "gcs":
                    return store.GCSStore(own.bucket, **common)
                case "azure":
                    return store.AzureStore(own.bucket, **common)


def _facts(found: "obstore.ObjectMeta") -> ObjectFacts:
    modified = found["last_modified"].timestamp()
    return ObjectFacts(found["path"], found["size"], _quoted(found["e_tag"]), found["version"], modified)


def _is_bare(window: "Sequence[obstore.ObjectMeta]") -> bool:
    etags = list(filter(None, map(itemgetter("e_tag"), window)))
    return "".join([etag[0] for etag in etags]) != '"' * len(etags)


def _quoted(etag: str | None) -> str | None:
    """Return an ETag in the one form of conditions: lists of Azure leave its quotation marks out, its other answers do not."""
    return etag if etag is None or etag.startswith(('"', "W/")) else f'"{etag}"'
