"""File systems that hold no documents: what the kernel shows there is no file that somebody keeps."""

import os
from collections.abc import Collection, Iterator
from pathlib import Path

_PLACES = ("/proc", "/sys", "/dev")
_MEMORY = "/dev/shm"  # noqa: S108 - nothing is made there
_TABLE = Path("/proc/self/mountinfo")
_KINDS = frozenset(
    (
        "autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devfs", "devpts", "devtmpfs",
        "efivarfs", "fusectl", "hugetlbfs", "mqueue", "nsfs", "proc", "procfs", "pstore", "rpc_pipefs", "securityfs",
        "selinuxfs", "sysfs", "tracefs",
    )
)  # fmt: skip
_SERVED = frozenset(
    ("9p", "afs", "ceph", "cifs", "lustre", "nfs", "nfs4", "smb3", "virtiofs", "glusterfs", "fuse.glusterfs")
)


def is_of_the_kernel(folder: str, device: int) -> bool:
    """Say whether a folder, given without links and with its device, lies in a file system of the kernel's own."""
    if any(_is_below(folder, place) for place in _PLACES) and not _is_below(folder, _MEMORY):
        return True
    return any(device == each for each in _devices(_KINDS))


def is_served(device: int) -> bool:
    """Say whether a file system is another machine's, which does not tell here who writes to it."""
    return any(device == each for each in _devices(_SERVED))


def _is_below(folder: str, place: str) -> bool:
    return folder == place or folder.startswith(f"{place}/")


def _devices(kinds: Collection[str]) -> Iterator[int]:
    try:
        table = _TABLE.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for line in table.splitlines():
        mount, _, kind = line.partition(" - ")
        if kind.partition(" ")[0] in kinds:
            major, _, minor = mount.split(" ")[2].partition(":")
            yield os.makedev(int(major), int(minor))
