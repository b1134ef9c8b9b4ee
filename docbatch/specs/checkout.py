"""Which files of a project are read as specs, lists and settings, and how much of a project that nobody vouches for."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from docbatch.sources.mounts import is_of_the_kernel

GIT = ".git"
OPEN_VARIABLES = "DOCBATCH_VAR_"
"""What the names of variables begin with that are read for any project."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """A project's folder, absolute and without links; `untrusted` says that nobody vouches for what lies in it."""

    root: Path
    untrusted: bool = False

    def fault(self, file: Path) -> tuple[str, str] | None:
        """Say why a file or folder is not read, and what to do; None where nothing speaks against it.

        A link is followed as far as it stays below the root. A file that is named outside of it is somebody's own word.
        """
        if self.is_foreign(file):
            return (
                "this lies outside of the project",
                "a repository that is not trusted names its own files only",
            )
        if not self._is_inside(Path(os.path.normpath(file))):
            return None
        if not self._is_inside(real(file)):
            return "this is a link that leads out of the project", "put the file itself there"
        if GIT in real(file).relative_to(self.root).parts:
            return f"this lies in {GIT}", "name a file of the project"
        return None

    def file(self, text: str) -> Path:
        """Return the file that a text names, relative to the root unless it is absolute."""
        return self.root / (text if self.untrusted else Path(text).expanduser())

    def is_foreign(self, file: Path) -> bool:
        """Say whether a file or folder lies where those of an untrusted project must not."""
        return self.untrusted and not self._is_inside(real(file))

    def root_fault(self, folder: Path) -> tuple[str, str] | None:
        """Say why documents cannot lie in a folder, and what to do; None where nothing speaks against it."""
        if self.is_foreign(folder):
            return (
                "this lies outside of the project",
                "a repository that is not trusted names its own documents only",
            )
        try:
            device = folder.stat().st_dev
        except (OSError, ValueError):
            return None
        if self.untrusted:
            # Nothing but the project is looked at, not even which file systems there are.
            apart = device != self.root.stat().st_dev
            return ("this is another file system", "name a folder of the project's own") if apart else None
        if is_of_the_kernel(str(real(folder)), device):
            return "this is a file system of the kernel", "it holds no documents; name another folder"
        return None

    def links_within(self, folder: Path, *, follow: bool) -> bytes | None:
        """Return the folder that links below a source's root may not lead out of; None where they may lead anywhere."""
        if follow:
            return os.fsencode(self.root) if self.untrusted else None
        return os.fsencode(real(folder))

    def _is_inside(self, path: Path) -> bool:
        return path.is_relative_to(self.root)


def variables(*, untrusted: bool) -> Mapping[str, str]:
    """Return the environment's variables; for an untrusted project those that are meant for any."""
    if not untrusted:
        return os.environ
    return {name: value for name, value in os.environ.items() if name.startswith(OPEN_VARIABLES)}


def real(path: Path) -> Path:
    """Return where a path leads, links followed; those that lead nowhere are left. `Path.resolve` fails at a ring of them."""
    try:
        return Path(os.path.realpath(path))
    except (OSError, RecursionError, ValueError):
        return Path("/")
