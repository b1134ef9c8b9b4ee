"""A store in memory that is kept in a folder, for processes that follow each other."""

from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from docbatch.state.remote.store_requests import Get, ListBelow, Put, Remove
from tests.state.remote.kept_records import KeptRecords


class FolderRecords(KeptRecords):
    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        folder.mkdir(exist_ok=True)

    def answer(self, request: Get | Put | ListBelow | Remove) -> Any:
        self.objects = {
            unquote(path.name): (path.read_bytes(), self.now) for path in sorted(self._folder.iterdir())
        }
        answer = super().answer(request)
        if isinstance(request, Put) and answer is not None:
            (self._folder / quote(request.name, safe="")).write_bytes(request.content)
        elif isinstance(request, Remove):
            (self._folder / quote(request.name, safe="")).unlink(missing_ok=True)
        return answer
