"""Places that no job may name: docbatch's own folder, git's, and what a link inside the project leads to outside of it."""

import os
from pathlib import Path

from docbatch.fields import misplaced_url, unexpanded
from docbatch.naming.filenames import GIT, STATE, reserved

OTHER = "choose another one"


def forbidden(root: Path, text: str, place: Path, *, is_written: bool) -> tuple[str, str] | None:
    """Say what is wrong with an absolute place that was written as `text`, and what to do; `root` is the project's."""
    if told := unexpanded(text) or misplaced_url(text):
        return told
    if told := _reserved(_parts(root, place), is_written=is_written):
        return told
    if not is_written:
        return None
    real, real_root = Path(os.path.realpath(place)), Path(os.path.realpath(root))
    if place.is_relative_to(root) and not real.is_relative_to(real_root):
        return (
            f"{place.relative_to(root)} is a link, or lies behind one, that leads out of the project, to {real}",
            "write there by its absolute path, or put a folder in the link's place",
        )
    return _reserved(_parts(real_root, real), is_written=True)


def _parts(root: Path, place: Path) -> tuple[str, ...]:
    return place.relative_to(root).parts if place.is_relative_to(root) else place.parts


def _reserved(parts: tuple[str, ...], *, is_written: bool) -> tuple[str, str] | None:
    names = set(map(reserved, parts))
    if STATE in names:
        return f"{STATE} is docbatch's own folder", OTHER
    if is_written and GIT in names:
        return f"{GIT} is git's own folder", OTHER
    return None
