"""The work of the emulated extract.page: batches whose items end as they are asked for, and their results."""

import base64
import gzip
import json
from typing import Any

from docbatch.emulators.extractpage.objects import Batch, Item, Refusal, iso, limited, parsed
from docbatch.emulators.reading import Reading
from docbatch.emulators.server import Emulator, Request, Response

IMAGE_SECRET = "image-link-secret"


class Work(Emulator):
    """Items end after their batch was asked for `pace` times. `pictures` come with the results of files that are called so.

    With `links_pictures` each result has a link to the `linked_picture` as well, or to none.
    """

    def __init__(self) -> None:
        self.watermark = False
        self.echoes_metadata = True
        self.forgets_cursors = False
        self.pace = 2
        self.late = 0
        self.page = 500
        self.words: dict[str, str] = {}
        self.other_options: dict[str, bool] = {}
        self.failing: dict[str, str] = {}
        self.pictures: dict[str, list[bytes]] = {}
        self.links_pictures = False
        self.linked_picture: bytes | None = None
        self.unlisted: set[str] = set()
        self.expired_links = 0
        self.spoilt_results = 0
        self.gone: set[str] = set()
        self.zips = False
        self.direct = False
        self.location: str | None = None
        self._stamp = 0.0
        super().__init__()

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
            "options": {name: batch.body.get(name, True) for name in ("extract_text", "extract_images")}
            | self.other_options,
            "metadata": batch.body.get("metadata") if self.echoes_metadata else None,
            "created_at": iso(batch.created),
            "started_at": iso(batch.created),
            "completed_at": None if batch.completed is None else iso(batch.completed),
            "expires_at": iso(batch.expires),
        }

    def _followed(self, batch: Batch, request: Request) -> dict[str, Any]:
        limit = min(limited(request, 100, 500), self.page)
        cursor = request.param("cursor")
        if cursor is not None and self.forgets_cursors:
            self.forgets_cursors = False
            raise Refusal(422, {"detail": [{"loc": ["query", "cursor"], "msg": "unknown", "type": "value"}]})
        self._advance(batch)
        listed = (
            item
            for item in batch.items
            if item.file.title not in self.unlisted and not self.scenario.hides(item.file.title)
        )
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
            if item.status != "pending" or item.late is not None or item.reading is None:
                continue
            if item.position < self.late:
                item.late = self._tick()
            else:
                self._end(item, "failed" if item.file.title in self.failing else "succeeded")
        if not batch.count("pending"):
            batch.completed = self.clock()

    def _take_in(self, item: Item, reading: Reading) -> None:
        """Keep what was read. Without a script an item ends by itself, and not when it is asked for."""
        item.reading = reading
        if not self.scripted and item.status == "pending":
            self._end(item, "failed" if reading.failure else "succeeded")

    def _commit_late(self, batch: Batch) -> None:
        for item in batch.items:
            if item.late is not None and item.status == "pending":
                self._end(item, "succeeded", at=item.late)

    def _end(self, item: Item, status: str, at: float | None = None) -> None:
        item.status = status
        item.started = self.clock()
        item.completed = item.started + 1.5
        item.error = self.failing.get(item.file.title)
        if status == "failed" and item.reading is not None and item.reading.failure:
            item.error = item.reading.failure.kind.value
        item.updated = self._tick() if at is None else at
        if status == "succeeded":
            assert item.reading is not None
            link = (
                f"{self.presigned('GET', f'/images/{item.id}')}&token={IMAGE_SECRET}"
                if self.scripted and self.links_pictures
                else None
            )
            if self.linked_picture is not None:
                self.blobs[f"/images/{item.id}"] = self.linked_picture
            self.blobs[f"/results/{item.id}"] = json.dumps(
                parsed(item.reading.pages, link, self.pictures.get(item.file.title, ()))
            ).encode()

    def _row(self, item: Item) -> dict[str, Any]:
        return {
            "object": "batch_item",
            "id": item.id,
            "batch_id": item.batch,
            "file_id": item.file.id,
            "position": item.position,
            "status": self.words.get(item.status, item.status),
            "attempts": 1,
            "page_count": len(item.reading.pages) if item.reading and item.status == "succeeded" else None,
            "started_at": None if item.started is None else iso(item.started),
            "completed_at": None if item.completed is None else iso(item.completed),
            "updated_at": iso(item.updated),
            "result_url": None,
            "error": None if item.error is None else {"code": item.error},
        }

    # Results

    def _result(self, batch: Batch, identity: str) -> Response:
        item = batch.item(identity)
        if item is None:
            raise Refusal(404, {"detail": "Not Found"})
        if item.status != "succeeded":
            raise Refusal(409, {"error": "result_not_ready", "status": item.status})
        if item.file.title in self.gone or self.scenario.is_gone(item.completed or 0.0, self.clock()):
            raise Refusal(410, {"error": "result_expired"})
        if self.direct:
            return Response(200, {"Content-Type": "application/json"}, self.blobs[f"/results/{identity}"])
        if self.location is not None:
            return Response(302, {"Location": self.location})
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
