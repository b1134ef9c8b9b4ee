"""extract.page on loopback, with the quirks its documentation leaves open as knobs."""

import base64
import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Literal

from docbatch.emulators.server import Emulator, Request, Response

HOUR = 3600.0
KEY = "xp-key-0f3a"
OTHER_KEY = "xp-key-of-another-account"
IMAGE_SECRET = "image-link-secret"


class Refusal(Exception):
    def __init__(self, status: int, body: object, **headers: str) -> None:
        super().__init__(status)
        self.response = Response.of(body, status, **headers)


@dataclass
class File:
    id: str
    account: str
    size: int
    name: str | None
    kind: str | None
    created: float
    expires: float

    @property
    def path(self) -> str:
        return f"/uploads/{self.id}"


@dataclass
class Item:
    id: str
    batch: str
    file: File
    position: int
    updated: float
    status: str = "pending"
    late: float | None = None
    error: str | None = None
    started: float | None = None
    completed: float | None = None


@dataclass
class Batch:
    id: str
    account: str
    body: Mapping[str, Any]
    created: float
    expires: float
    items: list[Item] = field(default_factory=list)
    asked: int = 0
    completed: float | None = None

    def count(self, status: str) -> int:
        return sum(item.status == status for item in self.items)


@dataclass
class Kept:
    """What a key was answered with."""

    digest: str
    at: float
    batch: str | None
    refusal: Refusal | None


class ExtractPage(Emulator):
    """Items end after the batch was asked for `pace` times. Documents are paid for when their batch is made."""

    def __init__(self, **knobs: Any) -> None:
        self.accounts = {KEY: "acme", OTHER_KEY: "other"}
        self.idempotent = True
        self.mismatch: Literal["replay", "409", "422"] = "replay"
        self.remembers_refusals = False
        self.files_first = False
        self.watermark = False
        self.oldest_first = False
        self.echoes_metadata = True
        self.forgets_cursors = False
        self.pace = 2
        self.late = 0
        self.page = 500
        self.words: dict[str, str] = {}
        self.failing: dict[str, str] = {}
        self.unlisted: set[str] = set()
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
        self.expired_links = 0
        self.spoilt_results = 0
        self.gone: set[str] = set()
        self.zips = False
        self.direct = False
        self.files: dict[str, File] = {}
        self.batches: dict[str, Batch] = {}
        self._keyed: dict[tuple[str, str], Kept] = {}
        self._stamp = 0.0
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
        _require(isinstance(body.get("size_bytes"), int) and body["size_bytes"] > 0, "size_bytes")
        _require(len(body.get("filename") or "") <= 512, "filename")
        _require(len(body.get("content_type") or "") <= 128, "content_type")
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
        _require(isinstance(ids, list) and 1 <= len(ids) <= 10_000, "source", "file_ids")
        _require(len(body.get("engine") or "") <= 64, "engine")
        for name in ("extract_text", "extract_images"):
            _require(isinstance(body.get(name, True), bool), name)
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
            batch.items.append(Item(identity, batch.id, file, position, self._tick()))
            self.ledger.append(file.name or file.id)
        self.batches[batch.id] = batch
        return batch

    def _batch(self, account: str, identity: str) -> Batch:
        batch = self.batches.get(identity)
        if batch is None or batch.account != account or self.clock() > batch.expires:
            raise Refusal(404, {"detail": "Not Found"})
        return batch

    def _shown(self, batch: Batch) -> dict[str, Any]:
        status = "pending"
        if batch.completed is not None:
            status = "partially_failed" if batch.count("failed") else "completed"
        names = ("pending", "running", "succeeded", "failed", "cancelled")
        return {
            "object": "batch",
            "id": batch.id,
            "status": self.words.get(status, status),
            "counts": {name: batch.count(name) for name in names},
            "total_items": len(batch.items),
            "engine": batch.body.get("engine"),
            "options": {"extract_text": batch.body.get("extract_text", True)},
            "metadata": batch.body.get("metadata") if self.echoes_metadata else None,
            "created_at": iso(batch.created),
            "started_at": iso(batch.created),
            "completed_at": None if batch.completed is None else iso(batch.completed),
            "expires_at": iso(batch.expires),
        }

    def _listed(self, account: str, request: Request) -> dict[str, Any]:
        limit = _limit(request, 50, 200)
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

    # The feed

    def _followed(self, batch: Batch, request: Request) -> dict[str, Any]:
        limit = min(_limit(request, 100, 500), self.page)
        cursor = request.param("cursor")
        if cursor is not None and self.forgets_cursors:
            self.forgets_cursors = False
            raise Refusal(422, {"detail": [{"loc": ["query", "cursor"], "msg": "unknown", "type": "value"}]})
        self._advance(batch)
        listed = (item for item in batch.items if item.file.name not in self.unlisted)
        rows = sorted(listed, key=lambda item: (item.updated, item.id))
        after = [] if cursor is None else json.loads(base64.b64decode(cursor))
        rows = [item for item in rows if [item.updated, item.id] > after]
        page = rows[:limit]
        following = cursor if self.watermark else None
        if page and (self.watermark or len(rows) > limit):
            following = base64.b64encode(json.dumps([page[-1].updated, page[-1].id]).encode()).decode()
        return {
            **self._shown(batch),
            "items": [self._row(item) for item in page],
            "next_cursor": following,
        }

    def _advance(self, batch: Batch) -> None:
        """Let the work go on: it does so with every question, so that no test waits for a clock."""
        batch.asked += 1
        if batch.completed is not None:
            return
        self._commit_late(batch)
        done = len(batch.items) * batch.asked // self.pace
        for item in batch.items[:done]:
            name = item.file.name or ""
            if item.status != "pending" or item.late is not None:
                continue
            if item.position < self.late:
                item.late = self._tick()
            else:
                self._end(item, "failed" if name in self.failing else "succeeded")
        if not batch.count("pending"):
            batch.completed = self.clock()

    def _commit_late(self, batch: Batch) -> None:
        for item in batch.items:
            if item.late is not None and item.status == "pending":
                self._end(item, "succeeded", at=item.late)

    def _end(self, item: Item, status: str, at: float | None = None) -> None:
        item.status = status
        item.started = self.clock()
        item.completed = item.started + 1.5
        item.error = self.failing.get(item.file.name or "")
        item.updated = self._tick() if at is None else at
        if status == "succeeded":
            text = self.blobs[item.file.path].decode(errors="replace")
            link = self.presigned("GET", f"/images/{item.id}") + f"&token={IMAGE_SECRET}"
            self.blobs[f"/results/{item.id}"] = json.dumps(parsed(text, link)).encode()

    def _row(self, item: Item) -> dict[str, Any]:
        return {
            "object": "batch_item",
            "id": item.id,
            "batch_id": item.batch,
            "file_id": item.file.id,
            "position": item.position,
            "status": self.words.get(item.status, item.status),
            "attempts": 1,
            "page_count": 1 if item.status == "succeeded" else None,
            "started_at": None if item.started is None else iso(item.started),
            "completed_at": None if item.completed is None else iso(item.completed),
            "updated_at": iso(item.updated),
            "result_url": None,
            "error": None if item.error is None else {"code": item.error},
        }

    # Results

    def _result(self, batch: Batch, identity: str) -> Response:
        item = next((each for each in batch.items if each.id == identity), None)
        if item is None:
            raise Refusal(404, {"detail": "Not Found"})
        if item.status != "succeeded":
            raise Refusal(409, {"error": "result_not_ready", "status": item.status})
        if item.file.name in self.gone:
            raise Refusal(410, {"error": "result_expired"})
        if self.direct:
            return Response(200, {"Content-Type": "application/json"}, self.blobs[f"/results/{identity}"])
        life = -1.0 if self.expired_links else 60.0
        self.expired_links = max(0, self.expired_links - 1)
        return Response(302, {"Location": self.presigned("GET", f"/results/{identity}", life)})

    def _sent(self, response: Response) -> Response:
        body = response.body
        if self.spoilt_results:
            self.spoilt_results -= 1
            body = body[: len(body) // 2]
        headers = {"Content-Type": "application/json"}
        if self.zips:
            body, headers = gzip.compress(body), {**headers, "Content-Encoding": "gzip"}
        return Response(200, headers, body)

    def _tick(self) -> float:
        """Return a time of its own for every change."""
        self._stamp = max(self.clock(), self._stamp + 0.001)
        return round(self._stamp, 3)


def parsed(text: str, link: str) -> dict[str, Any]:
    """Parse as the service would: a run of text for every line, then a figure."""
    return {
        "chunks": [
            *_lines(text),
            {"chunk_type": "image", "page_no": 1, "image_url": link, "page_content": ""},
        ]
    }


def _lines(text: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(text.splitlines()):
        top = 72.0 + 14 * number
        yield {
            "chunk_type": "text",
            "page_content": line,
            "page_no": 1,
            "bbox": [72.0, top, 72.0 + 6 * len(line), top + 12],
        }


def iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat().replace("+00:00", "Z")


def _limit(request: Request, default: int, most: int) -> int:
    limit = int(request.param("limit") or default)
    _require(1 <= limit <= most, "limit")
    return limit


def _require(holds: bool, *place: str) -> None:
    if not holds:
        raise Refusal(422, {"detail": [{"loc": ["body", *place], "msg": "is wrong", "type": "value_error"}]})
