"""Ways in which a pack is spoilt behind docbatch's back."""

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

Spoil = Callable[[Path, Path], None]
"""Spoils the first pack; the other is one of another project."""


def truncate(pack: Path, _other: Path) -> None:
    os.truncate(pack, 20)


def cut(pack: Path, _other: Path) -> None:
    os.truncate(pack, pack.stat().st_size - 60)


def alter(pack: Path, _other: Path) -> None:
    content = bytearray(pack.read_bytes())
    for at in range(len(content) // 2, len(content) // 2 + 40):
        content[at] ^= 0x55
    pack.write_bytes(content)


def remove(pack: Path, _other: Path) -> None:
    pack.unlink()


def swap(pack: Path, other: Path) -> None:
    shutil.copy(other, pack)


def empty(pack: Path, _other: Path) -> None:
    pack.write_bytes(b"")


def folder(pack: Path, _other: Path) -> None:
    pack.unlink()
    pack.mkdir()
    (pack / "somebody's").write_text("own")


def pipe(pack: Path, _other: Path) -> None:
    pack.unlink()
    os.mkfifo(pack)


def link(pack: Path, other: Path) -> None:
    pack.unlink()
    pack.symlink_to(other)


def nothing(_pack: Path, _other: Path) -> None:
    """Let it be as it is."""


SPOILS: Mapping[str, Spoil] = {
    each.__name__: each for each in (truncate, cut, alter, remove, swap, empty, folder, pipe, link)
}
