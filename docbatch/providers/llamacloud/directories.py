"""Directories: one for each submission, named by its marker and a random token, holding exactly its documents."""

import re
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from docbatch.core.errors import Gone, Unavailable
from docbatch.core.models import Failure, RemoteObject
from docbatch.providers.http.times import moment
from docbatch.providers.llamacloud.calls import DIRECTORIES, Api, Json, identity, under

# How long an ephemeral directory lives is not published; two days is the least anything there is kept.
ASSUMED_LIFE = 48 * 3600.0
TOKEN_BYTES = 4
_NAME = re.compile(r"(.+)-[0-9a-f]{8}")


@dataclass
class Watch:
    """What this process knows of a directory.

    `clear` says that every request that put something in was answered: only then does one exact listing prove what
    the directory holds. Otherwise a straggler may still arrive, and the listing must stay exact for the grace.
    """

    clear: bool = False
    exact_since: float | None = None
    incomplete_since: float | None = None
    attached: set[str] = field(default_factory=set)
    refused: dict[str, Failure] = field(default_factory=dict)

    def cloud(self) -> None:
        """Note that a request's outcome is unclear, or that the directory held what it should not."""
        self.clear = False
        self.exact_since = None


@dataclass(frozen=True, slots=True)
class Found:
    """A directory of ours as lists show it, perhaps removed already; `described` is all that is said of it."""

    id: str
    name: str
    marker: str
    made: str
    described: Json = field(repr=False)


class Directories:
    """Makes, lists and removes directories. `grace` is in seconds, `clock` monotonic."""

    def __init__(self, api: Api, grace: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._api = api
        self._grace = grace
        self._clock = clock
        self._watches: dict[str, Watch] = {}

    def watch(self, directory: str) -> Watch:
        return self._watches.setdefault(directory, Watch())

    def make(self, step: str, marker: str) -> RemoteObject:
        """Make a directory. One whose answer is lost stays empty for ever: the next try has a name of its own."""
        name = named(marker)
        reply = self._api.reply("POST", DIRECTORIES, body={"name": name, "type": "ephemeral"})
        described = reply.json()
        directory = identity(described)
        self._watches[directory] = Watch(clear=True)
        return _made(step, described, name, reply.date)

    def entries(self, directory: str, unique_id: str | None = None) -> list[Json]:
        """List what lies in a directory, oldest first. Raises Gone when there is no such directory."""
        asked = [("unique_id", unique_id)] if unique_id else []
        found = [
            entry
            for entry in self._api.every(under(DIRECTORIES, directory, "files"), asked)
            if not entry.get("deleted_at") and unique_id in (None, entry.get("unique_id"))
        ]
        return sorted(found, key=_age)

    def former_entries(self, directory: str) -> list[Json]:
        """List what lay in a directory that may be removed by now, oldest first. Raises Gone."""
        asked = [("include_deleted", "true")]
        return sorted(self._api.every(under(DIRECTORIES, directory, "files"), asked), key=_age)

    def is_shown(self, directory: str, name: str) -> bool:
        """Say whether lists show a directory, which is later than that it can be asked for."""
        asked = [("name", name), ("type", "ephemeral")]
        return any(found.get("id") == directory for found in self._api.every(DIRECTORIES, asked))

    def exists(self, directory: str) -> bool:
        try:
            self._api.get(under(DIRECTORIES, directory))
        except Gone:
            return False
        return True

    def remove(self, directory: str) -> None:
        self._watches.pop(directory, None)
        try:
            self._api.delete(under(DIRECTORIES, directory))
        except Gone:
            return

    def all_of(self, prefix: str, *, removed: bool = True) -> Iterator[Found]:
        """Yield the directories whose markers start with a prefix, removed ones too unless told otherwise."""
        asked = [("type", "ephemeral"), ("include_deleted", "true" if removed else "false")]
        for described in self._api.every(DIRECTORIES, asked):
            name = str(described.get("name") or "")
            marker = marked(name)
            if marker and marker.startswith(prefix) and (removed or not described.get("deleted_at")):
                yield Found(
                    identity(described), name, marker, str(described.get("created_at") or ""), described
                )

    def wait_for_all(self, directory: str, missing: int) -> None:
        """Raise Unavailable while entries may only be late, Gone when they stay away."""
        watch = self.watch(directory)
        now = self._clock()
        watch.exact_since = None
        watch.incomplete_since = now if watch.incomplete_since is None else watch.incomplete_since
        if now - watch.incomplete_since > 10 * max(self._grace, 6.0):
            raise Gone(f"directory {directory} does not hold {missing} of the documents that were put there")
        raise Unavailable(
            f"directory {directory} does not show {missing} of its documents yet", retry_after=self._spacing
        )

    def settle(self, directory: str) -> None:
        """Raise Unavailable unless an exact listing proves what the directory holds."""
        watch = self.watch(directory)
        now = self._clock()
        watch.incomplete_since = None
        if watch.clear:
            return
        watch.exact_since = now if watch.exact_since is None else watch.exact_since
        if now - watch.exact_since < self._grace:
            raise Unavailable(
                f"an upload to directory {directory} was not answered; waiting whether something else arrives",
                retry_after=self._grace - (now - watch.exact_since),
            )

    def unsettle(self, directory: str, why: str) -> Unavailable:
        self.watch(directory).cloud()
        return Unavailable(why, retry_after=self._spacing)

    @property
    def _spacing(self) -> float:
        return self._grace / 4


def directory_step(marker: str) -> str:
    return f"directory {marker}"


def named(marker: str) -> str:
    return f"{marker}-{secrets.token_hex(TOKEN_BYTES)}"


def marked(name: str) -> str:
    """Return the marker in a directory's name; it is empty for a name we do not give."""
    found = _NAME.fullmatch(name)
    return found[1] if found else ""


def known(found: Found) -> RemoteObject:
    """Return a directory that was found as one that was just made."""
    return _made(directory_step(found.marker), found.described, found.name, time.time())


def _made(step: str, described: Json, name: str, answered: float) -> RemoteObject:
    """`answered` is the service's time, for a directory that does not say when it was made."""
    begins, ends = moment(described.get("created_at")) or answered, moment(described.get("expires_at"))
    data = {"name": name, "begins": str(begins), "ends": str(ends or begins + ASSUMED_LIFE)}
    if ends is None:
        data["end"] = "assumed"
    # The batch needs time in it, too.
    usable_until = begins + ((ends or begins + ASSUMED_LIFE) - begins) / 2
    return RemoteObject(step, identity(described), data, usable_until)


def _age(entry: Json) -> tuple[str, str]:
    return str(entry.get("created_at") or ""), identity(entry)
