"""All that lies inside of a container and of the containers in it, each with what its bytes are."""

import hashlib
import lzma
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import BinaryIO, cast

from docbatch.containers.bounds import ALL, ContainerBounds
from docbatch.containers.inside import ContainerMember, Inside, NotOpened, OpenContainer, UnfitMember, damaged
from docbatch.containers.kinds import ContainerKind, kind_of
from docbatch.containers.member_names import raw, shortened
from docbatch.containers.openers import open_container
from docbatch.core.models import Failure, FailureClass
from docbatch.media import HEAD_SIZE, detect

SEPARATOR = "!"
FILES = "files"
"""What is said to be wrong where it is not known what lies in a document."""
EMBEDDED = ""
"""In a place: what is a container without being bytes of its own."""
_CHUNK = 1 << 20
_IN_MEMORY = 8 << 20
_LEAST = 100
"""Bytes that a container takes at least in what it lies in, when it is there once only."""
_LOOKED_THROUGH = (b"PK", bytes.fromhex("d0cf11e0"), b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")
_DAMAGES = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, ValueError)
_EMPTY = Failure(FailureClass.EMPTY, "has no bytes")


class _Beyond(Exception):
    """So much lies in a container that nothing of it is taken."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class MemberListing:
    """What lies in one container of `size` bytes; `rows` are in path order once all steps of `read` are done.

    Containers in it that are `passed_over` stay closed, each with the reason.
    """

    def __init__(
        self, bounds: ContainerBounds, size: int, passed_over: Mapping[str, Failure] | None = None
    ) -> None:
        self.rows: list[ContainerMember | UnfitMember] = []
        self._passed_over = passed_over or {}
        self._bounds = bounds
        self._packed = size
        self._unpacked = 0
        self._opened = 0
        self._containers = 0
        self._names: set[str] = set()

    def read(self, file: BinaryIO, kind: ContainerKind) -> Iterator[str | None]:
        """List the container in steps, none of which takes long. Yields the name of each container in it before it is opened."""
        try:
            with open_container(file, kind, self._bounds) as container:
                yield from self._container(container, "", (), {})
            if not self.rows and not kind.is_document:
                self.rows = [UnfitMember("", Failure(FailureClass.EMPTY, "holds no document"))]
        except _Beyond as error:
            self.rows = [UnfitMember("", error.failure)]
        except Exception as error:  # noqa: BLE001 - whatever a library raises concerns this container alone
            self.rows = [UnfitMember("", failure_of(error))]
        self.rows.sort(key=lambda row: raw(row.name))

    def _container(
        self, container: OpenContainer, name: str, place: tuple[int | str, ...], facts: Mapping[str, str]
    ) -> Iterator[str | None]:
        self._containers += 1
        if self._containers > max(self._bounds.containers, self._packed // _LEAST):
            reason = f"has {self._containers:,} containers inside of each other in {self._packed:,} bytes, as bombs do"
            raise _Beyond(Failure(FailureClass.TOO_LARGE, reason, "bomb"))
        facts = container.facts or facts
        for inside in container.inside():
            yield from self._inside(container, inside, name, (place, facts))
        if container.fault is not None:
            self._unfit(name, container.fault, facts)

    def _inside(
        self,
        container: OpenContainer,
        inside: Inside,
        outer: str,
        known: tuple[tuple[int | str, ...], Mapping[str, str]],
    ) -> Iterator[str | None]:
        place, facts = (*known[0], inside.place), known[1]
        if len(self.rows) >= self._bounds.members:
            reason = f"has more than the {self._bounds.members:,} members that are taken"
            raise _Beyond(Failure(FailureClass.TOO_LARGE, reason, "members"))
        name = self._named(f"{outer}{SEPARATOR}{inside.name}" if outer else inside.name)
        try:
            self._refuse(name, inside.failure)
            within = container.within(inside.place)
            if within is not None:
                yield from self._deeper(within, name, (*place, EMBEDDED), facts)
            else:
                yield from self._document(container.open(inside.place), name, place, facts)
        except _Beyond:
            raise
        except Exception as error:  # noqa: BLE001 - concerns this member alone
            self._unfit(name, failure_of(error), facts)
        yield None

    def _refuse(self, name: str, failure: Failure | None) -> None:
        if len(raw(name)) > self._bounds.name:
            failure = Failure(
                FailureClass.TOO_LARGE, "its name and those around it are too long together", "name"
            )
        if failure is not None:
            raise NotOpened(failure)

    def _document(
        self, stream: BinaryIO, name: str, place: tuple[int | str, ...], facts: Mapping[str, str]
    ) -> Iterator[str | None]:
        own = name.rpartition(SEPARATOR)[2]
        with stream, _kept(head := _first(stream), own) as content:
            digest, size = hashlib.sha256(head), len(head)
            content.write(head)
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
                self._bound(size)
                content.write(chunk)
                yield None
            self._take(size)
            content.seek(0)
            media_type = detect(head[:HEAD_SIZE], raw(own.rpartition("/")[2]), content)
            kind = kind_of(media_type, own)
            if kind is None or kind.is_document:
                self.rows.append(ContainerMember(name, place, digest.hexdigest(), media_type, size, facts))
            if kind is not None:
                content.seek(0)
                yield name
                if (failure := self._passed_over.get(name)) is not None:
                    self._pass_over(name, failure, kind, facts)
                    return
                with open_container(content, kind, self._left_to_unpack()) as inner:
                    self._opened += inner.unpacked
                    within = self._beside if kind.is_document else self._deeper
                    yield from within(inner, name, (*place, str(kind)), facts)

    def _pass_over(self, name: str, failure: Failure, kind: ContainerKind, facts: Mapping[str, str]) -> None:
        if not kind.is_document:
            raise NotOpened(failure)
        self._unfit(self._named(f"{name}{SEPARATOR}{FILES}"), failure, facts)

    def _beside(
        self, container: OpenContainer, name: str, place: tuple[int | str, ...], facts: Mapping[str, str]
    ) -> Iterator[str | None]:
        """List what lies in a document, which is there itself whatever becomes of that."""
        try:
            if any(container.inside()):
                yield from self._deeper(container, name, place, facts)
        except _Beyond:
            raise
        except Exception as error:  # noqa: BLE001 - concerns what lies inside alone
            self._unfit(self._named(f"{name}{SEPARATOR}{FILES}"), failure_of(error), facts)

    def _deeper(
        self, container: OpenContainer, name: str, place: tuple[int | str, ...], facts: Mapping[str, str]
    ) -> Iterator[str | None]:
        if sum(isinstance(each, str) for each in place) >= self._bounds.depth:
            reason = f"lies more than {self._bounds.depth} containers deep"
            raise NotOpened(Failure(FailureClass.TOO_LARGE, reason, "depth"))
        before = len(self.rows)
        yield from self._container(container, name, place, facts)
        if len(self.rows) == before:
            raise NotOpened(Failure(FailureClass.EMPTY, "holds no document"))

    def _named(self, name: str) -> str:
        """Return a name that nothing else has: what comes by a name that is taken gets a number behind it."""
        found, number = name, 1
        while found in self._names:
            number += 1
            found = f"{name}{SEPARATOR}{number}"
        self._names.add(found)
        return found

    def _unfit(self, name: str, failure: Failure, facts: Mapping[str, str]) -> None:
        is_long = len(raw(name)) > self._bounds.name
        self.rows.append(UnfitMember(shortened(name) if is_long else name, failure, facts))

    def _bound(self, size: int) -> None:
        if size > self._bounds.one:
            reason = f"has more than the {self._bounds.one:,} bytes that are taken"
            raise NotOpened(Failure(FailureClass.TOO_LARGE, reason))
        self._take_no_more(self._unpacked + size)

    def _take(self, size: int) -> None:
        self._bound(size)
        self._unpacked += size

    def _left_to_unpack(self) -> ContainerBounds:
        """Return the bounds of a container in this one: what others of its kind took to be opened is not there again."""
        return replace(self._bounds, all=max(self._bounds.all - self._opened, 0))

    def _take_no_more(self, total: int) -> None:
        is_bomb = total > self._bounds.one and self._bounds.is_bomb(total, self._packed)
        if total > self._bounds.all or is_bomb:
            reason = f"would be more than {total:,} bytes out of {self._packed:,}, as bombs are"
            raise _Beyond(Failure(FailureClass.TOO_LARGE, reason, "bomb" if is_bomb else ALL))


def failure_of(error: Exception) -> Failure:
    """Return why something cannot be opened."""
    match error:
        case NotOpened():
            return error.failure
        case MemoryError():
            return Failure(FailureClass.MEMORY, "takes more memory to unpack than there is for it")
        case NotImplementedError():
            return Failure(FailureClass.UNSUPPORTED, f"is packed in a way that is not known: {error}")
        case _ if isinstance(error, _DAMAGES):
            return damaged(f"cannot be unpacked: {str(error) or type(error).__name__}")
        case _:
            return damaged(f"cannot be unpacked: {type(error).__name__}: {error}")


def _first(stream: BinaryIO) -> bytes:
    head = b""
    while len(head) < HEAD_SIZE and (piece := stream.read(_CHUNK)):
        head += piece
    if not head:
        raise NotOpened(_EMPTY)
    return head


def _kept(head: bytes, name: str) -> BinaryIO:
    """Return where the bytes of something are kept while it is looked at: nowhere, where its first bytes tell all."""
    media_type = detect(head[:HEAD_SIZE], raw(name.rpartition("/")[2]))
    if head.startswith(_LOOKED_THROUGH) or kind_of(media_type, name) or name.lower().endswith(".pdf"):
        return cast("BinaryIO", tempfile.SpooledTemporaryFile(_IN_MEMORY))
    return cast("BinaryIO", _Head())


class _Head(tempfile.SpooledTemporaryFile[bytes]):
    """Keeps the first bytes alone."""

    def write(self, content: bytes) -> int:  # type: ignore[override]
        return super().write(content) if self.tell() == 0 else len(content)
