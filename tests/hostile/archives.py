"""Hostile containers: bombs, lies in the directory, names that leave the folder."""

import io
import struct
import tarfile
import zipfile
from collections.abc import Mapping

from tests.hostile.bombs import gzipped

_EPOCH = (1980, 1, 1, 0, 0, 0)


def packed(members: Mapping[str, bytes], *, deflated: bool = True, mode: int = 0o644) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, body in members.items():
            member = zipfile.ZipInfo(name, _EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED
            member.external_attr = mode << 16
            archive.writestr(member, body)
    return buffer.getvalue()


def nested(levels: int) -> bytes:
    """Return zeros, in ten archives, each in ten archives: 10^levels files in a few kilobytes."""
    content = packed({"zeros.txt": b"\0" * 1_000_000})
    for _ in range(levels):
        content = packed({f"{number}.zip": content for number in range(10)})
    return content


def many_members() -> bytes:
    return packed({f"{number}.txt": b"" for number in range(20_000)}, deflated=False)


def encrypted() -> bytes:
    content = bytearray(packed({"secret.txt": b"noise, for want of the key"}, deflated=False))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def wrong_checksum() -> bytes:
    return packed({"note.txt": b"as it was written"}, deflated=False).replace(b"as it was", b"as it is.")


def directory_lies() -> bytes:
    """Return an archive whose directory claims four gigabytes for one short member."""
    content = bytearray(packed({"note.txt": b"short"}, deflated=False))
    at = content.index(b"PK\x01\x02")
    content[at + 20 : at + 28] = struct.pack("<II", 0xFFFFFFF0, 0xFFFFFFF0)
    return bytes(content)


def directory_missing() -> bytes:
    content = packed({"note.txt": b"whole, but the directory is gone" * 9})
    return content[: content.index(b"PK\x01\x02")]


def overlapping() -> bytes:
    """Return a directory of a hundred names for the same stretch of a bomb."""
    content = packed({"a.txt": b"\0" * 5_000_000})
    at, end = content.index(b"PK\x01\x02"), content.rindex(b"PK\x05\x06")
    entry = content[at:end]
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 100, 100, 100 * len(entry), at, 0)
    return content[:at] + entry * 100 + tail


def tar_leaving_its_folder() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in ("../escaped.txt", "/tmp/escaped.txt"):
            member = tarfile.TarInfo(name)
            member.size = 7
            archive.addfile(member, io.BytesIO(b"escaped"))
    return buffer.getvalue()


MAKERS = {
    "bomb.zip": lambda: packed({"zeros.txt": b"\0" * 100_000_000}),
    "bomb-nested.zip": lambda: nested(5),
    "bomb-overlapping.zip": overlapping,
    "bomb.gz": lambda: gzipped(200_000_000),
    "members-20000.zip": many_members,
    "member-leaves-the-folder.zip": lambda: packed({"../../escaped.txt": b"escaped"}),
    "member-with-absolute-name.zip": lambda: packed({"/tmp/escaped.txt": b"escaped"}),
    "member-is-a-link.zip": lambda: packed({"link.txt": b"/etc/passwd"}, mode=0o120777),
    "member-names-with-nul.zip": lambda: packed({"a\x01b\n.txt": b"odd name"}),
    "member-encrypted.zip": encrypted,
    "member-checksum-wrong.zip": wrong_checksum,
    "directory-lies.zip": directory_lies,
    "directory-missing.zip": directory_missing,
    "empty-archive.zip": lambda: packed({}),
    "leaves-the-folder.tar": tar_leaving_its_folder,
}
