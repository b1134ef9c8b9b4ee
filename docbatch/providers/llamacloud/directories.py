"""Directories: one for each submission, named by its marker and a random token, holding exactly its documents."""

import hashlib
import json
import re
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from docbatch.core.errors import Gone, Unavailable
from docbatch.core.models import Failure, RemoteObject
from docbatch.core.report import clock_time
from docbatch.providers.http.times import moment
from docbatch.providers.llamacloud.calls import DIRECTORIES, Api, Json, identity, under

# How long an ephemeral directory lives is not published; two days is the least anything there is kept.
ASSUMED_LIFE = 48 * 3600.0
TOKEN_BYTES = 4
INCOMPLETE = "incomplete"
NOTHING: Mapping[str, str] = MappingProxyType({})
_NAME = re.compile(r"(.+)-[0-9a-f]{8}")


@dataclass
class Watch:
    """What is known of a directory.

    `clear` says that every request that put something in was answered, all by this process: only then does one exact
    listing prove what the directory holds. Otherwise a straggler may still arrive, and the listing must stay exact for
    the grace. `seen` is what listings showed of late, as it is on record, and `step` where that is.
    """

    clear: bool = False
    seen: RemoteObject | None = None
    step: str = ""
    attached: set[str] = field(default_factory=set)
    refused: dict[str, Failure] = field(default_factory=dict)

    def cloud(self) -> None:
        """Note that a request's outcome is unclear, or that the directory held what it should not."""
        self.clear = False


@dataclass(frozen=True, slots=True)
class Listing:
    """What lies in a directory, oldest first, and the service's time of the answer, where it told."""

    entries: list[Json]
    date: float | None

    @property
    def digest(self) -> str:
        """The same only for a directory with the same entries."""
        return hashlib.sha256(json.dumps(sorted(map(identity, self.entries))).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Found:
    """A directory of ours as lists show it, perhaps removed already; `described` is all that is said of it."""

    id: str
    name: str
    marker: str
    made: str
    described: Json = field(repr=False)


class Directories:
    """Makes, lists and removes directories. `grace` is in seconds."""

    def __init__(self, api: Api, grace: float) -> None:
        self._api = api
        self._grace = grace
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

    def listing(self, directory: str) -> Listing:
        """List what lies in a directory, and when. Raises Gone when there is no such directory."""
        with self._api.client.hearing() as heard:
            entries = self.entries(directory)
        return Listing(entries, heard.date)

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

    def recall(self, directory: str, step: str, seen: RemoteObject | None) -> Watch:
        """Take up what was seen of a directory, by this process or another, as it is on record under a step."""
        watch = self.watch(directory)
        watch.step = step
        watch.seen = seen if seen is not None and seen.remote_id == directory else None
        return watch

    def begin(self, directory: str) -> None:
        """Make sure that no exact listing is on record when the directory is about to be changed.

        Killed after that, it would be taken for one that lasted. Raises Unavailable, which takes the record back.
        """
        watch = self.watch(directory)
        if watch.seen is not None and watch.seen.data["what"] != INCOMPLETE:
            why = f"directory {directory} is no longer what it was seen to be, and is looked at anew"
            raise Unavailable(why, retry_after=self._spacing, left=RemoteObject(watch.step, "", expires=0.0))

    def wait_for_all(self, directory: str, listing: Listing, missing: int) -> None:
        """Raise Unavailable while entries may only be late, Gone when they stay away."""
        seen, passed = self._stays(directory, INCOMPLETE, listing.date)
        if passed is not None and passed > 10 * max(self._grace, 6.0):
            raise Gone(f"directory {directory} does not hold {missing} of the documents that were put there")
        raise Unavailable(
            f"directory {directory} does not show {missing} of its documents yet",
            retry_after=self._spacing,
            left=seen,
        )

    def settle(self, directory: str, listing: Listing, beside: Mapping[str, str]) -> None:
        """Raise Unavailable unless an exact listing proves what the directory holds; `beside` is kept with it."""
        if self.watch(directory).clear:
            return
        seen, passed = self._stays(directory, listing.digest, listing.date, beside)
        if passed is None or passed < self._grace:
            left = self._grace - (passed or 0.0)
            until = "" if seen is None else f" until {clock_time(float(seen.data['since']) + self._grace)}"
            cause = f"an upload may still arrive; looking{until}"
            raise Unavailable(
                f"{cause}: not every upload to directory {directory} is known to have been answered",
                retry_after=left,
                cause=cause,
                left=seen,
            )

    def _stays(
        self, directory: str, what: str, date: float | None, beside: Mapping[str, str] = NOTHING
    ) -> tuple[RemoteObject | None, float | None]:
        """Return what is to be kept of a listing, and for how many seconds of the service's clock it shows the same.

        None for both where the answer told no time, or one before the last: it counts for nothing.
        """
        watch = self.watch(directory)
        before = watch.seen
        if date is None:
            return None, None
        if before is None or before.data["what"] != what or date < float(before.data["since"]):
            watch.seen = RemoteObject(watch.step, directory, {"what": what, "since": str(date), **beside})
            return watch.seen, 0.0
        return before, date - float(before.data["since"])

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
