"""Which commit a project's files are of, and whether they differ from it. Neither hooks nor programs of the repository run.

The commit is read from git's own files. Whether files differ is asked of git, where it is there, trusts the folder, and the
repository configures no programs that reading it would start.
"""

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 2.0
"""Seconds that git may take."""
_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_REF = re.compile(r"ref: (refs/[^\s\x00-\x1f]+)")
_MOST = 1 << 22
_DEEPEST = 5
_PROGRAMS = re.compile(
    r"(?i)^filter\.|^core\.(fsmonitor|worktree|sshcommand|gitproxy|attributesfile)$|^extensions\."
)
_HARMLESS = re.compile(r"(?i)extensions\.(objectformat|worktreeconfig|refstorage)|core\.fsmonitor")
_SAFE = (
    "--no-optional-locks", "--no-pager", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null",
    "-c", "core.untrackedCache=false", "-c", "safe.bareRepository=explicit", "-c", "protocol.allow=never",
)  # fmt: skip
_STATUS = (
    "status",
    "--porcelain",
    "--untracked-files=no",
    "--ignore-submodules=all",
    "--no-renames",
    "--",
    ".",
)


@dataclass(frozen=True, slots=True)
class ProjectCommit:
    """`commit` is what was checked out, `changed` whether files that git tracks differ; None where that is not known."""

    commit: str | None = None
    changed: bool | None = None


def project_commit(folder: Path) -> ProjectCommit:
    """Look at the repository that a folder belongs to, if there is one. Raises nothing."""
    try:
        place = _repository(folder)
        commit = None if place is None else _head(place)
    except (OSError, ValueError):
        return ProjectCommit()
    return ProjectCommit() if commit is None else ProjectCommit(commit, _differs(folder))


def _repository(folder: Path) -> Path | None:
    """Return git's own folder: of a linked work tree, the one beside those of others."""
    for above in (folder, *folder.parents):
        entry = above / ".git"
        if entry.is_dir():
            return entry
        if entry.is_file():
            named = _text(entry)
            return above / named.removeprefix("gitdir: ") if named.startswith("gitdir: ") else None
    return None


def _head(place: Path) -> str | None:
    """Return the commit that is checked out; None before the first one."""
    shared = place / _text(place / "commondir") if (place / "commondir").is_file() else place
    name = "HEAD"
    for _ in range(_DEEPEST):
        text = _text(place / name) if (place / name).is_file() else ""
        if not text and (shared / name).is_file():
            text = _text(shared / name)
        if not text:
            return _packed(shared, name)
        if _ID.fullmatch(text):
            return text
        led = _REF.fullmatch(text)
        if led is None or ".." in led[1]:
            return None
        name = led[1]
    return None


def _packed(shared: Path, name: str) -> str | None:
    if not (shared / "packed-refs").is_file():
        return None
    lines = (line.split(" ") for line in _text(shared / "packed-refs").splitlines())
    return next((line[0] for line in lines if line[1:] == [name] and _ID.fullmatch(line[0])), None)


def _text(path: Path) -> str:
    """Return what a small file of git says. Raises OSError, and ValueError for what is no such file."""
    with path.open("rb") as stream:
        content = stream.read(_MOST + 1)
    if len(content) > _MOST or b"\0" in content:
        raise ValueError(path)
    return content.decode().strip()


def _differs(folder: Path) -> bool | None:
    """Ask git; None where it cannot be asked, or would start a program that the repository names."""
    program = shutil.which("git")
    if program is None:
        return None
    keys = _asked((program, *_SAFE, "config", "--includes", "--list", "--name-only"), folder)
    if keys is None or any(_starts_programs(keys)):
        return None
    found = _asked((program, *_SAFE, *_STATUS), folder)
    return None if found is None else bool(found.strip())


def _starts_programs(keys: str) -> Iterator[str]:
    yield from (key for key in keys.splitlines() if _PROGRAMS.search(key) and not _HARMLESS.fullmatch(key))


def _asked(command: Sequence[str], folder: Path) -> str | None:
    import subprocess  # noqa: PLC0415 - only a run that changes something asks

    alone = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    bounds = {
        "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C",
    }  # fmt: skip
    try:
        ended = subprocess.run(
            command, cwd=folder, env=alone | bounds, stdin=subprocess.DEVNULL, capture_output=True,
            timeout=PATIENCE, check=False, start_new_session=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return None if ended.returncode else ended.stdout.decode(errors="replace")
