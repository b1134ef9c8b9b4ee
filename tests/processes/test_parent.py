"""What a process that was started does with requests that ask for several things."""

import os
from collections.abc import Iterator
from contextlib import closing
from itertools import chain

import pytest

from docbatch.processes.frames import CHUNK, LAST, READY, Frame, Frames, pack
from docbatch.processes.parent import serve_all


class Conversation:
    """The other side of the pipes. `heard` is all that was answered by the time it is looked at."""

    def __init__(self) -> None:
        self._given, self._requests = os.pipe()
        self._heard, self._answers = os.pipe()
        os.set_blocking(self._heard, False)
        self._frames = Frames()
        self.heard: list[Frame] = []
        self.begun: list[str] = []

    def hold(self, *requests: list[str], last: str = "") -> None:
        """Have the requests answered up to the `last`, after which the process is spent."""
        os.write(self._requests, b"".join(chain.from_iterable(pack(Frame(each)) for each in requests)))
        os.close(self._requests)
        serve_all((self._given, self._answers), self._answered, lambda: last in self.begun)
        self._hear()

    def close(self) -> None:
        for pipe in (self._given, self._heard, self._answers):
            os.close(pipe)

    def _answered(self, request: Frame) -> Iterator[Frame]:
        for name in request.message:
            self._hear()
            assert [frame.message for frame in self.heard[1:]] == self.begun
            self.begun.append(name)
            yield Frame(name)

    def _hear(self) -> None:
        try:
            self.heard.extend(self._frames.feed(os.read(self._heard, CHUNK)))
        except BlockingIOError:
            return


@pytest.fixture
def conversation() -> Iterator[Conversation]:
    with closing(Conversation()) as held:
        yield held


def test_each_answer_is_written_before_the_next_thing_is_begun(conversation: Conversation) -> None:
    conversation.hold(["a", "b"], [], ["c"])
    assert conversation.heard == [READY, Frame("a"), Frame("b"), Frame("c")]


def test_one_that_is_spent_begins_nothing_more_of_what_it_was_asked(conversation: Conversation) -> None:
    conversation.hold(["a", "b"], ["c"], last="a")
    assert conversation.heard == [READY, Frame("a"), LAST]
    assert conversation.begun == ["a"]
