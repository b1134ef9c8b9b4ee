"""The spool: every result as it was received, named by the SHA-256 of its uncompressed bytes.

    .docbatch/spool/ab/<digest>.gz      whole entries
    .docbatch/spool/incoming/           being written, here or by workers

An entry is one gzip member without a time or a name; its bytes on disk may differ from one writing to the next. Entries become
durable at `flush`; one that lost power before it is found out by its digest when read, and healed when the same result is
written again.
"""

import errno
import hashlib
import os
import re
import secrets
import stat
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from docbatch.core.errors import ResultLost, StateError
from docbatch.core.models import Draft
from docbatch.durability import Flusher, Place
from docbatch.owner_only import make_folder, opener

try:
    from isal import isal_zlib as codec
except ImportError:
    codec = cast("Any", zlib)

DAMAGE = cast("type[Exception]", codec.error)
LIMIT = 1 << 30
"""The largest result that is read, in uncompressed bytes."""

_GZIP = 31
_DIGEST = re.compile(r"[0-9a-f]{64}")
_PIECE = 1 << 20


def compress(payload: bytes) -> bytes:
    """Compress as entries are kept: gzip level 1 without a time or a name."""
    return codec.compress(payload, 1, wbits=_GZIP)


def draft(incoming: Path, payload: bytes) -> Draft:
    """Write a payload below the spool's `incoming` folder, to be admitted by the process that holds the spool."""
    path = incoming / f"{secrets.token_hex(8)}.gz"
    try:
        with open(path, "xb", opener=opener) as file:
            file.write(compress(payload))
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Draft(path, hashlib.sha256(payload).hexdigest(), len(payload))


class Spool:
    """Results by digest. Safe to use from several threads; written only by the holder of the state's lock."""

    def __init__(self, root: Path, *, limit: int = LIMIT) -> None:
        self.root = root
        self.incoming = root / "incoming"
        self._limit = limit
        self._unflushed: set[Path] = set()
        self._lock = threading.Lock()
        self._flusher: Flusher | None = None
        self._failure: StateError | None = None

    def sweep(self) -> None:
        """Make the spool ready to be written and drop what a killed run left half written."""
        try:
            make_folder(self.root)
            make_folder(self.incoming)
            for leftover in self.incoming.iterdir():
                leftover.unlink()
        except OSError as error:
            raise self._unwritable(error) from error

    def write(self, payload: bytes) -> str:
        """Keep a payload and return its digest. It is durable after the next `flush`."""
        return self.admit(self.draft(payload))

    def draft(self, payload: bytes) -> Draft:
        """Write a payload to be admitted, here or in the process that holds the spool."""
        try:
            make_folder(self.incoming)
            return draft(self.incoming, payload)
        except OSError as error:
            raise self._unwritable(error) from error

    def admit(self, draft: Draft) -> str:
        """Take over a draft and return its digest. It is durable after the next `flush`.

        The digest is believed until the entry is read. Raises StateError when the draft is not a file of this spool.
        """
        if (
            not _DIGEST.fullmatch(draft.digest)
            or draft.path.parent != self.incoming
            or draft.path.is_symlink()
        ):
            raise StateError(
                f"{draft.path} is not a result drafted for the spool {self.root}",
                hint="nothing was recorded; run `docbatch apply` again",
            )
        try:
            if self._is_sound(draft.digest):
                draft.path.unlink()
                self._note(self._entry(draft.digest))
            else:
                self._place(draft.path, draft.digest)
        except OSError as error:
            raise self._unwritable(error) from error
        return draft.digest

    def read(self, digest: str) -> bytes:
        """Return a payload. Raises ResultLost when it is missing, damaged or larger than the spool reads."""
        try:
            payload = _expand(self._entry(digest), self._limit)
        except FileNotFoundError:
            raise self._lost(digest, "is missing") from None
        except (OSError, DAMAGE, ValueError) as error:
            raise self._lost(digest, f"cannot be read ({error})") from error
        if hashlib.sha256(payload).hexdigest() != digest:
            raise self._lost(digest, "is damaged: its bytes do not match its name")
        return payload

    def flush(self) -> None:
        """Make everything written and admitted since the last flush durable.

        Once this failed it always fails: a second try would succeed without the lost bytes.
        """
        if self._failure is not None:
            raise self._failure
        with self._lock:
            waiting, self._unflushed = self._unflushed, set()
        if not waiting:
            return
        folders = {path.parent for path in waiting} | {self.root}
        if self._flusher is None:
            self._flusher = Flusher()
        try:
            self._flusher.flush([Place(path) for path in (*waiting, *folders)])
        except OSError as error:
            self._failure = self._unwritable(error)
            raise self._failure from error

    def has(self, digest: str) -> bool:
        """Say whether there is an entry of this name, sound or not."""
        return self._entry(digest).exists()

    def is_empty(self) -> bool:
        return next(self._files(), None) is None

    def entries(self) -> Iterator[str]:
        """Yield the digests of all entries in order."""
        for path in self._files():
            yield path.stem

    def size(self) -> int:
        """Return the bytes all entries take on disk, compressed."""
        return sum(path.stat().st_size for path in self._files())

    def _files(self) -> Iterator[Path]:
        for folder in sorted(self.root.glob("[0-9a-f][0-9a-f]")):
            for path in sorted(folder.glob("*.gz")):
                if _DIGEST.fullmatch(path.stem):
                    yield path

    def _entry(self, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise StateError(f"{digest!r} is not the digest of a result", hint="run `docbatch state check`")
        return self.root / digest[:2] / f"{digest}.gz"

    def _place(self, written: Path, digest: str) -> None:
        entry = self._entry(digest)
        try:
            written.replace(entry)
        except FileNotFoundError:
            make_folder(entry.parent)
            written.replace(entry)
        except IsADirectoryError:
            raise StateError(
                f"{entry} is a folder, in the place of a result",
                hint="remove it, and run the same command again",
            ) from None
        self._note(entry)

    def _note(self, entry: Path) -> None:
        with self._lock:
            self._unflushed.add(entry)

    def _is_sound(self, digest: str) -> bool:
        if not self._entry(digest).exists():
            return False
        try:
            self.read(digest)
        except StateError:
            return False
        return True

    def _lost(self, digest: str, what: str) -> ResultLost:
        return ResultLost(
            f"the stored result {self._entry(digest)} {what}",
            hint="other documents are not affected; 'docbatch state check --repair', then 'docbatch apply', brings it back: "
            "free work is done again, and what a provider still has is fetched again at no charge",
        )

    def _unwritable(self, error: OSError) -> StateError:
        reason = (
            "the disk is full"
            if error.errno in {errno.ENOSPC, errno.EDQUOT}
            else os.strerror(error.errno or 0)
        )
        return StateError(
            f"the spool {self.root} cannot be written: {reason}",
            hint="what was recorded is safe; make room or restore access and run `docbatch apply` again: "
            "it collects the rest without sending anything twice",
        )


def _opened(path: Path) -> int:
    """Open a file, and nothing that would be waited for or leads elsewhere. Raises OSError, ValueError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ValueError("it is no file")
    return descriptor


def _expand(path: Path, limit: int) -> bytes:
    """Decompress an entry without ever holding more than `limit` bytes of it. Raises ValueError beyond that."""
    inflate = codec.decompressobj(_GZIP)
    pieces: list[bytes] = []
    room = limit + 1
    with open(_opened(path), "rb") as file:
        while not inflate.eof and room > 0:
            compressed = inflate.unconsumed_tail or file.read(_PIECE)
            if not compressed:
                raise ValueError("it ends early")
            pieces.append(inflate.decompress(compressed, room))
            room -= len(pieces[-1])
    if room <= 0:
        raise ValueError(f"it is larger than {limit} bytes")
    return b"".join(pieces)
