"""What is said of results that cannot be kept or had."""

import errno
import os
from pathlib import Path

from docbatch.core.errors import ResultLost, StateError


def lost(digest: str, what: str) -> ResultLost:
    return ResultLost(
        f"the stored result {digest} {what}",
        hint="other documents are not affected; 'docbatch state check --repair', then 'docbatch apply', brings it back: "
        "free work is done again, and what a provider still has is fetched again at no charge",
    )


def unwritable(root: Path, error: OSError) -> StateError:
    reason = (
        "the disk is full" if error.errno in {errno.ENOSPC, errno.EDQUOT} else os.strerror(error.errno or 0)
    )
    return StateError(
        f"the spool {root} cannot be written: {reason}",
        hint="what was recorded is safe; make room or restore access and run `docbatch apply` again: "
        "it collects the rest without sending anything twice",
    )


def no_draft(what: str, root: Path) -> StateError:
    return StateError(
        f"{what} is not a result drafted for the spool {root}",
        hint="nothing was recorded; run `docbatch apply` again",
    )
