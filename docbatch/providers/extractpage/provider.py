"""extract.page as the engine sees it: uploads, one keyed create, looks by our metadata, a feed, results."""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Final

from docbatch.core.errors import CredentialsError, Gone, NotSent, Refused, Stale, Unavailable, Uncertain
from docbatch.core.models import Operation, RemoteObject, Traits, WorkItem
from docbatch.naming.references import LONGEST, decode
from docbatch.providers.base import (
    Accepted,
    Batch,
    Content,
    ContentChanged,
    Intent,
    Prepared,
    Progress,
    Ready,
    Recalled,
    Sighting,
    Step,
    Survey,
    left_by_looks,
)
from docbatch.providers.extractpage import expectations, lookup, marks, request, uploads
from docbatch.providers.extractpage.answer import ExtractPageAnswer, pack, read
from docbatch.providers.extractpage.calls import BATCHES, Service, complaint
from docbatch.providers.extractpage.following import Feed, scan
from docbatch.providers.extractpage.locator import Locator
from docbatch.providers.extractpage.lookup import recalled, recipe_of
from docbatch.providers.extractpage.replies import Misshapen, RemoteBatch, named_files, read_batch
from docbatch.providers.http.keyed import Reply
from docbatch.providers.http.link_fields import without_queries
from docbatch.providers.http.reply import EXPLAINED

KEY_TRUSTED_FOR: Final = 23 * uploads.HOUR
OPENING_LASTS: Final = uploads.HOUR


class ExtractPageProvider:
    type = "extractpage"

    def __init__(self, service: Service, account: str, traits: Traits) -> None:
        self.account = account
        self.traits = traits
        self._service = service
        self._feeds: dict[str, Feed] = {}
        self._said: set[str] = set()
        # Files that no batch takes, each with the vendor's words.
        self._declined: dict[str, str] = {}
        self._indexed: tuple[Batch | None, Mapping[str, WorkItem]] = (None, {})
        self._lock = threading.Lock()

    def pins(self, operation: Operation, config: Mapping[str, Any]) -> Mapping[str, str]:  # noqa: ARG002 - the service names no versions
        return {}

    def steps(self, batch: Batch) -> Sequence[Step]:
        files = [Step(marks.upload_name(item), item=item.key, shared=True) for item in batch.items]
        return [Step(marks.opening_name(batch)), *files]

    def perform(self, step: Step, batch: Batch, prepared: Prepared, content: Content) -> RemoteObject:  # noqa: ARG002 - uploads stand alone
        if step.item is None:
            now = self._service.time()
            return RemoteObject(step.name, f"{now:.0f}", expires=now + OPENING_LASTS)
        item = self._items(batch)[step.item]
        return self._find_listed(item, content) if item.is_reference else self._upload(item, content)

    def _items(self, batch: Batch) -> Mapping[str, WorkItem]:
        """Return the items by key, kept from one of ten thousand steps to the next."""
        known, items = self._indexed
        if known is not batch:
            items = {item.key: item for item in batch.items}
            self._indexed = (batch, items)
        return items

    def _upload(self, item: WorkItem, content: Content) -> RemoteObject:
        with content(item) as stream:
            file, now = self._service.register(uploads.registration(item))
            sent = uploads.Digested(stream)
            etag = self._service.put(file, sent.file, item.size)
        if sent.digest != item.digest:
            raise ContentChanged(item.key, "its bytes changed while they were sent")
        return uploads.sent(item.digest, item.media_type, file, now=now, etag=etag)

    def _find_listed(self, item: WorkItem, content: Content) -> RemoteObject:
        """Make sure of a file that is there already. Raises Refused for one that is not."""
        with content(item) as stream:
            identity = decode(stream.read(LONGEST)).value
        if identity in self._declined:
            raise uploads.unusable(identity, self._declined[identity])
        file, now = self._service.file(identity)
        if file is None:
            raise uploads.unusable(identity, "it is not known there to the key of this connection")
        return uploads.listed(item.digest, file, now=now)

    def render(self, batch: Batch, prepared: Prepared) -> bytes:
        return request.render(batch, prepared, recipe_of(self.type, self.account, batch))

    def create(self, intent: Intent) -> Accepted:
        """Send the request under its key, unless the work is there already or what it needs has aged."""
        try:
            found, now = self._find(intent)
        except (Unavailable, Refused) as error:
            wait = error.retry_after if isinstance(error, Unavailable) else None
            told = f"not sent: {error.message}"
            raise NotSent(told, retry_after=wait, cause=error.cause, general=error.general) from None
        if found is not None:
            return found
        _refuse_aged(intent, now)
        key = {"Idempotency-Key": request.idempotency_key(intent.body)}
        return self._accepted(intent, self._service.client.create(BATCHES, intent.body, headers=key))

    def _accepted(self, intent: Intent, reply: Reply) -> Accepted:
        """Read the answer to a create. Raises Refused, Uncertain."""
        if not 200 <= reply.status < 300:
            if reply.status in {404, 409}:
                self._declined |= dict.fromkeys(named_files(_body(reply)), complaint(reply)[1])
            _decline(intent, reply)
        try:
            batch = read_batch(reply.json())
        except Misshapen as error:
            raise Uncertain(
                f"the create was answered in an unknown shape ({error}): {reply.excerpt}"
            ) from None
        if not marks.is_of(batch, intent):
            raise Uncertain(f"the create was answered with batch {batch.id}, which does not carry our marks")
        return Accepted(batch.id, note=self._unsaid(replace(batch, seen=reply.date), intent))

    def _unsaid(self, batch: RemoteBatch, intent: Intent) -> str:
        """Return what is to be said of a batch and was not said before; it counts as said."""
        with self._lock:
            new = [each for each in expectations.remarks(batch, intent.body) if each not in self._said]
            self._said.update(new)
        return "; ".join(new)

    def _find(self, intent: Intent) -> tuple[Accepted | None, float]:
        """Look through all batches for our metadata; of several the earliest is ours. Return the vendor's time too."""
        batches, now = self._service.batches()
        found = [batch for batch in batches if marks.is_of(batch, intent)]
        return Accepted(_earliest(found).id) if found else None, now

    def look(self, intent: Intent) -> Sighting:
        """Look for our metadata. A file of this very intent is the witness: another account does not have it."""
        with self._service.client.hearing() as heard:
            sighting = self._seen(intent)
        return replace(sighting, date=heard.date)

    def _seen(self, intent: Intent) -> Sighting:
        try:
            batches, now = self._service.batches()
        except Refused:
            return Sighting(None, witness=False)
        found = [batch for batch in batches if marks.is_of(batch, intent)]
        if found:
            return Sighting(Accepted(_earliest(found).id), witness=True)
        file = _youngest(intent)
        if file is None or now < float(file.data["ends"]):
            return Sighting(None, witness=file is not None and self._service.sees_file(file.remote_id))
        return self._by_a_new_file(intent, file, batches, now)

    def _by_a_new_file(
        self, intent: Intent, file: RemoteObject, batches: Sequence[RemoteBatch], now: float
    ) -> Sighting:
        """Look for the witness where all files of the intent have expired: a new one of the same account.

        That shows whose the credentials are, but not that the batch would still be listed: other batches tell how long
        they are. Where none does, nothing is proven.
        """
        opened = float(intent.prepared[marks.opening_name(intent.batch)].remote_id)
        if "owner" not in file.data or now >= opened + lookup.listed_for(batches):
            return Sighting(None, witness=False)
        step = left_by_looks(intent.marker)
        left = intent.prepared.get(step)
        if left is None:
            made, _ = self._service.register(uploads.witness(intent.marker))
            owner = {} if made.owner is None else {"owner": made.owner}
            left = RemoteObject(step, made.id, owner, made.expires or now + uploads.UNSAID_LIFE)
        is_ours = left.data.get("owner") == file.data["owner"] and self._service.sees_file(left.remote_id)
        return Sighting(None, witness=is_ours, left=left)

    def survey(self, prefix: str) -> Survey:
        with self._service.client.hearing() as heard:
            markers = {marks.marker(batch) for batch in self._service.batches()[0]}
        return Survey(sorted(marker for marker in markers if marker.startswith(prefix)), heard.date)

    def poll(self, intent: Intent, remote_id: str | None) -> Progress:
        if remote_id is None:
            raise Gone(f"submission {intent.submission} has no batch to ask about")
        feed = self._feed(intent)
        try:
            with self._service.client.hearing() as heard:
                progress = feed.follow(lambda cursor: self._service.page(remote_id, cursor))
        except Gone:
            self._refuse_strangers(intent)
            raise
        progress = replace(progress, date=heard.date)
        if feed.is_over:
            # Asked about once more, the batch is read from the beginning: then what was told did not arrive.
            self._feeds.pop(intent.submission, None)
        if feed.batch is None:
            return progress
        note = self._unsaid(feed.batch, intent)
        return replace(progress, note=note, lasts=expectations.lasts(feed.batch))

    def _feed(self, intent: Intent) -> Feed:
        with self._lock:
            if intent.submission not in self._feeds:
                self._feeds[intent.submission] = Feed(request.keys_by_file(intent))
            return self._feeds[intent.submission]

    def _refuse_strangers(self, intent: Intent) -> None:
        """Raise CredentialsError when other credentials are why the work is not seen: then nothing is lost."""
        file = _youngest(intent)
        if file is None or self._service.sees_file(file.remote_id):
            return
        if self._service.time() < float(file.data["ends"]):
            raise CredentialsError(
                f"the key of this connection does not see submission {intent.submission}, nor the files sent for it",
                hint="use the key of the account that sent it; what was paid there is still to be had",
            )

    def fetch(self, intent: Intent, ready: Ready) -> bytes:
        at = Locator.parse(ready.remote_id)
        try:
            answer = self._service.result(at)
        except Gone:
            self._refuse_strangers(intent)
            raise
        return pack(at, without_queries(answer, "image_url"), self._service.pictures(answer))

    def read(self, payload: bytes) -> ExtractPageAnswer:
        return read(payload)

    def recall(self, marker: str) -> Recalled:
        batches, now = self._service.batches()
        found = [batch for batch in batches if marks.marker(batch) == marker]
        if not found:
            raise Gone(f"extract.page lists no batch with the marker {marker} any more")
        batch = _earliest(found)
        files = scan(lambda cursor: self._service.page(batch.id, cursor))[1]
        with ThreadPoolExecutor(self.traits.concurrency) as pool:
            seen = [file for file, _ in pool.map(self._service.file, files)]
        return recalled(batch, [file for file in seen if file is not None], now)

    def discard(self, intent: Intent) -> None:
        """Nothing is made for a submission alone: uploads serve all that their document is sent with."""

    def cancel(self, intent: Intent, remote_id: str | None) -> None:  # noqa: ARG002 - the batch is all it takes
        if remote_id is not None:
            self._service.cancel(remote_id)

    def close(self) -> None:
        self._service.close()


def _earliest(batches: Sequence[RemoteBatch]) -> RemoteBatch:
    return min(batches, key=lambda batch: (batch.created or 0.0, batch.id))


def _refuse_aged(intent: Intent, now: float) -> None:
    """Raise Stale for a key that may make a second batch by now, and for uploads too old for a worker to fetch."""
    opening = marks.opening_name(intent.batch)
    age = now - float(intent.prepared[opening].remote_id)
    if age >= KEY_TRUSTED_FOR:
        message = f"its key is {age / uploads.HOUR:.0f} hours old and counts for 23 only; it was not sent"
        raise Stale(message, code="key_too_old", stale=[opening])
    aged = [made.step for made in _uploads(intent) if made.expires is not None and made.expires <= now]
    if aged:
        raise Stale(
            f"{len(aged)} of its uploads are too old; it was not sent", code="files_too_old", stale=aged
        )


def _uploads(intent: Intent) -> list[RemoteObject]:
    return [made for made in intent.prepared.values() if "ends" in made.data]


def _youngest(intent: Intent) -> RemoteObject | None:
    """Return the upload that lives longest."""
    return max(_uploads(intent), key=lambda made: float(made.data["ends"]), default=None)


def _decline(intent: Intent, reply: Reply) -> None:
    """Raise what a definite 4xx means."""
    code, told = complaint(reply)
    message = f"the batch was answered with status {reply.status}: {told}"
    named = named_files(_body(reply))
    if reply.status in {404, 409} and (named or code in {"file_not_found", "file_not_uploaded"}):
        stale = [name for name, made in intent.prepared.items() if made.remote_id in named]
        names = [marks.upload_name(item) for item in intent.batch.items]
        raise Stale(message, code=code or str(reply.status), stale=stale or names)
    if reply.status == 409:
        # A conflict over the key itself may mean that its first request is still at work.
        raise Uncertain(message)
    if reply.status == 402:
        hint = "add to the balance, then apply again: the uploads are kept for 48 hours"
        raise Refused(message, code=code or "quota_exceeded", kind="out_of_credits", hint=hint)
    unexplained = reply.status not in EXPLAINED and not named
    raise Refused(message, code=code or str(reply.status), unexplained=unexplained)


def _body(reply: Reply) -> Any:
    try:
        return reply.json()
    except Unavailable:
        return None
