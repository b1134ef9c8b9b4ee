"""Zips. Their own directory says what is in them; what it says is held against the file."""

import stat
import struct
import zipfile
from collections.abc import Iterator, Sequence
from typing import BinaryIO, cast

from docbatch.containers.bounds import ContainerBounds
from docbatch.containers.inside import Inside, NotOpened, OpenContainer, damaged
from docbatch.containers.member_names import tidy
from docbatch.core.models import Failure, FailureClass

_ENCRYPTED = 1
_UTF8 = 0x800
_LOCAL_HEAD = 30
_UNIX = 3


class ZipArchive(OpenContainer):
    def __init__(self, file: BinaryIO, bounds: ContainerBounds) -> None:
        self._bounds = bounds
        try:
            self._archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error, OSError) as error:
            raise NotOpened(damaged(f"the zip cannot be opened: {error}")) from error
        self._members = self._archive.infolist()
        if len(self._members) > bounds.members:
            reason = f"has {len(self._members):,} members, more than the {bounds.members:,} that are taken"
            raise NotOpened(Failure(FailureClass.TOO_LARGE, reason, "members"))

    def inside(self) -> Iterator[Inside]:
        overlapping = _overlapping(self._members)
        for place, member in enumerate(self._members):
            if member.is_dir():
                continue
            name, fault = tidy(_name(member), self._bounds.name)
            if place in overlapping:
                fault = damaged("its bytes are those of another member, too", "overlap")
            yield Inside(name, place, fault or self._fault(member))

    def open(self, place: int) -> BinaryIO:
        return cast("BinaryIO", self._archive.open(self._members[place]))

    def close(self) -> None:
        self._archive.close()

    def _fault(self, member: zipfile.ZipInfo) -> Failure | None:
        mode = member.external_attr >> 16 if member.create_system == _UNIX else 0
        if mode and stat.S_IFMT(mode) not in {0, stat.S_IFREG}:
            return Failure(FailureClass.SPECIAL_FILE, "is a link or a device in its archive, not a file")
        if member.flag_bits & _ENCRYPTED:
            return Failure(FailureClass.ENCRYPTED, "is encrypted in its archive")
        if self._bounds.is_bomb(member.file_size, member.compress_size):
            reason = f"would be {member.file_size:,} bytes out of {member.compress_size:,}, as bombs are"
            return Failure(FailureClass.TOO_LARGE, reason, "bomb")
        return None


def _name(member: zipfile.ZipInfo) -> str:
    """Return the name as it was written: many write UTF-8 without saying so."""
    written = member.orig_filename
    if not member.flag_bits & _UTF8:
        try:
            return written.encode("cp437").decode()
        except UnicodeError:
            return written
    return written


def _overlapping(members: Sequence[zipfile.ZipInfo]) -> set[int]:
    """Return the numbers of members whose bytes reach into those of another."""
    found: set[int] = set()
    by_offset = sorted(range(len(members)), key=lambda each: members[each].header_offset)
    reach, before = -1, -1
    for place in by_offset:
        member = members[place]
        if member.header_offset < reach:
            found |= {place, before}
        own = member.header_offset + _LOCAL_HEAD + member.compress_size
        if own > reach:
            reach, before = own, place
    return found
