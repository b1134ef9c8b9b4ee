"""Which command runs at this moment, and who runs it, as records tell it: without what may be a secret."""

import contextlib
import getpass
import os
import re
import shlex
import socket
from collections.abc import Iterator, Sequence
from contextvars import ContextVar

from docbatch.core.outside_text import whole

LONGEST = 2000
_LINK = re.compile(r"(?i)([a-z][a-z0-9+.-]*://)(?:[^/?#]*@)?([^?#]*).*", re.DOTALL)
_ASSIGNMENT = re.compile(r"((?:--[a-z-]+=)?[A-Za-z_][A-Za-z0-9_.-]*=).*", re.DOTALL)
_VARIABLE = "--var"
_CURRENT: ContextVar[str | None] = ContextVar("invocation", default=None)


def told(arguments: Sequence[str]) -> str:
    """Return a command as it is kept: values of variables are left out, and what a link says beside host and path."""
    kept = []
    before = ""
    for argument in arguments:
        word = argument
        if before == _VARIABLE or word.startswith(f"{_VARIABLE}="):
            word = _ASSIGNMENT.sub(r"\1…", word)
        kept.append(_LINK.sub(r"\1\2", word))
        before = argument
    text = whole(shlex.join(kept))
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


@contextlib.contextmanager
def started(arguments: Sequence[str]) -> Iterator[None]:
    """Note what the command line was started with."""
    token = _CURRENT.set(told(arguments))
    try:
        yield
    finally:
        _CURRENT.reset(token)


@contextlib.contextmanager
def called(method: str) -> Iterator[None]:
    """Note that a program calls a method, unless the command line does."""
    if _CURRENT.get() is not None:
        yield
        return
    token = _CURRENT.set(f"{method} (called by a program)")
    try:
        yield
    finally:
        _CURRENT.reset(token)


def current() -> str:
    """Return what is under way."""
    return _CURRENT.get() or "a program"


def run_link() -> str | None:
    """Return the address of the run of a CI system that this is part of, None where none says so.

    docs.github.com/actions/reference/variables-reference, docs.gitlab.com/ci/variables/predefined_variables, and Jenkins' BUILD_URL.
    """
    said = os.environ.get
    server, repository, run = (said(f"GITHUB_{name}") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    if server and repository and run:
        return whole(f"{server}/{repository}/actions/runs/{run}")
    link = said("CI_JOB_URL") or said("BUILD_URL")
    return whole(link) if link else None


def who() -> str:
    """Return who runs this, as user@host."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError, ImportError):
        user = str(os.getuid())
    return whole(f"{user}@{socket.gethostname()}")
