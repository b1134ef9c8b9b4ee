"""extract.page on loopback, with the quirks its documentation leaves open as knobs."""

from collections.abc import Collection, Mapping
from functools import partial
from hashlib import sha256
from typing import Any, Literal

from docbatch.emulators.any_key import AnyKey
from docbatch.emulators.extractpage.objects import Batch, File, Item, Kept, Refusal, iso, limited, require
from docbatch.emulators.extractpage.work import IMAGE_SECRET, Work
from docbatch.emulators.server import Payment, Request, Response

__all__ = ["HOUR", "IMAGE_SECRET", "KEY", "OTHER_KEY", "ExtractPage"]

HOUR = 3600.0
KEY = "xp-key-0f3a"
OTHER_KEY = "xp-key-of-another-account"


class ExtractPage(Work):
    """Documents are paid for when their batch is made."""

    def __init__(self, **knobs: Any) -> None:
        self.accounts = {KEY: "acme", OTHER_KEY: "other"}
        self.idempotent = True
        self.mismatch: Literal["replay", "409", "422"] = "replay"
        self.remembers_refusals = False
        self.files_first = False
        self.oldest_first = False
        self.signed = "host"
        self.put_life = 900.0
        self.expired_puts = 0
        self.unlanded = 0
        self.file_life = 72 * HOUR
        self.says_expiry = True
        self.key_life = 24 * HOUR
        self.batch_life = 72 * HOUR
        self.quota: int | None = None
        self.largest: int | None = None
        self.unconfigured = 0
        self.files: dict[str, File] = {}
        self.batches: dict[str, Batch] = {}
        self._keyed: dict[tuple[str, str], Kept] = {}
        super().__init__()
        for name, value in knobs.items():
            assert hasattr(self, name), name
            setattr(self, name, value)

    def route(self, request: Request) -> Response:
        try:
            return self._answer_to(request)
        except Refusal as refusal:
            return refusal.response

    def _answer_to(self, request: Request) -> Response:  # noqa: PLR0911 - one for each endpoint
        account = self.accounts.get(request.headers.get("x-api-key", ""))
        if account is None:
            raise Refusal(401, {"detail": "Invalid API key"})
        match request.method, *request.segments:
            case "POST", "v1", "files":
                return Response.of(self._register(account, request.json()))
            case "GET", "v1", "files", identity:
                return Response.of(self._shown_file(self._file(account, identity)))
            case "POST", "v1", "batches":
                return Response.of(self._create(account, request))
            case "GET", "v1", "batches":
                return Response.of(self._listed(account, request))
            case "GET", "v1", "batches", identity:
                return Response.of(self._followed(self._batch(account, identity), request))
            case "POST", "v1", "batches", identity, "cancel":
                return Response.of(self._cancelled(self._batch(account, identity)))
            case "GET", "v1", "batches", identity, "items", item, "result":
                return self._result(self._batch(account, identity), item)
        raise Refusal(404, {"detail": "Not Found"})

    # Files

    def _register(self, account: str, body: Any) -> dict[str, Any]:
        if self.unconfigured:
            self.unconfigured -= 1
            raise Refusal(503, {"detail": "batch uploads are not configured"})
        require(isinstance(body.get("size_bytes"), int) and body["size_bytes"] > 0, "size_bytes")
        require(len(body.get("filename") or "") <= 512, "filename")
        require(len(body.get("content_type") or "") <= 128, "content_type")
        if self.largest is not None and body["size_bytes"] > self.largest:
            raise Refusal(413, {"detail": "file too large"})
        now = self.clock()
        file = File(
            f"file_{len(self.files) + 1:06d}", account, body["size_bytes"], body.get("filename"),
            body.get("content_type"), now, now + self.file_life,
        )  # fmt: skip
        self.files[file.id] = file
        life = -1.0 if self.expired_puts else self.put_life
        self.expired_puts = max(0, self.expired_puts - 1)
        url = self.presigned("PUT", file.path, life, self.signed)
        upload = {"method": "PUT", "url": url, "expires_at": iso(now + life)}
        return {**self._shown_file(file), "upload": upload}

    def _shown_file(self, file: File) -> dict[str, Any]:
        shown = {
            "object": "file",
            "id": file.id,
            "customer_id": f"cus_{file.account}",
            "status": "ready" if file.path in self.blobs else "awaiting_upload",
            "size_bytes": file.size,
            "filename": file.name,
            "content_type": file.kind,
            "sha256": None,
            "created_at": iso(file.created),
        }
        return {**shown, "expires_at": iso(file.expires)} if self.says_expiry else shown

    def _file(self, account: str, identity: str) -> File:
        file = self.files.get(identity)
        if file is None or file.account != account or self.clock() > file.expires:
            raise Refusal(404, {"detail": "Not Found"})
        return file

    def store(self, request: Request) -> Response:
        response = super().store(request)
        file = self.files.get(request.path.rpartition("/")[2])
        if request.method == "PUT" and response.status == 200 and file is not None:
            wrong = "content-type" in self.signed and request.headers.get("content-type") != (file.kind or "")
            if wrong or len(request.body) != file.size:
                self.blobs.pop(file.path, None)
                return Response(403, body=b"<Error><Code>SignatureDoesNotMatch</Code></Error>")
        if request.method == "GET" and response.status == 200:
            return self._sent(response)
        return response

    # Batches

    def _create(self, account: str, request: Request) -> dict[str, Any]:
        key, digest = request.headers.get("idempotency-key"), sha256(request.body).hexdigest()
        kept = self._keyed.get((account, key or ""))
        if self.files_first:
            self._check(account, request)
        if self.idempotent and kept is not None and self.clock() - kept.at <= self.key_life:
            return self._replayed(kept, digest)
        try:
            files = self._check(account, request)
        except Refusal as refusal:
            if self.remembers_refusals and key is not None:
                self._keyed[account, key] = Kept(digest, self.clock(), None, refusal)
            raise
        batch = self._made(account, request.json(), files)
        if key is not None:
            self._keyed[account, key] = Kept(digest, self.clock(), batch.id, None)
        return self._shown(batch)

    def _replayed(self, kept: Kept, digest: str) -> dict[str, Any]:
        if kept.digest != digest and self.mismatch != "replay":
            raise Refusal(int(self.mismatch), {"error": "idempotency_key_reused"})
        if kept.refusal is not None:
            raise kept.refusal
        assert kept.batch is not None
        return self._shown(self.batches[kept.batch])

    def _check(self, account: str, request: Request) -> list[File]:
        body = request.json()
        ids = body.get("source", {}).get("file_ids")
        require(isinstance(ids, list) and 1 <= len(ids) <= 10_000, "source", "file_ids")
        require(len(body.get("engine") or "") <= 64, "engine")
        for name in ("extract_text", "extract_images"):
            require(isinstance(body.get(name, True), bool), name)
        known = [self.files.get(each) for each in ids]
        files = [each for each in known if each and each.account == account and self.clock() <= each.expires]
        if len(files) < len(ids):
            missing = sorted(set(ids) - {file.id for file in files})
            raise Refusal(404, {"error": "file_not_found", "file_ids": missing})
        absent = [file.id for file in files if file.path not in self.blobs]
        if self.unlanded:
            self.unlanded -= 1
            absent = absent or [files[0].id]
        if absent:
            raise Refusal(409, {"error": "file_not_uploaded", "file_ids": absent})
        if self.quota is not None and len(self.ledger) + len(ids) > self.quota:
            raise Refusal(402, {"error": "quota_exceeded"})
        return files

    def _made(self, account: str, body: Mapping[str, Any], files: list[File]) -> Batch:
        now = self.clock()
        batch = Batch(f"batch_{len(self.batches) + 1:04d}", account, body, now, now + self.batch_life)
        for position, file in enumerate(files):
            identity = f"item_{len(self.batches) + 1:04d}_{position:05d}"
            item = Item(identity, batch.id, file, position, self._tick())
            batch.items.append(item)
            payment = Payment("parse", file.title)
            self.buy(file.title, payment, self.blobs[file.path], partial(self._take_in, item))
        self.batches[batch.id] = batch
        return batch

    def _batch(self, account: str, identity: str) -> Batch:
        batch = self.batches.get(identity)
        if batch is None or batch.account != account or self.clock() > batch.expires:
            raise Refusal(404, {"detail": "Not Found"})
        return batch

    def _listed(self, account: str, request: Request) -> dict[str, Any]:
        limit = limited(request, 50, 200)
        now = self.clock()
        shown = [
            each
            for each in self.batches.values()
            if each.account == account and each.created + self.lag <= now <= each.expires
        ]
        ordered = sorted(shown, key=lambda each: each.id, reverse=not self.oldest_first)
        start = int(request.param("cursor") or 0)
        following = str(start + limit) if start + limit < len(ordered) else None
        page = [self._shown(each) for each in ordered[start : start + limit]]
        return {"object": "list", "data": page, "next_cursor": following}

    def _cancelled(self, batch: Batch) -> dict[str, Any]:
        if batch.completed is not None:
            raise Refusal(409, {"error": "batch_finished"})
        for item in batch.items:
            if item.status in {"pending", "running"}:
                self._end(item, "cancelled")
        batch.completed = self.clock()
        return self._shown(batch)


def rehearsed(_extracting: Collection[str]) -> ExtractPage:
    """Return the service as it takes any key."""
    return ExtractPage(accounts=AnyKey("rehearsal"))
