"""A pace that the processes of one machine share: a small file, read and written under the kernel's lock.

Nobody has to trust its content: what is damaged, from before a restart of the machine or from the future is begun anew or
brought up to now. A request costs two short looks at it, and waits for no other process longer than a moment.
"""

import fcntl
import math
import os
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from docbatch.providers.accounts.locked_files import acquire, opened_file
from docbatch.providers.http.rates import TokenBucket

AGAIN = 5.0
"""Seconds after which a file that could not be used is tried again."""
LEASE = 10.0
"""Seconds for which the highest rate of all holds for all, after who has it asked last."""
LONGEST_SILENCE = 86_400.0
LONGEST_QUEUE = 120.0
FASTEST = 1e6
_MAGIC = b"dbpace1\n"
_LAYOUT = struct.Struct("<8s16s13d2Q")
_SUM = struct.Struct("<I")
_SIZE = _LAYOUT.size + _SUM.size


@cache
def boot() -> bytes:
    """Return what tells this start of the machine from others, empty bytes where the system does not say."""
    try:
        text = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
        return bytes.fromhex(text.strip().replace("-", ""))[:16].ljust(16, b"\0")
    except (OSError, ValueError):
        return bytes(16)


@dataclass(slots=True)
class KeptPace:
    """A bucket as it is kept: `wall` is its moment by the other clock, `leased` when who has the highest rate asked last."""

    bucket: TokenBucket
    boot: bytes
    wall: float
    leased: float

    def packed(self) -> bytes:
        each = self.bucket
        body = _LAYOUT.pack(
            _MAGIC, self.boot, self.wall, self.leased, each.full, each.now, each.rate, each.plateau, each.tokens,
            each.silent_until, each.episode_until, each.booked, each.pause, each.calm, each.granted, each.burst, each.refusals,
        )  # fmt: skip
        return body + _SUM.pack(zlib.crc32(body))

    @classmethod
    def unpacked(cls, content: bytes) -> "KeptPace | None":
        """Return what a file holds, None where that is nothing that was written as a whole, or cannot be."""
        if len(content) != _SIZE or _SUM.unpack_from(content, _LAYOUT.size)[0] != zlib.crc32(content[:-4]):
            return None
        magic, started, wall, leased, *numbers, burst, refusals = _LAYOUT.unpack_from(content)
        full, now, rate, plateau, tokens, silent, episode, booked, pause, calm, granted = numbers
        is_sound = magic == _MAGIC and all(map(math.isfinite, (wall, leased, *numbers[:-1]))) and granted >= 0
        if not is_sound or not (0 < rate <= full <= FASTEST and 0 < plateau <= full):
            return None
        if pause <= 0 or calm < 0 or burst < 1 or not 0 <= tokens <= burst:
            return None
        bucket = TokenBucket(
            full, burst, now, rate, plateau, tokens, silent, episode, booked, pause, calm, granted, refusals
        )
        return cls(bucket, started, wall, leased)

    def bring(self, boot: bytes, now: float, wall: float) -> None:
        """Let it be as if it had been written by this start of the machine.

        Monotonic seconds are the same in all processes, and begin anew with the machine. Only then is the other clock asked,
        which may be set back: then no time has passed.
        """
        each = self.bucket
        if self.boot != boot or each.now > now:
            shift = now - max(0.0, wall - self.wall) - each.now
            each.now += shift
            each.silent_until += shift
            each.episode_until += shift
            each.booked += shift
            self.leased = min(self.leased + shift, now)
            self.boot = boot
        self.wall = wall
        each.silent_until = min(each.silent_until, now + LONGEST_SILENCE)
        each.episode_until = min(each.episode_until, now + LONGEST_SILENCE)
        # Nobody books a turn that is further away.
        each.booked = min(each.booked, max(now, each.silent_until) + LONGEST_QUEUE / min(each.rate, 1.0))


class PaceFile:
    """The bucket of one sort of request of an account, as `path` holds it, for one process whose own bound is `full`.

    While it cannot be used the process goes on with what it saw last, as if it were alone: `fault` says why. `users` tells who
    else takes from it. Thread-safe.
    """

    def __init__(
        self,
        path: Path,
        full: float,
        burst: int,
        *,
        users: Callable[[], str] = lambda: "",
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        boot: Callable[[], bytes] = boot,
    ) -> None:
        self.fault = ""
        self._path = path
        self._full = full
        self._burst = burst
        self._users = users
        self._clock = clock
        self._wall = wall
        self._boot = boot
        self._lock = threading.Lock()
        self._descriptor: int | None = None
        self._retried = self._looked = float("-inf")
        self._content = b""
        self._last = KeptPace(TokenBucket.begin(full, burst, clock()), boot(), wall(), clock())

    @property
    def users(self) -> str:
        return self._users()

    @contextmanager
    def opened(self) -> Iterator[TokenBucket]:
        """Have the bucket as of now, to oneself for the block, and keep what became of it."""
        with self._lock:
            descriptor = self._acquired()
            try:
                now = self._clock()
                kept = self._last if descriptor is None else self._read(descriptor)
                kept.bring(self._boot(), now, self._wall())
                kept.bucket.advance(now)
                self._stretch(kept, now)
                yield kept.bucket
                self._last = kept
                if descriptor is not None:
                    self._write(descriptor, kept)
            finally:
                if descriptor is not None:
                    fcntl.flock(descriptor, fcntl.LOCK_UN)

    def bound(self, full: float, burst: int) -> None:
        with self._lock:
            self._full, self._burst = full, burst

    def close(self) -> None:
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _stretch(self, kept: KeptPace, now: float) -> None:
        """Let the highest rate of those who ask hold for all."""
        bucket = kept.bucket
        if self._full < bucket.full and now - kept.leased <= LEASE:
            return
        kept.leased = now
        if self._full != bucket.full or self._burst != bucket.burst:
            bucket.stretch(self._full, self._burst)

    def _acquired(self) -> int | None:
        """Return the file under its lock, None while it cannot be used."""
        now = self._clock()
        if self.fault and now < self._retried + AGAIN:
            return None
        try:
            if self._descriptor is not None and now >= self._looked + AGAIN and not self._is_still():
                self._close()
            if self._descriptor is None:
                self._descriptor, self._looked = opened_file(self._path), now
            acquire(self._descriptor)
        except OSError as error:
            self._let_go(error, now)
            return None
        self.fault = ""
        return self._descriptor

    def _read(self, descriptor: int) -> KeptPace:
        """Return what the file holds; where that is nothing whole, what was seen last."""
        try:
            content = os.pread(descriptor, _SIZE, 0)
        except OSError as error:
            self.fault = str(error.strerror)
            return self._last
        # Who is alone with an account finds what it wrote.
        return self._last if content == self._content else KeptPace.unpacked(content) or self._last

    def _write(self, descriptor: int, kept: KeptPace) -> None:
        self._content = kept.packed()
        try:
            if os.pwrite(descriptor, self._content, 0) != _SIZE:
                self.fault = "the disk is full"
        except OSError as error:
            self.fault = str(error.strerror)

    def _let_go(self, error: OSError, now: float) -> None:
        self.fault, self._retried = error.strerror or str(error), now
        self._close()

    def _is_still(self) -> bool:
        """Say whether the file that is open is the one that others open."""
        assert self._descriptor is not None
        self._looked = self._clock()
        try:
            return os.path.samestat(os.fstat(self._descriptor), self._path.lstat())
        except FileNotFoundError:
            return False
