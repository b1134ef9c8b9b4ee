"""Tars, packed or not. What is packed is unpacked once, to a file without a name, so that any member can be gone to."""

import bz2
import gzip
import io
import lzma
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from typing import IO, BinaryIO, cast

from docbatch.containers.bounds import ALL, ContainerBounds
from docbatch.containers.inside import Inside, NotOpened, OpenContainer, damaged
from docbatch.containers.kinds import ContainerKind
from docbatch.containers.member_names import tidy
from docbatch.core.models import Failure, FailureClass

_CHUNK = 1 << 20
_BLOCK = 512
_DAMAGED = (EOFError, OSError, zlib.error, lzma.LZMAError)
_GOES_ON = "more lies behind the end of the archive, such as another one, and is not read: unpack it"
_CUT_OFF = "the archive is damaged or cut off behind its member"


class TarArchive(OpenContainer):
    def __init__(self, file: BinaryIO, kind: ContainerKind, bounds: ContainerBounds) -> None:
        self._bounds = bounds
        self._packed = file.seek(0, io.SEEK_END)
        file.seek(0)
        self._own = None if kind is ContainerKind.TAR else self._unpacked(file, kind)
        self._file = self._own or file
        self._size = self._file.seek(0, io.SEEK_END)
        self.unpacked = 0 if self._own is None else self._size
        self._file.seek(0)
        try:
            self._archive = tarfile.open(fileobj=self._file, mode="r:", errors="surrogateescape")  # noqa: SIM115 - closed with this
        except (tarfile.TarError, ValueError, OverflowError) as error:
            self._close_own()
            raise NotOpened(self.fault or damaged(f"the tar cannot be opened: {error}")) from error
        self._members: list[tarfile.TarInfo] | None = None

    def inside(self) -> Iterator[Inside]:
        for place, member in enumerate(self._listed()):
            if not member.isdir():
                name, fault = tidy(member.name, self._bounds.name)
                yield Inside(name, place, fault or self._fault(member))

    def open(self, place: int) -> BinaryIO:
        stream = self._archive.extractfile(self._listed()[place])
        assert stream is not None, "only files are opened"
        return cast("BinaryIO", stream)

    def close(self) -> None:
        self._archive.close()
        self._close_own()

    def _close_own(self) -> None:
        if self._own is not None:
            self._own.close()

    def _listed(self) -> list[tarfile.TarInfo]:
        if self._members is None:
            self._members = []
            for member in self._headers():
                self._members.append(member)
                if len(self._members) > self._bounds.members:
                    reason = f"has more than the {self._bounds.members:,} members that are taken"
                    raise NotOpened(Failure(FailureClass.TOO_LARGE, reason, "members"))
        return self._members

    def _headers(self) -> Iterator[tarfile.TarInfo]:
        last = ""
        try:
            while (member := self._archive.next()) is not None:
                last = member.name
                if member.offset_data + (0 if member.issparse() else member.size) > self._size:
                    self.fault = self.fault or damaged(f"{_CUT_OFF} '{last}'", "cut_off")
                    if not member.isreg():
                        continue
                yield member
        except (tarfile.TarError, ValueError, OverflowError, OSError):
            self.fault = self.fault or damaged(f"{_CUT_OFF} '{last}'", "cut_off")
            return
        self._file.seek(min(self._archive.offset, self._size))
        # Libraries take whatever is no header for the end.
        if self.fault is None and self._file.read(_BLOCK).strip(b"\0"):
            self.fault = damaged(f"{_CUT_OFF} '{last}'", "cut_off")
        elif self.fault is None and self._goes_on():
            self.fault = damaged(_GOES_ON, "appended")

    def _goes_on(self) -> bool:
        """Say whether something lies behind the end of the archive, near enough to be looked at."""
        until = self._file.tell() + self._bounds.free
        while self._file.tell() < until and (chunk := self._file.read(_CHUNK)):
            if chunk.strip(b"\0"):
                return True
        return False

    def _fault(self, member: tarfile.TarInfo) -> Failure | None:
        if not member.isreg():
            what = "a link" if member.islnk() or member.issym() else "a device or a pipe"
            return Failure(FailureClass.SPECIAL_FILE, f"is {what} in its archive, not a file")
        if not member.issparse() and member.offset_data + member.size > self._size:
            return damaged("is cut off in its archive", "cut_off")
        if member.issparse() and self._bounds.is_bomb(member.size, self._packed):
            reason = f"would be {member.size:,} bytes out of an archive of {self._packed:,}, as bombs are"
            return Failure(FailureClass.TOO_LARGE, reason, "bomb")
        return None

    def _unpacked(self, file: BinaryIO, kind: ContainerKind) -> BinaryIO:
        unpacked = tempfile.TemporaryFile()  # noqa: SIM115 - lies open as long as the archive does
        try:
            with _opened(file, kind) as stream:
                while chunk := stream.read(_CHUNK):
                    unpacked.write(chunk)
                    self._refuse_bomb(unpacked.tell())
        except _DAMAGED as error:
            self.fault = damaged(f"the archive is damaged or cut off: {error}", "cut_off")
        except BaseException:
            unpacked.close()
            raise
        return cast("BinaryIO", unpacked)

    def _refuse_bomb(self, size: int) -> None:
        is_bomb = self._bounds.is_bomb(size, self._packed)
        if size > self._bounds.all or is_bomb:
            reason = f"would be more than {size:,} bytes out of {self._packed:,}, as bombs are"
            raise NotOpened(Failure(FailureClass.TOO_LARGE, reason, "bomb" if is_bomb else ALL))


def _opened(file: BinaryIO, kind: ContainerKind) -> IO[bytes]:
    match kind:
        case ContainerKind.TAR_GZIP:
            return cast("IO[bytes]", gzip.GzipFile(fileobj=file, mode="rb"))
        case ContainerKind.TAR_BZIP2:
            return bz2.BZ2File(file)
        case ContainerKind.TAR_XZ:
            return lzma.LZMAFile(file)
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415 - part of Python 3.14
    except ImportError as error:
        reason = "is packed with Zstandard, which this Python cannot unpack; Python 3.14 can"
        raise NotOpened(Failure(FailureClass.UNSUPPORTED, reason)) from error
    return cast("IO[bytes]", zstd.ZstdFile(file))
