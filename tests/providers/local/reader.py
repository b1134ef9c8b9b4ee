"""Documents as a job's worker reads them, in the test's own process."""

import hashlib
import os
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from docbatch import media
from docbatch.core.models import Failure
from docbatch.core.results import DocumentInfo, Result
from docbatch.packed import unpacked
from docbatch.providers.local import engines, payload
from docbatch.providers.local.engines import Options
from docbatch.providers.local.messages import Task, Written
from docbatch.providers.local.worker import DocumentReader


@cache
def _reader() -> DocumentReader:
    return DocumentReader(engines)


def media_type(content: bytes, name: str) -> str:
    with tempfile.TemporaryFile() as file:
        file.write(content)
        return media.detect(content[: media.HEAD_SIZE], os.fsencode(name), file)


def read(content: bytes, name: str, **options: Any) -> Result | Failure:
    """Return what becomes of a document of this name; `options` are those of `engines.Options`."""
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "document", Path(folder) / "out"
        path.write_bytes(content)
        task = Task(
            id=name,
            path=os.fsencode(path),
            digest=hashlib.sha256(content).hexdigest(),
            size=len(content),
            media_type=media_type(content, name),
            out=os.fsencode(out),
            timeout=120.0,
            max_memory=2 * 10**9,
            options=Options(**options),
        )
        answer = _reader().answer(task)
        if isinstance(answer, Failure):
            return answer
        assert isinstance(answer, Written), answer
        written = unpacked(answer.entry or out.read_bytes(), answer.digest)
    document = DocumentInfo(path=name, sha256=task.digest, size=task.size, media_type=task.media_type)
    return payload.read(written).result(document)


def result(content: bytes, name: str, **options: Any) -> Result:
    """Return what a document that can be read says."""
    answer = read(content, name, **options)
    assert isinstance(answer, Result), answer
    return answer
