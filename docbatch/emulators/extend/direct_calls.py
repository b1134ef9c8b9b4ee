"""What Extend's own client calls beside batches: single runs, lists of processors, deletes."""

from collections.abc import Mapping
from typing import Any

from docbatch.emulators.extend.files import ExtendFiles
from docbatch.emulators.extend.objects import OPERATIONS, PROCESSORS, Run, full, stamp
from docbatch.emulators.extend.refusals import Rejected, checked, invalid, out_of_credits, unknown
from docbatch.emulators.server import Request

Routes = list[tuple[str, list[str], str]]
ROUTES: Routes = [
    *(("POST", [name], "start_run") for name in OPERATIONS),
    *(("DELETE", [name, "*"], "delete_run") for name in OPERATIONS),
    *(("GET", [f"{kind}s"], "list_processors") for kind in PROCESSORS.values()),
    ("DELETE", ["files", "*"], "delete_file"),
]


class DirectCalls(ExtendFiles):
    """`runs` and `versions` are those of the service, `credits` what is left."""

    runs: dict[str, Run]
    versions: dict[str, list[str]]
    credits: float | None

    def _start(
        self,
        operation: str,
        workspace: str,
        each: Mapping[str, Any],
        *,
        batch: str | None = None,
        how: Mapping[str, Any],
    ) -> Run:
        raise NotImplementedError

    def _removed(self, *_: object) -> Any:
        raise Rejected(410, "ENDPOINT_REMOVED", "This endpoint is not part of this API version")

    def _start_run(self, request: Request, workspace: str) -> Any:
        """Begin one run. Its file is there or the request is refused, other than in a batch."""
        operation, body = OPERATIONS[request.segments[0]], request.json()
        given = {name: body[name] for name in ("file", "metadata") if name in body}
        if operation == "parse" and "text" in given.get("file", {}):
            raise invalid("Path: file")
        how = self._how(operation, {**body, "inputs": [given]})
        if self.credits is not None and self.credits <= 0:
            raise out_of_credits()
        self.check_ids(workspace, [given])
        run = self._start(operation, workspace, given, how=how)
        return full(run, self.clock())

    def _how(self, operation: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return how a document is processed: as the request itself says, which a batch cannot, or as was saved."""
        kind = PROCESSORS.get(operation)
        if kind is None or kind in body:
            return checked(operation, body, self.versions)
        if operation != "extract" and "config" not in body:
            raise invalid(f"Path: {kind}")
        return {"config": body.get("config") or {}}

    def _delete_run(self, request: Request, workspace: str, identity: str) -> Any:
        run = self.runs.get(identity)
        if run is None or run.workspace != workspace:
            raise unknown("Run")
        del self.runs[identity]
        return {"id": identity}

    def _delete_file(self, request: Request, workspace: str, identity: str) -> Any:
        if self._visible(workspace, identity) is None:
            raise unknown("File")
        del self.files[identity]
        self.deleted += 1
        return {"id": identity}

    def _list_processors(self, request: Request, workspace: str) -> Any:
        kind = request.segments[0].removesuffix("s")
        prefix = {"extractor": "ex_", "classifier": "cl_", "splitter": "spl_"}[kind]
        shown = [
            {"object": kind, "id": each, "name": "a processor", "createdAt": stamp(0), "updatedAt": stamp(0)}
            for each in self.versions
            if each.startswith(prefix)
        ]
        return self._page(request, shown, "maxPageSize")
