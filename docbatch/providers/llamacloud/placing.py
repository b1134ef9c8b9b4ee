"""Putting one document into a directory: its bytes by an upload, or a file the service has already by its id."""

import hashlib
from collections.abc import Callable
from typing import BinaryIO

from docbatch.errors import Unavailable
from docbatch.models import Failure, Input, WorkItem
from docbatch.providers.base import Content, ContentChanged
from docbatch.providers.http import Reply
from docbatch.providers.llamacloud import failures
from docbatch.providers.llamacloud.api import DIRECTORIES, Api, Json, accepted, detail, under
from docbatch.providers.llamacloud.directories import Directories
from docbatch.providers.llamacloud.form import UploadForm
from docbatch.providers.rates import Limiter
from docbatch.references import LONGEST, decode

CHANGED = "its bytes changed while they were sent"


class Placing:
    """Both ways note in the directory's watch what became of the request, as long as that is unclear."""

    def __init__(self, api: Api, directories: Directories, limiter: Limiter | None) -> None:
        self._api = api
        self._directories = directories
        self._limiter = limiter

    def place(self, item: WorkItem, directory: str, content: Content) -> Json | Failure:
        """Return the entry made, or why there will be none. Raises Unavailable, Gone of the directory, ContentChanged."""
        with content(item) as stream:
            if item.is_reference:
                return self._refer(item, directory, stream)
            return self._upload(item, directory, stream)

    def add(self, item: WorkItem, directory: str, file: str) -> Json | Failure:
        """Let a file the service has lie in a directory as a document."""
        path = under(DIRECTORIES, directory, "files")
        # What kind of file it is, the own name of one that we did not upload says.
        about = {} if item.is_reference else {"display_name": item.name}
        body = {"file_id": file, "unique_id": item.key, **about}

        def send() -> Reply | Failure:
            reply = self._api.answer("POST", path, body=body)
            if reply.status in (404, 410) and self._directories.exists(directory):
                said = f"LlamaCloud has no file {file} in this project: {detail(reply)}"
                return failures.refusal(reply.status, said)
            return reply

        return self._told(item, directory, path, send)

    def _refer(self, item: WorkItem, directory: str, stream: BinaryIO) -> Json | Failure:
        content = stream.read(LONGEST)
        if hashlib.sha256(content).hexdigest() != item.digest:
            raise ContentChanged(item.key, CHANGED)
        reference = decode(content)
        if reference.kind is not Input.FILE_ID:
            raise ValueError(f"LlamaCloud follows no {reference.kind} of its own")
        return self.add(item, directory, reference.value)

    def _upload(self, item: WorkItem, directory: str, stream: BinaryIO) -> Json | Failure:
        path = under(DIRECTORIES, directory, "files", "upload")
        if self._limiter is not None:
            self._limiter.wait()
        about = {"display_name": item.name, "unique_id": item.key}
        form = UploadForm(about, stream, name=item.name, media_type=item.media_type, size=item.size)
        try:
            made = self._told(item, directory, path, lambda: self._api.upload(path, form, form.headers))
        except Unavailable as error:
            if form.ended_early:
                raise ContentChanged(item.key, CHANGED) from error
            raise
        if not isinstance(made, Failure) and not form.is_as_planned(item.digest):
            raise ContentChanged(item.key, CHANGED)
        return made

    def _told(
        self, item: WorkItem, directory: str, path: str, send: Callable[[], Reply | Failure]
    ) -> Json | Failure:
        try:
            said = send()
            return said if isinstance(said, Failure) else _judged(item, path, said)
        except Unavailable:
            self._directories.watch(directory).cloud()
            raise


def _judged(item: WorkItem, path: str, reply: Reply) -> Json | Failure:
    """Read an answer. Raises Unavailable for whatever leaves open what lies in the directory now; Gone."""
    if reply.status == 409:
        # Perhaps an earlier request, whose answer was lost, is what this one is in conflict with.
        raise Unavailable(f"adding {item.name} met a conflict: {detail(reply)}")
    if 400 <= reply.status < 500 and reply.status not in (404, 410):
        return failures.refusal(reply.status, detail(reply))
    made = accepted(reply, "POST", path).json()
    if not isinstance(made, dict) or not isinstance(made.get("id"), str):
        raise Unavailable(f"adding {item.name} was answered without an id: {reply.excerpt}")
    return made
