"""The files of the emulated Extend: uploaded, followed from links, or written from texts."""

from collections.abc import Mapping
from dataclasses import replace
from email import message_from_bytes, message_from_string
from email.policy import HTTP
from typing import Any

from docbatch.emulators.extend.objects import File, file_json
from docbatch.emulators.extend.refusals import Rejected, invalid, is_single, out_of_credits, unknown
from docbatch.emulators.links_of_this_machine import FollowedLinks
from docbatch.emulators.server import Emulator, Request

PAGE = 10


def _parts(request: Request) -> dict[str, tuple[str, bytes]]:
    """Return the parts of a form by name, each with the name of its file and its bytes as they came.

    They are not parsed any further: a mail is a message of parts, too.
    """
    kind = message_from_string(f"Content-Type: {request.headers.get('content-type', '')}\r\n\r\n")
    boundary = kind.get_boundary()
    if boundary is None:
        return {}
    found = {}
    for part in (b"\r\n" + request.body).split(b"\r\n--" + boundary.encode())[1:-1]:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        lines = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-disposition:")]
        said = message_from_bytes(b"\r\n".join([*lines[:1], b"", b""]), policy=HTTP)
        name = said.get_param("name", header="content-disposition")
        found[str(name)] = (str(said.get_filename()), content)
    return found


class ExtendFiles(Emulator):
    """`web` is what links lead to, beside this machine, of which links are fetched as they are. A link to anything else
    cannot be followed, which shows when its run is worked on.

    `upload_credits` are how many uploads are taken before they are refused for want of credits; None is without limit.
    """

    def __init__(self, *, key: str, workspace: str) -> None:
        super().__init__()
        self.keys = {key: workspace}
        self.files: dict[str, File] = {}
        self.web: dict[str, bytes] = {}
        self.followed = FollowedLinks()
        self.page_size_ignored = False
        self.deleted = 0
        self.upload_credits: int | None = None

    def remembered(self, request: Request) -> Request:
        return replace(request, body=self.followed.written_down(request.body))

    def file_of(self, workspace: str, given: Mapping[str, Any]) -> File | None:
        """Return the file that an input names, None for one that cannot be taken in."""
        if "url" in given:
            content = self.web.get(given["url"]) or self.followed.follow(given["url"])
            name = given.get("name") or given["url"].rpartition("/")[2]
            return None if content is None else self._made(workspace, name, content)
        if "text" in given:
            name = f"{given.get('name') or 'text'}.txt"
            return self._made(workspace, name, given["text"].encode())
        return self._visible(workspace, given["id"])

    def check_ids(self, workspace: str, inputs: list[Mapping[str, Any]]) -> None:
        """Refuse a batch for the first of its files that is not there. Raises Rejected."""
        for index, each in enumerate(inputs):
            identity = each["file"].get("id")
            if identity is not None and self._visible(workspace, identity) is None:
                raise Rejected(404, "NOT_FOUND", f"File {identity} not found. Path: inputs.{index}.file.id")

    def _upload(self, request: Request, workspace: str) -> Any:
        parts = _parts(request)
        if "file" not in parts:
            raise invalid("Path: file")
        name, content = parts["file"]
        password = parts["password"][1].decode() if "password" in parts else None
        return self._keep(request, workspace, name, content, password)

    def _keep(self, request: Request, workspace: str, name: str, content: bytes, password: str | None) -> Any:
        if self.scripted and b"malware" in content:
            raise Rejected(422, "INVALID_REQUEST", "The file was refused by the malware scan")
        if self.upload_credits is not None and self.upload_credits <= len(self.files):
            raise out_of_credits()
        made = self._made(workspace, name, content)
        made.password = password
        shown = file_json(made)
        return {"success": True, "file": shown} if is_single(request) else shown

    def _made(self, workspace: str, name: str, content: bytes) -> File:
        file = File(f"file_{len(self.files) + self.deleted + 1}", name, content, workspace, self.clock())
        self.files[file.id] = file
        return file

    def _visible(self, workspace: str, identity: str) -> File | None:
        file = self.files.get(identity)
        return None if file is None or file.workspace != workspace else file

    def _list_files(self, request: Request, workspace: str) -> Any:
        part = request.param("nameContains", "") or ""
        found = [each for each in self.files.values() if each.workspace == workspace and part in each.name]
        if request.param("sortDir", "desc") == "desc":
            found.reverse()
        return self._page(request, [file_json(each) for each in found], "maxPageSize")

    def _get_file(self, request: Request, workspace: str, identity: str) -> Any:
        file = self._visible(workspace, identity)
        if file is None:
            raise unknown("File")
        self.blobs[f"/files/{identity}"] = file.content
        return {
            **file_json(file),
            "presignedUrl": self.presigned("GET", f"/files/{identity}"),
            "contents": None,
        }

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
