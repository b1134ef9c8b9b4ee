"""Open a hostile document: never wait on a pipe or device, never read more than was planned."""

import errno
import hashlib
import os
import stat

from docbatch.core.models import Failure, FailureClass
from docbatch.providers.local.messages import MORE_MEMORY, Differs, Task

# The bytes, their decoded form and the answer lie in memory at once.
_SHARE_OF_MEMORY = 2


def read(task: Task) -> bytes | Differs | Failure:
    """Return the task's bytes, checked against their digest."""
    try:
        file = os.open(task.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except FileNotFoundError:
        return Differs("the file is gone")
    except OSError as error:
        return _cannot_open(error)
    try:
        return _objection(os.fstat(file), task) or _checked(file, task)
    except OSError as error:
        return Failure(FailureClass.UNREADABLE, f"cannot read the file: {error.strerror}")
    finally:
        os.close(file)


def _cannot_open(error: OSError) -> Failure:
    # A socket, or a device without a driver, cannot even be opened.
    if error.errno in (errno.ENXIO, errno.ENODEV, errno.EOPNOTSUPP):
        return Failure(FailureClass.SPECIAL_FILE, "not a regular file")
    return Failure(FailureClass.UNREADABLE, f"cannot open the file: {error.strerror}")


def _objection(found: os.stat_result, task: Task) -> Differs | Failure | None:
    if not stat.S_ISREG(found.st_mode):
        return Failure(FailureClass.SPECIAL_FILE, "not a regular file")
    if found.st_size != task.size:
        return Differs(f"the file has {found.st_size} bytes, {task.size} were planned")
    if found.st_size > task.max_memory // _SHARE_OF_MEMORY:
        reason = (
            f"{found.st_size} bytes are more than half of max_memory ({task.max_memory} bytes); {MORE_MEMORY}"
        )
        return Failure(FailureClass.MEMORY, reason)
    return None


def _checked(file: int, task: Task) -> bytes | Differs:
    data = _whole(file, task.size)
    if hashlib.sha256(data).hexdigest() != task.digest:
        return Differs("the file's content is not what was planned")
    return data


def _whole(file: int, size: int) -> bytes:
    data = os.read(file, size)
    while len(data) < size:
        more = os.read(file, size - len(data))
        if not more:
            break
        data += more
    return data
