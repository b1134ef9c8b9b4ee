"""What the pool and the driver say to each other. Tasks and answers travel as between a pool and its workers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from docbatch.processes.frames import Frame, message_of, read_message
from docbatch.providers.local.messages import Answer, Task, answer_frame, read_answer, tasks_message


@dataclass(frozen=True, slots=True)
class ClusterSettings:
    """Which cluster, and how it is used.

    `address` is None for a cluster of this machine that ends with the run; its files lie in `folder` then. `workers` is how
    many documents are read at a time, None for as many as the cluster has processors. `search` are folders with modules.
    """

    address: str | None
    workers: int | None
    folder: str
    catalogue: str
    search: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ClusterSize:
    """How many documents the cluster reads at a time."""

    width: int


@dataclass(frozen=True, slots=True)
class ClusterRemark:
    """What a person should know."""

    text: str


@dataclass(frozen=True, slots=True)
class ClusterIdle:
    """Nothing is read now, and why; an empty reason says that it is over."""

    reason: str


@dataclass(frozen=True, slots=True)
class ClusterLost:
    """The cluster is not there, or not any more. It may be there later."""

    reason: str


@dataclass(frozen=True, slots=True)
class ClusterUnfit:
    """The cluster cannot be used as it is; `hint` says what to do."""

    reason: str
    hint: str


ClusterNews = ClusterSize | ClusterRemark | ClusterIdle | ClusterLost | ClusterUnfit


class DriverRequest(StrEnum):
    BEGIN = "begin"
    TASKS = "tasks"
    CANCEL = "cancel"


def begin_frame(settings: ClusterSettings) -> Frame:
    return Frame([DriverRequest.BEGIN, *message_of(settings)])


def read_settings(frame: Frame) -> ClusterSettings:
    settings: ClusterSettings = read_message(frame.message[1:], ClusterSettings)
    return settings


def tasks_frame(tasks: Sequence[Task]) -> Frame:
    return Frame([DriverRequest.TASKS, tasks_message(tasks)])


def cancel_frame(ids: Collection[str]) -> Frame:
    return Frame([DriverRequest.CANCEL, list(ids)])


_ANSWER = "answer"


def ended_frame(id_: str, answer: Answer) -> Frame:
    """Return the answer to a task, which is named because answers come in any order."""
    frame = answer_frame(answer)
    return Frame([_ANSWER, id_, frame.message], frame.payload)


def read_ended(frame: Frame) -> tuple[str, Answer] | None:
    """Return a task's id and the answer to it, None for what is none. Raises one of NONSENSE."""
    if frame.message[0] != _ANSWER:
        return None
    _, id_, message = frame.message
    return id_, read_answer(Frame(message, frame.payload))


def news_frame(news: ClusterNews) -> Frame:
    return Frame(message_of(news))


def read_news(frame: Frame) -> ClusterNews:
    """Return what else the driver says. Raises one of NONSENSE."""
    news: ClusterNews = read_message(
        frame.message, ClusterSize, ClusterRemark, ClusterIdle, ClusterLost, ClusterUnfit
    )
    return news


def pieces(tasks: Sequence[Task], most: int = 1000) -> list[Sequence[Task]]:
    """Return tasks in such portions as fit into a message each."""
    return [tasks[start : start + most] for start in range(0, len(tasks), most)]
