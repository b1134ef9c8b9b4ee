"""The part of the emulated LlamaCloud that keeps things: directories, what lies in them, saved configurations."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Literal, TypeVar

from docbatch.emulators.llamacloud.objects import (
    Batch,
    Directory,
    Entry,
    File,
    Job,
    Json,
    Saved,
    directory_json,
    entry_json,
    file_json,
    form_of,
    saved_json,
    stamp,
)
from docbatch.emulators.server import Emulator, Request, Response

KEY = "llx-0123456789abcdef"
LIFE = 48 * 3600.0

T = TypeVar("T", Directory, Entry, File, Saved, Batch, Job)
Routes = Sequence[tuple[str, str, str]]

ROUTES: Routes = [
    ("POST", r"/api/v1/beta/directories", "make_directory"),
    ("GET", r"/api/v1/beta/directories", "list_directories"),
    ("GET", r"/api/v1/beta/directories/([^/]+)", "get_directory"),
    ("DELETE", r"/api/v1/beta/directories/([^/]+)", "delete_directory"),
    ("POST", r"/api/v1/beta/directories/([^/]+)/files/upload", "upload"),
    ("POST", r"/api/v1/beta/directories/([^/]+)/files", "add"),
    ("GET", r"/api/v1/beta/directories/([^/]+)/files", "list_files"),
    ("DELETE", r"/api/v1/beta/directories/([^/]+)/files/([^/]+)", "delete_file"),
    ("POST", r"/api/v1/beta/files", "make_file"),
    ("POST", r"/api/v1/beta/configurations", "save"),
    ("GET", r"/api/v1/beta/configurations", "list_saved"),
    ("GET", r"/api/v1/beta/configurations/([^/]+)", "get_saved"),
]


class Rejected(Exception):
    def __init__(self, status: int, said: object) -> None:
        super().__init__(str(said))
        self.response = Response.of({"detail": said}, status)


class EmulatedStorage(Emulator):
    """`twins` is what a second upload with one unique_id does, `page` the most items a list gives at once, `ending` how
    lists say that they end. `life` (seconds) is an ephemeral directory's; None leaves it unsaid. `lists_removed` says whether
    what lay in a directory is still listed once that is removed. `extracting` are ids of configurations that extract
    although they were not saved here.
    """

    routes: Routes = ROUTES

    def __init__(self, keys: dict[str, str] | None = None) -> None:
        super().__init__()
        self.keys = keys or {KEY: "prj-one"}
        self.directories: dict[str, Directory] = {}
        self.entries: dict[str, Entry] = {}
        self.former: dict[str, Entry] = {}
        self.files: dict[str, File] = {}
        self.saved: dict[str, Saved] = {}
        self.page = 100
        self.ending: Literal["absent", "null", "empty"] = "null"
        self.twins: Literal["twin", "replace", "reject"] = "twin"
        self.name_filter: Literal["exact", "substring"] = "exact"
        self.life: float | None = LIFE
        self.extracting: frozenset[str] = frozenset()
        self.lists_removed = False
        self.late_uploads: dict[int, float] = {}
        self._late: list[tuple[float, Callable[[], object]]] = []
        self._number = 0
        self._compiled = [(method, re.compile(pattern), name) for method, pattern, name in self.routes]

    def route(self, request: Request) -> Response:
        self._arrive()
        try:
            return self._routed(request, self._admitted(request))
        except Rejected as rejection:
            return rejection.response

    def _routed(self, request: Request, project: str) -> Response:
        for method, pattern, name in self._compiled:
            found = pattern.fullmatch(request.path)
            if found and method == request.method:
                answer: Response = getattr(self, f"_{name}")(request, project, *found.groups())
                return answer
        raise Rejected(404, "Not Found")

    def upload_late(self, number: int, seconds: float) -> None:
        """Let the upload with a request number go unanswered and take effect only later."""
        self.late_uploads[number] = seconds

    def _arrive(self) -> None:
        due = [each for each in self._late if each[0] <= self.clock()]
        self._late = [each for each in self._late if each[0] > self.clock()]
        for _, act in due:
            with suppress(Rejected):
                act()

    def _admitted(self, request: Request) -> str:
        kind, _, key = request.headers.get("authorization", "").partition(" ")
        if kind != "Bearer" or key not in self.keys:
            raise Rejected(401, "Invalid API key, or a key of another region")
        project = self.keys[key]
        asked = request.param("project_id") or project
        if self.scripted and asked != project:
            raise Rejected(403, "This key has no access to the project")
        return asked

    def _id(self, prefix: str) -> str:
        self._number += 1
        return f"{prefix}-{self._number:028d}"

    def _own(self, kept: Mapping[str, T], id_: str, project: str) -> T:
        found = kept.get(id_)
        if found is None or found.project != project:
            raise Rejected(404, f"{id_} was not found")
        return found

    def _listed(self, request: Request, items: Iterable[Json], made: Callable[[Json], float]) -> Response:
        """Give one page of what is old enough to be seen."""
        seen = [item for item in items if made(item) + self.lag <= self.clock()]
        start = int(request.param("page_token", "0") or 0)
        size = min(int(request.param("page_size", "50") or 50), self.page)
        page: Json = {"items": seen[start : start + size]}
        if start + size < len(seen):
            page["next_page_token"] = str(start + size)
        elif self.ending != "absent":
            page["next_page_token"] = None if self.ending == "null" else ""
        return Response.of(page)

    def _put_in(self, entry: Entry) -> None:
        """Take note of a file that was put into a directory."""

    def _make_directory(self, request: Request, project: str) -> Response:
        body = request.json()
        if not body.get("name"):
            raise Rejected(422, [{"loc": ["body", "name"], "msg": "Field required", "type": "missing"}])
        kind = body.get("type", "user")
        expires = self.clock() + self.life if kind == "ephemeral" and self.life is not None else None
        made = Directory(
            self._id("dir"), project, body["name"], kind, self.clock(), expires, body.get("description")
        )
        self.directories[made.id] = made
        return Response.of(directory_json(made), 201)

    def _list_directories(self, request: Request, project: str) -> Response:
        name, kind = request.param("name"), request.param("type")
        found = [
            each
            for each in self.directories.values()
            if each.project == project
            and kind in (None, each.type)
            and (name is None or self._matches(name, each.name))
            and (not self._is_gone(each) or request.param("include_deleted") == "true")
        ]
        made = {each.id: each.made for each in found}
        return self._listed(request, map(directory_json, found), lambda item: made[item["id"]])

    def _matches(self, asked: str, name: str) -> bool:
        return asked == name if self.name_filter == "exact" else asked in name

    def _is_gone(self, each: Directory) -> bool:
        return each.deleted is not None or (each.expires is not None and each.expires <= self.clock())

    def _directory(self, id_: str, project: str) -> Directory:
        found = self._own(self.directories, id_, project)
        if self._is_gone(found):
            raise Rejected(404, f"{id_} was not found")
        return found

    def _get_directory(self, request: Request, project: str, id_: str) -> Response:
        return Response.of(directory_json(self._directory(id_, project)))

    def _delete_directory(self, request: Request, project: str, id_: str) -> Response:
        self._directory(id_, project).deleted = self.clock()
        for each in [each for each in self.entries.values() if each.directory == id_]:
            self._drop(each)
        return Response(204)

    def _drop(self, entry: Entry) -> None:
        entry.deleted = self.clock()
        self.former[entry.id] = self.entries.pop(entry.id)

    def _upload(self, request: Request, project: str, id_: str) -> Response:
        directory = self._directory(id_, project)
        fields, file = form_of(request)
        if file is None or not file[0] or not file[1]:
            raise Rejected(
                422, [{"loc": ["body", "upload_file"], "msg": "Field required", "type": "missing"}]
            )
        name, content = file
        if self.scripted and b"refused" in content:
            raise Rejected(415, {"message": "Unsupported file type"})
        unique_id = fields.get("unique_id") or fields.get("external_file_id") or name
        shown = fields.get("display_name") or name
        if request.number in self.late_uploads:
            due = self.clock() + self.late_uploads[request.number]
            self._late.append((due, lambda: self._keep(directory, unique_id, shown, content)))
            return Response.of({"detail": "timed out, 5f7c"}, 504)
        return self._keep(directory, unique_id, shown, content)

    def _add(self, request: Request, project: str, id_: str) -> Response:
        directory = self._directory(id_, project)
        body = request.json()
        file, name, content = self._file(body["file_id"], project)
        shown = body.get("display_name") or name
        return self._keep(directory, body.get("unique_id") or name, shown, content, file)

    def _file(self, id_: str, project: str) -> tuple[str, str, bytes]:
        """Return id, name and content of a file, by its own id or by that of an entry that holds it."""
        own = self.files.get(id_)
        if own is not None and own.project == project:
            return own.id, own.name, own.content
        for each in self.entries.values():
            if id_ in (each.file, each.id) and each.project == project:
                return each.file, each.display_name, each.content
        raise Rejected(404, "the source file is not in storage")

    def _make_file(self, request: Request, project: str) -> Response:
        fields, file = form_of(request)
        if file is None or "purpose" not in fields:
            raise Rejected(422, [{"loc": ["body", "purpose"], "msg": "Field required", "type": "missing"}])
        made = File(self._id("fil"), project, *file)
        self.files[made.id] = made
        return Response.of(file_json(made), 201)

    def _keep(
        self, directory: Directory, unique_id: str, shown: str, content: bytes, file: str | None = None
    ) -> Response:
        there = [
            each
            for each in self.entries.values()
            if each.directory == directory.id and each.unique_id == unique_id
        ]
        if there and self.twins == "reject":
            raise Rejected(409, {"message": "unique_id exists", "id": there[0].id})
        if there and self.twins == "replace":
            self._drop(there[0])
        made = Entry(
            self._id("dfl"), directory.id, directory.project, unique_id, shown, file or self._id("fil"), content, self.clock()
        )  # fmt: skip
        self.entries[made.id] = made
        self._put_in(made)
        return Response.of(entry_json(made), 201)

    def _list_files(self, request: Request, project: str, id_: str) -> Response:
        unique_id = request.param("unique_id")
        shown = list(self.entries.values())
        if request.param("include_deleted") == "true" and self.lists_removed:
            self._own(self.directories, id_, project)
            shown += self.former.values()
        else:
            self._directory(id_, project)
        found = [each for each in shown if each.directory == id_ and unique_id in (None, each.unique_id)]
        made = {each.id: each.made for each in found}
        return self._listed(request, map(entry_json, found), lambda item: made[item["id"]])

    def _delete_file(self, request: Request, project: str, id_: str, entry: str) -> Response:
        self._directory(id_, project)
        self._drop(self._own(self.entries, entry, project))
        return Response(204)

    def _save(self, request: Request, project: str) -> Response:
        body = request.json()
        parameters = body["parameters"]
        product = parameters.get("product_type")
        needed = {"parse_v2": ("tier", "version"), "extract_v2": ("data_schema",)}.get(product)
        if needed is None or any(name not in parameters for name in needed):
            raise Rejected(422, [{"loc": ["body", "parameters"], "msg": "Field required", "type": "missing"}])
        for each in self.saved.values():
            if (each.project, each.name, each.product) == (project, body["name"], product):
                if each.parameters != parameters:
                    each.parameters, each.version = parameters, str(stamp(self.clock()))
                return Response.of(saved_json(each), 201)
        made = Saved(self._id("cfg"), project, body["name"], product, parameters, str(stamp(self.clock())))
        self.saved[made.id] = made
        return Response.of(saved_json(made), 201)

    def _list_saved(self, request: Request, project: str) -> Response:
        name, products = request.param("name"), request.params.get("product_type")
        found = [
            saved_json(each)
            for each in self.saved.values()
            if each.project == project
            and name in (None, each.name)
            and (not products or each.product in products)
        ]
        return self._listed(request, found, lambda _: 0.0)

    def _get_saved(self, request: Request, project: str, id_: str) -> Response:
        self._assume(id_, project)
        return Response.of(saved_json(self._own(self.saved, id_, project)))

    def _assume(self, id_: str, project: str) -> None:
        """Where nothing is scripted, take an id that was never seen for a configuration saved elsewhere."""
        if self.scripted or id_ in self.saved or not id_.startswith("cfg-"):
            return
        product = "extract_v2" if id_ in self.extracting else "parse_v2"
        self.saved[id_] = Saved(id_, project, id_, product, {"product_type": product}, str(stamp(0)))
