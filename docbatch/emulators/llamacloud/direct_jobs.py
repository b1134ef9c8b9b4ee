"""What LlamaCloud's own client calls beside batches: single jobs, files of the account, deletes."""

import json
from collections.abc import Callable
from functools import partial
from math import inf

from docbatch.emulators.llamacloud.objects import (
    File,
    Job,
    Json,
    extract_job_json,
    file_json,
    form_of,
    parse_job_json,
)
from docbatch.emulators.llamacloud.storage import EmulatedStorage, Rejected, Routes
from docbatch.emulators.reading import Reading
from docbatch.emulators.server import Payment, Request, Response

ROUTES: Routes = (
    ("POST", r"/api/v2/parse", "parse_file"),
    ("POST", r"/api/v2/parse/upload", "parse_upload"),
    ("POST", r"/api/v2/extract", "extract_file"),
    ("GET", r"/api/v1/beta/files", "list_own_files"),
    ("GET", r"/api/v1/beta/files/([^/]+)", "get_own_file"),
    ("DELETE", r"/api/v1/beta/files/([^/]+)", "delete_own_file"),
    ("DELETE", r"/api/v1/beta/configurations/([^/]+)", "delete_saved"),
)


class DirectJobs(EmulatedStorage):
    """`jobs` are those of the service, `working` (seconds) how long one takes, `credits` whether any are left."""

    jobs: dict[str, Job]
    working: float
    credits: bool
    _finish: Callable[[Job, float, Reading], None]

    def _parse_file(self, request: Request, project: str) -> Response:
        body = request.json()
        if "file_id" not in body:
            raise _missing("file_id")
        return self._begun("parse_v2", project, body, self._file(body["file_id"], project))

    def _parse_upload(self, request: Request, project: str) -> Response:
        fields, file = form_of(request)
        if file is None:
            raise _missing("file")
        made = File(self._id("fil"), project, *file)
        self.files[made.id] = made
        body = json.loads(fields.get("configuration") or "{}")
        return self._begun("parse_v2", project, body, (made.id, made.name, made.content))

    def _extract_file(self, request: Request, project: str) -> Response:
        body = request.json()
        if "file_input" not in body:
            raise _missing("file_input")
        return self._begun("extract_v2", project, body, self._file(body["file_input"], project))

    def _begun(self, product: str, project: str, body: Json, source: tuple[str, str, bytes]) -> Response:
        """Make a job for a file, given by id, name and content: from here on it is paid."""
        file, name, content = source
        if not self.credits:
            raise Rejected(402, "This project has reached its day usage limit.")
        saved = self.saved.get(body.get("configuration_id") or "")
        if body.get("configuration_id") and saved is None:
            raise Rejected(404, "no such configuration")
        text = content.decode(errors="replace") if self.scripted else name
        now = self.clock()
        job = Job(
            self._id("pjb" if product == "parse_v2" else "ext"), project, product, name, file,
            text, body.get("configuration_id") or "", now, inf, scripted=self.scripted,
        )  # fmt: skip
        job.parameters = {**(saved.parameters if saved else {}), **(body.get("configuration") or {})}
        self.jobs[job.id] = job
        payment = Payment(product.removesuffix("_v2"), name)
        self.buy(text, payment, content, partial(self._finish, job, now + self.working))
        shown = parse_job_json(job, now) if product == "parse_v2" else extract_job_json(job, now, [])
        return Response.of(shown)

    def _list_own_files(self, request: Request, project: str) -> Response:
        found = [file_json(each) for each in self.files.values() if each.project == project]
        return self._listed(request, found, lambda _: 0.0)

    def _get_own_file(self, request: Request, project: str, id_: str) -> Response:
        return Response.of(file_json(self._own(self.files, id_, project)))

    def _delete_own_file(self, request: Request, project: str, id_: str) -> Response:
        del self.files[self._own(self.files, id_, project).id]
        return Response(204)

    def _delete_saved(self, request: Request, project: str, id_: str) -> Response:
        del self.saved[self._own(self.saved, id_, project).id]
        return Response(204)


def _missing(name: str) -> Rejected:
    return Rejected(422, [{"loc": ["body", name], "msg": "Field required", "type": "missing"}])
