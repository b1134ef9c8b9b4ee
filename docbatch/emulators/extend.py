"""Extend as its documentation, its own clients and captures of the live service describe it.

`key` sees `workspace`. `dropped` positions of a batch get no row, `page_quirk` lets GET /parse_runs drop `maxPageSize`,
`page_size_ignored` lets every list drop it,
`order` is the time lists go by. `latency` (seconds) is how long a run takes; `credits` None is without limit.
`create_faults` are acted out one by one on the requests that cost money. `batch_word` is said of every batch, whatever
became of its runs.
"""

import json
from collections.abc import Callable, Mapping
from email import message_from_bytes
from email.policy import HTTP
from types import MappingProxyType
from typing import Any

from docbatch.emulators.extend_objects import (
    ENDINGS,
    OPERATIONS,
    PREFIXES,
    PROCESSORS,
    BatchRun,
    File,
    Run,
    batch_json,
    file_json,
    full,
    output,
    single_json,
    stamp,
    summary,
)
from docbatch.emulators.extend_requests import Rejected, checked, invalid, unknown
from docbatch.emulators.server import Emulator, Request, Response

CURRENT = "2026-02-09"
SINGLE = "2025-04-21"
PAGE = 10
NOTHING: Mapping[str, Any] = MappingProxyType({})


class ExtendEmulator(Emulator):
    def __init__(self, *, key: str = "sk_test_0123456789", workspace: str = "ws_main") -> None:
        super().__init__()
        self.keys = {key: workspace}
        self.files: dict[str, File] = {}
        self.runs: dict[str, Run] = {}
        self.batches: dict[str, BatchRun] = {}
        self.versions = {"ex_one": ["1.0", "2.0"], "cl_one": ["1.0"], "spl_one": []}
        self.latency = 0.0
        self.credits: float | None = None
        self.page_quirk = True
        self.page_size_ignored = False
        self.order = "made"
        self.dropped: set[int] = set()
        self.create_faults: list[str] = []
        self.batch_word: str | None = None

    def receive(self, request: Request) -> tuple[Response | None, str]:
        with self._lock:
            if (
                self.create_faults
                and request.method == "POST"
                and request.path.endswith(("/batch", "/async"))
            ):
                self.faults[len(self.requests) + 1] = self.create_faults.pop(0)
            return super().receive(request)

    def route(self, request: Request) -> Response:
        try:
            workspace = self._admitted(request)
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
        if request.headers.get("x-extend-workspace-id", workspace) != workspace:
            raise Rejected(403, "FORBIDDEN", "This key has no access to the workspace")
        return workspace

    def _answered(self, request: Request, workspace: str, parts: list[str]) -> Any:
        routes: list[tuple[str, list[str], Callable[..., Any]]] = [
            ("POST", ["files", "upload"], self._upload),
            ("GET", ["files"], self._list_files),
            ("GET", ["files", "*"], self._get_file),
            ("GET", ["batch_runs", "*"], self._get_batch),
            *self._single_routes(request),
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
        if request.headers["x-extend-api-version"] == SINGLE:
            return [
                ("POST", ["parse", "async"], self._create_single),
                ("GET", ["parser_runs", "*"], self._get_single),
            ]
        return [("GET", ["parser_runs", "*"], self._removed)]

    def _removed(self, *_: object) -> Any:
        raise Rejected(410, "ENDPOINT_REMOVED", "This endpoint is not part of this API version")

    def _upload(self, request: Request, workspace: str) -> Any:
        head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
        message = message_from_bytes(head + request.body, policy=HTTP)
        for part in message.iter_parts():
            if part.get_param("name", header="content-disposition") == "file":
                content = part.get_payload(decode=True)
                assert isinstance(content, bytes)
                return self._keep(request, workspace, str(part.get_filename()), content)
        raise invalid("Path: file")

    def _keep(self, request: Request, workspace: str, name: str, content: bytes) -> Any:
        if b"malware" in content:
            raise Rejected(422, "INVALID_REQUEST", "The file was refused by the malware scan")
        file = File(f"file_{len(self.files) + 1}", name, content, workspace, self.clock())
        self.files[file.id] = file
        shown = file_json(file)
        return {"success": True, "file": shown} if _is_single(request) else shown

    def _list_files(self, request: Request, workspace: str) -> Any:
        part = request.param("nameContains", "") or ""
        found = [each for each in self.files.values() if each.workspace == workspace and part in each.name]
        if request.param("sortDir", "desc") == "desc":
            found.reverse()
        return self._page(request, [file_json(each) for each in found], "maxPageSize")

    def _get_file(self, request: Request, workspace: str, identity: str) -> Any:
        file = self.files.get(identity)
        if file is None or file.workspace != workspace:
            raise unknown("File")
        self.blobs[f"/files/{identity}"] = file.content
        return {
            **file_json(file),
            "presignedUrl": self.presigned("GET", f"/files/{identity}"),
            "contents": None,
        }

    def _create_batch(self, request: Request, workspace: str) -> Any:
        operation = OPERATIONS[request.segments[0]]
        body = request.json()
        how = checked(operation, body, self.versions)
        if self.credits is not None and self.credits <= 0:
            raise Rejected(402, "USAGE_BLOCKED", "The organization is out of credits")
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
        file = self.files.get(each["file"].get("id", ""))
        if file is not None and file.workspace != workspace:
            file = None
        taken_in = file is not None and b"unloadable" not in file.content
        ending = self._ending(file)
        if file is not None:
            self.ledger.append(f"{operation} {file.digest}")
            self.credits = None if self.credits is None else self.credits - 1
        run = Run(
            id=f"{PREFIXES[operation]}_{len(self.runs) + 1}",
            operation=operation,
            file=file if taken_in else None,
            workspace=workspace,
            made=now,
            visible=now + self.lag,
            ends=now + self.lag + self.latency,
            batch=batch,
            metadata=each.get("metadata"),
            ending=ending,
            hidden=hidden,
            **how,
        )
        self.runs[run.id] = run
        return run

    def _ending(self, file: File | None) -> tuple[str, str | None]:
        if file is None:
            return ENDINGS[b"unloadable"]
        return next((end for mark, end in ENDINGS.items() if mark in file.content), ("PROCESSED", None))

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
        if run.operation == "parse" and request.param("responseType") == "url":
            path = f"/outputs/{identity}.json"
            self.blobs[path] = json.dumps(output(run)).encode()
            return {**shown, "outputUrl": self.presigned("GET", path)}
        shown["output"] = output(run)
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

    def _page(self, request: Request, found: list[dict[str, Any]], size_name: str) -> Any:
        asked = None if self.page_size_ignored else request.param(size_name)
        size = int(asked or PAGE)
        if not 1 <= size <= 1000:
            raise invalid(f"Path: {size_name}")
        token = request.param("nextPageToken")
        start = int(token.removeprefix("at/+=:")) if token else 0
        more = start + size < len(found)
        return {
            "object": "list",
            "data": found[start : start + size],
            "nextPageToken": f"at/+=:{start + size}" if more else None,
        }

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
        file = self.files.get(request.json().get("file", {}).get("fileId", ""))
        if file is None or file.workspace != workspace:
            raise unknown("File")
        run = self._start("parse", workspace, {"file": {"id": file.id}})
        del self.runs[run.id]
        run.id = f"parser_run_{len(self.runs) + 1}"
        self.runs[run.id] = run
        return {"object": "parser_run_status", "id": run.id, "status": "PROCESSING"}

    def _get_single(self, request: Request, workspace: str, identity: str) -> Any:
        run = self._run(workspace, identity)
        return {"success": True, "parserRun": single_json(run, self.clock())}


def _fits(pattern: list[str], parts: list[str]) -> bool:
    return len(pattern) == len(parts) and all(
        each in ("*", part) for each, part in zip(pattern, parts, strict=True)
    )


def _is_single(request: Request) -> bool:
    return request.headers["x-extend-api-version"] == SINGLE
