"""A source as somebody else would write it: documents in a ZIP archive, in one file and without a folder."""

import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Annotated, BinaryIO, Literal, cast

from pydantic import Field

from docbatch.core.errors import GuardRefused
from docbatch.core.models import Failure, FailureClass
from docbatch.fields import SpecModel
from docbatch.sources.base import Source
from docbatch.sources.content import ContentError, Vanished
from docbatch.sources.documents import Entry, Unusable
from docbatch.sources.kind import SourceKind


class ZipOptions(SpecModel):
    """Documents that are members of an archive."""

    type: Literal["zip"]
    archive: Annotated[str, Field(min_length=1)] = Field(
        description="the archive, relative to the project root"
    )


class ZipSource(Source):
    """A member's fingerprint is its checksum and size. What says it is encrypted cannot be read here."""

    def __init__(self, archive: Path) -> None:
        self.identity = b"zip:" + bytes(archive)
        self.opened: list[bytes] = []
        self._archive = archive

    def entries(self, only: Collection[bytes] | None = None) -> Iterator[Entry | Unusable]:
        try:
            members = zipfile.ZipFile(self._archive).infolist()
        except (OSError, zipfile.BadZipFile) as error:
            raise GuardRefused(
                f"{self._archive} cannot be listed: {error}", hint="nothing was changed"
            ) from error
        for member in sorted(members, key=lambda each: each.filename.encode()):
            path = member.filename.encode()
            if member.is_dir() or (only is not None and path not in only):
                continue
            if member.flag_bits & 1:
                yield Unusable(path, Failure(FailureClass.ENCRYPTED, "is encrypted in its archive"))
            else:
                yield Entry(path, member.file_size, f"{member.CRC:08x} {member.file_size}")

    def open(self, path: bytes) -> BinaryIO:
        self.opened.append(path)
        try:
            return cast("BinaryIO", zipfile.ZipFile(self._archive).open(path.decode()))
        except KeyError as error:
            raise Vanished(Failure(FailureClass.UNREADABLE, "is no member any more")) from error
        except (OSError, zipfile.BadZipFile) as error:
            raise ContentError(Failure(FailureClass.UNREADABLE, str(error))) from error

    def is_there(self, path: bytes) -> bool:
        return path.decode() in zipfile.ZipFile(self._archive).namelist()


KIND = SourceKind("zip", ZipOptions, open=lambda options, root: ZipSource(root / options.archive))
