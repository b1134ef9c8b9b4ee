"""LlamaCloud as its specification, its SDK and reports about the live service describe it, quirks included."""

import json
import random
import re
from collections.abc import Collection
from dataclasses import replace
from functools import partial
from math import inf
from typing import Any

from docbatch.emulators.any_key import AnyKey
from docbatch.emulators.llamacloud import direct_jobs
from docbatch.emulators.llamacloud.direct_jobs import DirectJobs
from docbatch.emulators.llamacloud.objects import (
    TIERS,
    Batch,
    Entry,
    Job,
    Json,
    batch_json,
    extract_job_json,
    job_metadata,
    parse_job_json,
    parse_parts,
    range_of,
    was_made_within,
)
from docbatch.emulators.llamacloud.side_files import SHOWN_AS, inline_parts, side_files
from docbatch.emulators.llamacloud.storage import KEY, ROUTES, Rejected
from docbatch.emulators.reading import Reading
from docbatch.emulators.server import Payment, Request, Response

__all__ = ["KEY", "PRESET", "LlamaCloud"]

MOST_FILES = 1000
PRESET = "cfg-PARSE_AGENTIC"


_DIGEST = re.compile(r"^[0-9a-f]{64}-")


class LlamaCloud(DirectJobs):
    """A document's words decide about it: "bad" and "locked" fail, "torn" pages fail alone, "unmapped" gets no job,
    "unlisted" no row, "vanished" no result, "refused" no upload.

    Times are in seconds: `mapping` until a batch knows its jobs, `working` a job's. `waits` are the states a batch shows
    before that, `null_results` counts answers without results after it, `expired_urls` downloads that come too late,
    `conflicts` creates that are answered with 409 although they took effect.
    """

    routes = (
        *ROUTES,
        *direct_jobs.ROUTES,
        ("POST", r"/api/v2/batches", "make_batch"),
        ("GET", r"/api/v2/batches", "list_batches"),
        ("GET", r"/api/v2/batches/([^/]+)", "get_batch"),
        ("POST", r"/api/v2/batches/([^/]+)/cancel", "cancel_batch"),
        ("GET", r"/api/v2/parse/versions", "versions"),
        ("GET", r"/api/v2/(parse|extract)", "list_jobs"),
        ("GET", r"/api/v2/(parse|extract)/([^/]+)", "get_job"),
        ("POST", r"/api/v2/(parse|extract)/([^/]+)/cancel", "cancel_job"),
    )

    def __init__(self, keys: dict[str, str] | None = None) -> None:
        super().__init__(keys)
        self.batches: dict[str, Batch] = {}
        self.jobs: dict[str, Job] = {}
        self.mapping = 0.0
        self.working = 0.0
        self.waits: list[str] = []
        self.null_results = 0
        self.credits = True
        self.conflicts = 0
        self.expired_urls = 0
        self._dice = random.Random(1)

    def _put_in(self, entry: Entry) -> None:
        """What is put into a directory while its batch does not know its jobs yet is worked on, too."""
        for batch in self.batches.values():
            if batch.directory == entry.directory and self.clock() < batch.mapped:
                self._work_on(batch, entry)

    def _versions(self, request: Request, project: str) -> Response:
        return Response.of({**{tier: [version] for tier, version in TIERS.items()}, "latest": TIERS})

    def _make_batch(self, request: Request, project: str) -> Response:
        body = request.json()
        if not self.credits:
            raise Rejected(402, "This project has reached its day usage limit.")
        directory = self._directory(body["source_directory_id"], project)
        job = body["config"]["job"]
        self._check_configuration(job, project)
        held = [each for each in self.entries.values() if each.directory == directory.id]
        if not 1 <= len(held) <= MOST_FILES:
            raise Rejected(400, f"a batch takes 1 to {MOST_FILES} files, not {len(held)}")
        made = Batch(self._id("bat"), project, directory.id, job, self.clock(), self.clock() + self.mapping)
        self.batches[made.id] = made
        for entry in held:
            self._work_on(made, entry)
        if self.conflicts > 0:
            self.conflicts -= 1
            raise Rejected(409, {"message": "in conflict with another request", "directory_id": directory.id})
        return Response.of(batch_json(made, "PENDING", None), 201)

    def _check_configuration(self, job: Json, project: str) -> None:
        if job["type"] == "parse_v2" and job["configuration_id"] == PRESET:
            return
        self._assume(job["configuration_id"], project)
        saved = self.saved.get(job["configuration_id"])
        if saved is None or saved.project != project or saved.product != job["type"]:
            raise Rejected(
                422, [{"loc": ["body", "config", "job"], "msg": "no such configuration", "type": "value"}]
            )

    def _work_on(self, batch: Batch, entry: Entry) -> None:
        """Make a job for a file: from here on it is paid."""
        text = entry.content.decode(errors="replace") if self.scripted else entry.display_name
        if self.scripted and "unmapped" in text:
            batch.rows.append((entry.id, None, "no job could be made for this file"))
            return
        product = batch.job["type"]
        begins = max(batch.mapped, self.clock())
        made = Job(
            self._id("pjb" if product == "parse_v2" else "ext"), batch.project, product, entry.display_name, entry.file,
            text, batch.job["configuration_id"], begins, inf, scripted=self.scripted,
        )  # fmt: skip
        saved = self.saved.get(made.configuration)
        made.parameters = saved.parameters if saved else {}
        made.first, made.last = range_of(made.parameters)
        self.jobs[made.id] = made
        if not made.says("unlisted") and not self.scenario.hides(made.name):
            batch.rows.append((entry.id, made.id, None))
        # A client may begin a name with a digest, as its own mark.
        payment = Payment(product.removesuffix("_v2"), _DIGEST.sub("", entry.display_name))
        bought = text if made.last is None else f"{text} {made.first}-{made.last}"
        self.buy(bought, payment, entry.content, partial(self._finish, made, begins + self.working))

    def _finish(self, job: Job, earliest: float, reading: Reading) -> None:
        torn = [
            replace(page, is_lost=page.is_lost or (self.scripted and "torn" in page.text))
            for page in reading.pages
        ]
        job.reading = replace(reading, pages=tuple(torn[job.first - 1 : job.last]))
        job.ends = max(earliest, self.clock())

    def _list_batches(self, request: Request, project: str) -> Response:
        directory, status = request.param("source_directory_id"), request.param("status")
        found = [
            each
            for each in self.batches.values()
            if each.project == project
            and directory in (None, each.directory)
            and status in (None, self._status(each))
            and was_made_within(request, each.made)
        ]
        made = {each.id: each.made for each in found}
        shown = [batch_json(each, self._status(each), None) for each in found]
        return self._listed(request, shown, lambda item: made[item["id"]])

    def _status(self, batch: Batch) -> str:
        if self.clock() >= batch.mapped:
            return batch.ending
        return self.waits[min(batch.polls, len(self.waits)) - 1] if self.waits and batch.polls else "RUNNING"

    def _get_batch(self, request: Request, project: str, id_: str) -> Response:
        batch = self._own(self.batches, id_, project)
        batch.polls += 1
        status = self._status(batch)
        shown = status == batch.ending and "results" in request.params.get("expand", [])
        if shown and self.null_results > 0:
            self.null_results -= 1
            shown = False
        return Response.of(batch_json(batch, status, self._results(batch) if shown else None))

    def _results(self, batch: Batch) -> list[Json]:
        """Describe what became of each file: in no order, and with keys left out where they say nothing."""
        rows = []
        for entry, job, error in batch.rows:
            row: Json = {"source_directory_file_id": entry}
            if job is not None:
                row["job_reference"] = {"type": batch.job["type"], "id": job}
            if error is not None or self._dice.random() < 0.5:
                row["error_message"] = error
            rows.append(row)
        self._dice.shuffle(rows)
        return rows

    def _cancel_batch(self, request: Request, project: str, id_: str) -> Response:
        batch = self._own(self.batches, id_, project)
        if self.clock() >= batch.mapped:
            raise Rejected(400, "a batch that is over cannot be cancelled")
        status = self._status(batch)
        batch.mapped, batch.ending = self.clock(), "CANCELLED"
        return Response.of(batch_json(batch, status, None))

    def _list_jobs(self, request: Request, project: str, name: str) -> Response:
        wanted = request.params.get("job_ids")
        known = (
            self.jobs.values() if wanted is None else (self.jobs[id_] for id_ in wanted if id_ in self.jobs)
        )
        found = [
            each
            for each in known
            if (each.project, each.product) == (project, f"{name}_v2")
            and not each.says("vanished")
            and request.param("status") in (None, each.status(self.clock()))
            and was_made_within(request, each.made)
        ]
        made = {each.id: each.made for each in found}
        return self._listed(
            request, [self._described(each, []) for each in found], lambda item: made[item["id"]]
        )

    def _described(self, job: Job, expand: list[str]) -> Json:
        now = self.clock()
        return parse_job_json(job, now) if job.product == "parse_v2" else extract_job_json(job, now, expand)

    def _get_job(self, request: Request, project: str, name: str, id_: str) -> Response:
        job = self._own(self.jobs, id_, project)
        if job.says("vanished") or self.scenario.is_gone(job.ends, self.clock()):
            raise Rejected(404, "the result has expired")
        expand = request.params.get("expand", [])
        described = self._described(job, expand)
        if job.product == "extract_v2":
            return Response.of(described)
        answer: Json = {"job": described}
        if described["status"] == "COMPLETED":
            parts = parse_parts(job.reading.pages, job.first) | inline_parts(job)
            answer |= {name: part for name, part in parts.items() if name in expand}
            if "usage" in expand:
                described["usage"] = {"credits": 10.0 * len(parts["markdown"]["pages"])}
            if "job_metadata" in expand:
                answer["job_metadata"] = job_metadata(job)
            answer |= self._downloads(job, parts, expand)
        return Response.of(answer)

    def _downloads(self, job: Job, parts: dict[str, Any], expand: list[str]) -> Json:
        made = {name: json.dumps(part).encode() for name, part in parts.items()} | side_files(job)
        offered = {
            SHOWN_AS.get(name, name): self._offered(f"/results/{job.id}/{name}", content)
            for name, content in made.items()
            # Places of words are offered without a question.
            if f"{name}_content_metadata" in expand or name == "grounded_items"
        }
        return {"result_content_metadata": offered} if offered else {}

    def _offered(self, path: str, content: bytes) -> Json:
        self.blobs[path] = content
        lifetime = -1.0 if self.expired_urls > 0 else 900.0
        self.expired_urls -= 1
        url = self.presigned("GET", path, lifetime)
        return {"size_bytes": len(content), "exists": True, "presigned_url": url}

    def _cancel_job(self, request: Request, project: str, name: str, id_: str) -> Response:
        job = self._own(self.jobs, id_, project)
        if self.clock() >= job.ends:
            raise Rejected(400, "a job that is over cannot be cancelled")
        job.cancelled = True
        return Response.of(self._described(job, []))


def rehearsed(extracting: Collection[str]) -> LlamaCloud:
    """Return the service as it takes any key. The configurations named extract, all others parse."""
    made = LlamaCloud()
    made.keys = AnyKey("rehearsal")
    made.extracting = frozenset(extracting)
    return made
