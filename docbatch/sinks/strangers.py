"""Walking folders of outputs for what else lies in them; no link is followed."""

import os
from collections.abc import Iterator

from docbatch.naming.filenames import GIT, STATE, TEMPORARY

_PASSED_OVER = (STATE.encode(), GIT.encode())
_OURS = TEMPORARY.encode()


def files_below(folder: bytes) -> Iterator[bytes]:
    """Yield the absolute paths of all that is no folder, in the order of names, folder after folder.

    What docbatch has half written is passed over, and so are its own folder and git's. Raises OSError for a folder that
    cannot be read; one that is not there has nothing in it.
    """
    waiting = [folder]
    while waiting:
        place = waiting.pop()
        try:
            with os.scandir(place) as entries:
                found = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries)
        except (FileNotFoundError, NotADirectoryError):
            continue
        below = []
        for name, is_folder in found:
            if name in _PASSED_OVER or name.startswith(_OURS):
                continue
            if is_folder:
                below.append(place + b"/" + name)
            else:
                yield place + b"/" + name
        waiting.extend(reversed(below))
