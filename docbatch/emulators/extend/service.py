"""Extend as its documentation, its own clients and captures of the live service describe it.

`key` sees `workspace`. `dropped` positions of a batch get no row, `page_quirk` lets GET /parse_runs drop `maxPageSize`,
`page_size_ignored` lets every list drop it, `order` is the time lists go by. `latency` (seconds) is how long a run takes;
`credits` None is without limit, as is `limits`, how much is taken at a time. `refuses_unknown_files` lets a batch be
refused for a file that is not there, which otherwise fails alone; `refusal` is the status and message that batches are
refused with. `create_faults` are acted out one by one on the requests that cost money. `batch_word` is said of every
batch, whatever became of its runs.
"""

import json
from collections.abc import Callable, Collection, Mapping
from functools import partial
from itertools import count
from math import inf
from types import MappingProxyType
from typing import Any

from docbatch.emulators.any_key import AnyKey, AnyProcessor
from docbatch.emulators.extend.direct_calls import ROUTES
from docbatch.emulators.extend.figures import Figures
from docbatch.emulators.extend.limits import Limits
from docbatch.emulators.extend.objects import (
    ENDINGS,
    OPENS,
    OPERATIONS,
    PREFIXES,
    PROCESSORS,
    BatchRun,
    File,
    Run,
    batch_json,
    ending,
    full,
    single_json,
    stamp,
    summary,
)
from docbatch.emulators.extend.page_selection import ranges_said, selected
from docbatch.emulators.extend.refusals import (
    CURRENT,
    SINGLE,
    Rejected,
    checked,
    invalid,
    is_single,
    out_of_credits,
    unknown,
)
from docbatch.emulators.reading import Reading
from docbatch.emulators.server import Payment, Request, Response

OLD_NAMES = {"fileId": "id", "fileUrl": "url", "fileName": "name"}
NOTHING: Mapping[str, Any] = MappingProxyType({})


class ExtendEmulator(Figures):
    kept_headers = Figures.kept_headers | {"x-extend-api-version", "x-extend-workspace-id"}

    def __init__(self, *, key: str = "sk_test_0123456789", workspace: str = "ws_main") -> None:
        super().__init__(key=key, workspace=workspace)
        self.runs: dict[str, Run] = {}
        self._numbers = count(1)
        self.batches: dict[str, BatchRun] = {}
        self.versions = {"ex_one": ["1.0", "2.0"], "cl_one": ["1.0"], "spl_one": []}
        self.latency = 0.0
        self.credits: float | None = None
        self.page_quirk = True
        self.order = "made"
        self.dropped: set[int] = set()
        self.create_faults: list[str] = []
        self.batch_word: str | None = None
        self.limits: Limits | None = None
        self.refuses_unknown_files = False
        self.refusal: tuple[int, str] | None = None

    def receive(self, request: Request) -> tuple[Response | None, str]:
        with self.turn:
            if (
                self.create_faults
                and request.method == "POST"
                and request.path.endswith(("/batch", "/async"))
            ):
                self.faults[self.count + 1] = self.create_faults.pop(0)
            return super().receive(request)

    def route(self, request: Request) -> Response:
        try:
            workspace = self._admitted(request)
            if self.limits is not None:
                self.limits.admit(request, self.clock)
            answer = self._answered(request, workspace, request.segments)
        except Rejected as rejection:
            return rejection.response
        return Response.of(answer, x_extend_api_version=request.headers["x-extend-api-version"])

    def _admitted(self, request: Request) -> str:
        kind, _, key = request.headers.get("authorization", "").partition(" ")
        workspace = self.keys.get(key)
        if kind != "Bearer" or workspace is None:
            raise Rejected(401, "UNAUTHORIZED", "Invalid API key")
        if request.headers.get("x-extend-api-version") not in (CURRENT, SINGLE):
            raise invalid("The x-extend-api-version header is missing or unknown")
        asked = request.headers.get("x-extend-workspace-id", workspace)
        if self.scripted and asked != workspace:
            raise Rejected(403, "FORBIDDEN", "This key has no access to the workspace")
        return asked

    def _answered(self, request: Request, workspace: str, parts: list[str]) -> Any:
        routes: list[tuple[str, list[str], Callable[..., Any]]] = [
            ("POST", ["files", "upload"], self._upload),
            ("GET", ["files"], self._list_files),
            ("GET", ["files", "*"], self._get_file),
            ("GET", ["batch_runs", "*"], self._get_batch),
            *self._single_routes(request),
            *((method, pattern, getattr(self, f"_{name}")) for method, pattern, name in ROUTES),
        ]
        for name in OPERATIONS:
            routes += [
                ("POST", [name, "batch"], self._create_batch),
                ("GET", [name], self._list_runs),
                ("GET", [name, "*"], self._get_run),
                ("POST", [name, "*", "cancel"], self._cancel),
            ]
        for kind in PROCESSORS.values():
            routes += [
                ("GET", [f"{kind}s", "*"], self._get_processor),
                ("GET", [f"{kind}s", "*", "versions"], self._list_versions),
            ]
        for method, pattern, serve in routes:
            if request.method == method and _fits(pattern, parts):
                return serve(request, workspace, *(parts[i] for i, each in enumerate(pattern) if each == "*"))
        raise unknown(f"{request.method} {request.path}")

    def _single_routes(self, request: Request) -> list[tuple[str, list[str], Callable[..., Any]]]:
        if is_single(request):
            return [
                ("POST", ["parse", "async"], self._create_single),
                ("GET", ["parser_runs", "*"], self._get_single),
            ]
        return [("GET", ["parser_runs", "*"], self._removed)]

    def _create_batch(self, request: Request, workspace: str) -> Any:
        operation = OPERATIONS[request.segments[0]]
        body = request.json()
        how = checked(operation, body, self.versions)
        if self.credits is not None and self.credits <= 0:
            raise out_of_credits()
        if self.refusal is not None:
            raise Rejected(self.refusal[0], "INVALID_REQUEST", self.refusal[1])
        if self.refuses_unknown_files:
            self.check_ids(workspace, body["inputs"])
        number = len(self.batches) + 1
        identity = f"{'bpar' if operation == 'parse' else 'bpr'}_{number}"
        now = self.clock()
        runs = [
            self._start(operation, workspace, each, batch=identity, how=how, hidden=index in self.dropped)
            for index, each in enumerate(body["inputs"])
        ]
        self.batches[identity] = BatchRun(identity, operation, workspace, now, runs)
        return batch_json(self.batches[identity], now)

    def _start(
        self,
        operation: str,
        workspace: str,
        each: Mapping[str, Any],
        *,
        batch: str | None = None,
        how: Mapping[str, Any] = NOTHING,
        hidden: bool = False,
    ) -> Run:
        now = self.clock()
        file = self.file_of(workspace, each["file"])
        taken_in = file is not None and not (self.scripted and b"unloadable" in file.content)
        if file is not None:
            self.credits = None if self.credits is None else self.credits - 1
        run = Run(
            id=f"{PREFIXES[operation]}_{next(self._numbers)}",
            operation=operation,
            file=file if taken_in else None,
            workspace=workspace,
            made=now,
            visible=now + self.lag,
            ends=now + self.lag + self.latency,
            batch=batch,
            metadata=each.get("metadata"),
            ending=ENDINGS[b"unloadable"],
            hidden=hidden or (file is not None and self.scenario.hides(file.name)),
            figured=self.scripted,
            **how,
        )
        self.runs[run.id] = run
        if file is None and "url" in each["file"]:
            run.message = f"Could not download {each['file']['url']}"
        if file is not None:
            earliest, run.ends = self._earliest(run, now), inf
            done = partial(self._end, run, file, earliest)
            bought = " ".join([operation, file.digest, *ranges_said(run.config)])
            self.buy(bought, Payment(operation, file.name), file.content, done)
        return run

    def _earliest(self, run: Run, now: float) -> float:
        """Return when a run may be over, given how many files are worked on in a minute."""
        batched = self.limits is not None and run.batch is not None
        return max(run.ends, self.limits.over_at(now)) if batched and self.limits else run.ends

    def _end(self, run: Run, file: File, earliest: float, reading: Reading) -> None:
        opened = ENDINGS[b"locked"] if file.password == OPENS else None
        said = [
            end for mark, end in ENDINGS.items() if self.scripted and mark in file.content and end != opened
        ]
        run.pages = selected(reading.pages, run.config)
        run.ending = said[0] if said else ending(reading)
        run.message = reading.failure.message if reading.failure else None
        run.ends = max(earliest, self.clock())

    def _get_batch(self, request: Request, workspace: str, identity: str) -> Any:
        batch = self.batches.get(identity)
        if batch is None or batch.workspace != workspace:
            raise unknown("Batch run")
        shown = batch_json(batch, self.clock())
        return shown if self.batch_word is None else {**shown, "status": self.batch_word}

    def _list_runs(self, request: Request, workspace: str) -> Any:
        operation = OPERATIONS[request.segments[0]]
        now = self.clock()
        if operation == "parse" and request.param("status") == "CANCELLED":
            raise invalid("Path: status")
        found = [
            run
            for run in self.runs.values()
            if run.operation == operation
            and run.workspace == workspace
            and not run.hidden
            and now >= run.visible
            if self._wanted(request, run, now)
        ]
        found.reverse()
        if self._order(request, operation) != "made":
            found.sort(key=lambda run: -min(now, run.ends))
        size = "limit" if operation == "parse" and self.page_quirk else "maxPageSize"
        return self._page(request, [summary(run, now) for run in found], size)

    def _order(self, request: Request, operation: str) -> str:
        if operation == "parse":
            return self.order
        return "made" if request.param("sortBy", "updatedAt") == "createdAt" else "touched"

    def _wanted(self, request: Request, run: Run, now: float) -> bool:
        batch = request.param("batchId")
        kind = PROCESSORS.get(run.operation)
        own = "BATCH_PARSER_RUN" if run.operation == "parse" else "BATCH_PROCESSOR_RUN"
        name = request.param("fileNameContains")
        return (
            (batch is None or run.batch == batch)
            and (batch is not None or request.param("source", own) == (own if run.batch else "API"))
            and (name is None or (run.file is not None and name in run.file.name))
            and request.param("status", run.status(now)) == run.status(now)
            and (kind is None or request.param(f"{kind}Id", run.processor) == run.processor)
        )

    def _get_run(self, request: Request, workspace: str, identity: str) -> Any:
        run = self._run(workspace, identity)
        now = self.clock()
        shown = full(run, now)
        if shown["status"] != "PROCESSED":
            return shown
        if self.scenario.is_gone(run.ends, now):
            raise unknown("Run")
        if run.operation == "parse" and request.param("responseType") == "url":
            path = f"/outputs/{identity}.json"
            self.blobs[path] = json.dumps(self.found(run)).encode()
            return {**shown, "outputUrl": self.presigned("GET", path)}
        shown["output"] = self.found(run)
        return shown

    def _cancel(self, request: Request, workspace: str, identity: str) -> Any:
        run = self._run(workspace, identity)
        if run.status(self.clock()) != "PROCESSING":
            raise invalid("Only a run that is PROCESSING can be cancelled")
        run.cancelled = True
        return full(run, self.clock())

    def _run(self, workspace: str, identity: str) -> Run:
        run = self.runs.get(identity)
        if run is None or run.workspace != workspace:
            raise unknown("Run")
        return run

    def _get_processor(self, request: Request, workspace: str, identity: str) -> Any:
        kind = self._kind(request, identity)
        config = {"schema": {"type": "object", "properties": {}}, "baseProcessor": "extraction_performance"}
        draft = {**self._version(kind, identity, "draft"), "config": config}
        shown = {"object": kind, "id": identity, "name": "a processor", "draftVersion": draft}
        return {**shown, "createdAt": stamp(0), "updatedAt": stamp(0)}

    def _list_versions(self, request: Request, workspace: str, identity: str) -> Any:
        kind = self._kind(request, identity)
        names = ["draft", *reversed(self.versions[identity])]
        return self._page(request, [self._version(kind, identity, each) for each in names], "maxPageSize")

    def _kind(self, request: Request, identity: str) -> str:
        kind = request.segments[0].removesuffix("s")
        if identity not in self.versions:
            raise unknown(kind.capitalize())
        return kind

    def _version(self, kind: str, identity: str, version: str) -> dict[str, Any]:
        return {
            "object": f"{kind}_version",
            "id": f"{identity}v{version}",
            "description": None,
            "version": version,
            f"{kind}Id": identity,
            "createdAt": stamp(0),
            "createdBy": None,
        }

    def _create_single(self, request: Request, workspace: str) -> Any:
        asked = request.json().get("file", {})
        given = {OLD_NAMES[name]: value for name, value in asked.items() if name in OLD_NAMES}
        if "id" in given:
            self.check_ids(workspace, [{"file": given}])
        run = self._start("parse", workspace, {"file": given})
        del self.runs[run.id]
        run.id = f"parser_run_{run.id.rpartition('_')[2]}"
        self.runs[run.id] = run
        return {"object": "parser_run_status", "id": run.id, "status": "PROCESSING"}

    def _get_single(self, request: Request, workspace: str, identity: str) -> Any:
        run = self._run(workspace, identity)
        return {
            "success": True,
            "parserRun": single_json(run, self.clock(), lambda run: self.found(run)["chunks"]),
        }


def _fits(pattern: list[str], parts: list[str]) -> bool:
    return len(pattern) == len(parts) and all(
        each in ("*", part) for each, part in zip(pattern, parts, strict=True)
    )


def rehearsed(_extracting: Collection[str]) -> ExtendEmulator:
    """Return the service as it takes any key, and any id for that of a saved processor."""
    made = ExtendEmulator()
    made.keys = AnyKey("rehearsal")
    made.versions = AnyProcessor()
    return made
