"""Documents in a directory: put there once each, found again after a lost answer, and nothing else beside them."""

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import BinaryIO

from docbatch.core.errors import Gone, Unavailable
from docbatch.core.models import FOUND, Failure, FailureClass, Input, Operation, RemoteObject, WorkItem
from docbatch.naming.references import LONGEST, decode
from docbatch.providers.base import Batch, Content, ContentChanged, Prepared
from docbatch.providers.http import identities
from docbatch.providers.http.keyed import Reply
from docbatch.providers.http.rates import Limiter
from docbatch.providers.llamacloud import outcomes
from docbatch.providers.llamacloud.calls import DIRECTORIES, Api, Json, accepted, detail, identity, under
from docbatch.providers.llamacloud.directories import Directories, Listing
from docbatch.providers.llamacloud.upload_form import UploadForm, shown_name

CHANGED = "its bytes changed while they were sent"


class Placing:
    """Both ways note in the directory's watch what became of the request, as long as that is unclear."""

    def __init__(self, api: Api, directories: Directories, limiter: Limiter | None) -> None:
        self._api = api
        self._directories = directories
        self._limiter = limiter

    def place(self, item: WorkItem, directory: str, content: Content) -> Json | Failure:
        """Return the entry made, or why there will be none. Raises Unavailable, Gone of the directory, ContentChanged."""
        with content(item) as stream:
            if item.is_reference:
                return self._refer(item, directory, stream)
            return self._upload(item, directory, stream)

    def add(self, item: WorkItem, directory: str, file: str) -> Json | Failure:
        """Let a file the service has lie in a directory as a document."""
        path = under(DIRECTORIES, directory, "files")
        # What kind of file it is, the own name of one that we did not upload says.
        about = {} if item.is_reference else {"display_name": shown_name(item)}
        body = {"file_id": file, "unique_id": item.key, **about}

        def send() -> Reply | Failure:
            reply = self._api.answer("POST", path, body=body)
            if reply.status in (404, 410) and self._directories.exists(directory):
                said = f"LlamaCloud has no file {file} in this project: {detail(reply)}"
                return outcomes.refusal(reply.status, said)
            return reply

        return self._told(item, directory, path, send)

    def _refer(self, item: WorkItem, directory: str, stream: BinaryIO) -> Json | Failure:
        content = stream.read(LONGEST)
        if hashlib.sha256(content).hexdigest() != item.digest:
            raise ContentChanged(item.key, CHANGED)
        reference = decode(content)
        if reference.kind is not Input.FILE_ID:
            raise ValueError(f"LlamaCloud follows no {reference.kind} of its own")
        return self.add(item, directory, reference.value)

    def _upload(self, item: WorkItem, directory: str, stream: BinaryIO) -> Json | Failure:
        path = under(DIRECTORIES, directory, "files", "upload")
        if self._limiter is not None:
            # Nothing was asked yet, so a wait that is too long leaves nothing unclear in the directory.
            self._limiter.wait()
        about = {"display_name": shown_name(item), "unique_id": item.key}
        form = UploadForm(about, stream, name=item.name, media_type=item.media_type, size=item.size)
        try:
            made = self._told(item, directory, path, lambda: self._api.upload(path, form, form.headers))
        except Unavailable as error:
            if form.ended_early:
                raise ContentChanged(item.key, CHANGED) from error
            raise
        if not isinstance(made, Failure) and not form.is_as_planned(item.digest):
            raise ContentChanged(item.key, CHANGED)
        return made

    def _told(
        self, item: WorkItem, directory: str, path: str, send: Callable[[], Reply | Failure]
    ) -> Json | Failure:
        self._directories.begin(directory)
        try:
            said = send()
            return said if isinstance(said, Failure) else _judged(item, path, said)
        except Unavailable:
            self._directories.watch(directory).cloud()
            raise


def _judged(item: WorkItem, path: str, reply: Reply) -> Json | Failure:
    """Read an answer. Raises Unavailable for whatever leaves open what lies in the directory now; Gone."""
    if reply.status == 409:
        # Perhaps an earlier request, whose answer was lost, is what this one is in conflict with.
        raise Unavailable(f"adding {item.name} met a conflict: {detail(reply)}")
    if 400 <= reply.status < 500 and reply.status not in (404, 410):
        return outcomes.refusal(reply.status, detail(reply))
    made = accepted(reply, "POST", path).json()
    if not isinstance(made, dict) or identities.identity(made.get("id")) is None:
        raise Unavailable(f"adding {item.name} was answered without an id: {reply.excerpt}")
    return made


LARGEST: Mapping[Operation, int] = {Operation.PARSE: 512_000_000, Operation.EXTRACT: 100_000_000}


REFUSED = "refused "


def upload_step(key: str) -> str:
    return f"upload {key}"


def contents_step(marker: str) -> str:
    return f"contents {marker}"


def entries_of(contents: RemoteObject) -> dict[str, str]:
    """Return whose document each entry of a completed directory is."""
    return {entry: key for entry, key in contents.data.items() if not entry.startswith(REFUSED)}


def refusals_of(contents: RemoteObject) -> dict[str, Failure]:
    """Return why documents were not taken into a completed directory."""
    return {
        name.removeprefix(REFUSED): _failure(json.loads(noted))
        for name, noted in contents.data.items()
        if name.startswith(REFUSED)
    }


def recalled(item: WorkItem, contents: RemoteObject) -> RemoteObject:
    """Return a document's upload as a completed directory knows it."""
    why = refusals_of(contents).get(item.key)
    if why is not None:
        return _refusal(item, why)
    entry = next(entry for entry, key in entries_of(contents).items() if key == item.key)
    return RemoteObject(upload_step(item.key), entry, {"directory": contents.remote_id}, contents.expires)


class Uploads:
    def __init__(self, api: Api, directories: Directories, limiter: Limiter | None) -> None:
        self._api = api
        self._directories = directories
        self._limiter = limiter
        self._placing = Placing(api, directories, limiter)

    def close(self) -> None:
        """Wake uploads that wait for their turn; they end as Unavailable."""
        if self._limiter is not None:
            self._limiter.close()

    def put(
        self, item: WorkItem, operation: Operation, directory: RemoteObject, content: Content
    ) -> RemoteObject:
        """Put a document into a directory, unless it lies there already. A refusal is recorded as what became of it.

        Raises Unavailable, Gone (of the directory), ContentChanged, CredentialsError.
        """
        largest = LARGEST[operation]
        if item.size > largest and not item.is_reference:
            said = f"{item.size:,} bytes are more than the {largest:,} that LlamaCloud takes to {operation}"
            return self._refuse(item, directory.remote_id, Failure(FailureClass.TOO_LARGE, said))
        where = directory.remote_id
        known = self._directories.watch(where).refused.get(item.key)
        if known is not None:
            return _refusal(item, known)
        if not self._directories.watch(where).clear and (there := self._directories.entries(where, item.key)):
            found = _entry(item, directory, there[0])
            return replace(found, data={**found.data, FOUND: "1"})
        answer = self._placing.place(item, where, content)
        if isinstance(answer, Failure):
            return self._refuse(item, where, answer)
        return _entry(item, directory, answer)

    def _refuse(self, item: WorkItem, directory: str, why: Failure) -> RemoteObject:
        self._directories.watch(directory).refused[item.key] = why
        return _refusal(item, why)

    def complete(
        self, step: str, batch: Batch, directory: RemoteObject, prepared: Prepared, content: Content
    ) -> RemoteObject:
        """Make sure that the directory holds each document once and nothing else; return which entry is whose.

        Raises Unavailable until that is so, Gone, ContentChanged.
        """
        where = directory.remote_id
        refusals = dict(self._directories.watch(where).refused)
        wanted = {item.key: item for item in batch.items if item.key not in refusals}
        listing, kept = self._exact(where, wanted)
        if missing := [wanted[key] for key in wanted.keys() - set(kept.values())]:
            self._bring(missing, batch.operation, directory, prepared, content)
            listing, kept = self._exact(where, wanted)
        if len(kept) < len(wanted):
            self._directories.wait_for_all(where, listing, len(wanted) - len(kept))
        self._directories.settle(where, listing, _noted(refusals))
        return RemoteObject(step, where, {**kept, **_noted(refusals)}, directory.expires)

    def _exact(self, directory: str, wanted: Collection[str]) -> tuple[Listing, dict[str, str]]:
        """List a directory, once there is nothing in it beside the documents. Raises Unavailable."""
        listing = self._directories.listing(directory)
        kept = _first_of_each(listing.entries, wanted)
        if len(kept) < len(listing.entries):
            self._drop(directory, [entry for entry in map(identity, listing.entries) if entry not in kept])
        return listing, kept

    def recall(self, directory: RemoteObject, step: str, seen: RemoteObject | None) -> None:
        """Take up what was seen of a directory, and which documents were not taken into it."""
        watch = self._directories.recall(directory.remote_id, step, seen)
        if watch.seen is not None:
            watch.refused |= refusals_of(watch.seen)

    def _drop(self, directory: str, surplus: list[str]) -> None:
        """Take out what would be processed and paid beside the documents: twins of repeated uploads."""
        self._directories.begin(directory)
        for entry in surplus:
            try:
                self._api.delete(under(DIRECTORIES, directory, "files", entry))
            except Gone:
                continue
        raise self._directories.unsettle(
            directory, f"{len(surplus)} surplus files were taken out of {directory}"
        )

    def _bring(
        self,
        missing: list[WorkItem],
        operation: Operation,
        directory: RemoteObject,
        prepared: Prepared,
        content: Content,
    ) -> None:
        """Put documents into this directory that were uploaded to an earlier one."""
        watch = self._directories.watch(directory.remote_id)
        for item in missing:
            made = prepared[upload_step(item.key)]
            if made.data.get("directory") == directory.remote_id or item.key in watch.attached:
                continue
            file = made.data.get("file")
            if not file or isinstance(self._placing.add(item, directory.remote_id, file), Failure):
                self.put(item, operation, directory, content)
            watch.attached.add(item.key)


def _entry(item: WorkItem, directory: RemoteObject, entry: Json) -> RemoteObject:
    data = {"directory": directory.remote_id, "file": str(entry.get("file_id") or "")}
    return RemoteObject(upload_step(item.key), identity(entry), data, directory.expires)


def _refusal(item: WorkItem, why: Failure) -> RemoteObject:
    """Record a refusal for this submission only: it has expired when the document is sent again."""
    return RemoteObject(upload_step(item.key), "", _noted({item.key: why}), expires=0.0)


def _noted(refusals: Mapping[str, Failure]) -> dict[str, str]:
    return {REFUSED + key: json.dumps([why.kind, why.message, why.code]) for key, why in refusals.items()}


def _failure(noted: list[str]) -> Failure:
    kind, message, code = noted
    return Failure(FailureClass(kind), message, code)


def _first_of_each(entries: Iterable[Json], wanted: Collection[str]) -> dict[str, str]:
    """Return entry to document; a document's first entry counts, twins and strangers do not."""
    found: dict[str, str] = {}
    for entry in entries:
        key = str(entry.get("unique_id"))
        if key in wanted:
            found.setdefault(key, identity(entry))
    return {entry: key for key, entry in found.items()}
