"""Outputs that other processes make ahead of who writes them: many small ones are asked for, and answered, at once."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import TypeVar

from docbatch.core.models import ResultPlace
from docbatch.engine.reading.result_reader_pool import Done, ResultReaders
from docbatch.engine.reading.result_reader_process import Output, Render, Wanted, read_outputs
from docbatch.sinks.kind import Form
from docbatch.sinks.rows.row_form import RowForm

WINDOW = 256
"""The most outputs that are asked for at once."""
WINDOW_BYTES = 256 << 10
"""Bytes of the results of a window, as they lie in the spool, with which it ends."""

T = TypeVar("T")
Made = Callable[[], bytes | None]
"""Gives an output once, None where it has to be made here. Raises ValueError where there is none, StateError."""


def not_made() -> bytes | None:
    """Stand for an output that nobody makes elsewhere."""
    return None


def made_ahead(
    readers: ResultReaders,
    kind: str,
    form: Form | RowForm,
    wanted: Iterable[tuple[T, Wanted]],
    bring: Callable[[Iterable[ResultPlace | None]], object] = lambda _: None,
) -> Iterator[tuple[T, Wanted, Made]]:
    """Yield what is wanted, each with what gives its output. `kind` is the type of provider that reads the results.

    `bring` has results lie where processes read them. How much there is need not be known: processes are started once it turns out to be enough for them.
    """
    under_way: deque[list[tuple[T, Wanted, Made]]] = deque()
    seen = 0
    for window in _windows(wanted):
        seen += len(window)
        readers.expect(seen)
        if readers.depth:
            bring(each.place for _, each in window)
        made = _asked(readers, kind, form, [each for _, each in window])
        under_way.append([(*each, give) for each, give in zip(window, made, strict=True)])
        if len(under_way) > readers.depth:
            yield from under_way.popleft()
    yield from chain.from_iterable(under_way)


def _windows(wanted: Iterable[tuple[T, Wanted]]) -> Iterator[list[tuple[T, Wanted]]]:
    window: list[tuple[T, Wanted]] = []
    size = 0
    for each in wanted:
        place = each[1].place
        window.append(each)
        size += WINDOW_BYTES if place is None else place.length
        if size >= WINDOW_BYTES or len(window) >= WINDOW:
            yield window
            window, size = [], 0
    if window:
        yield window


def _asked(readers: ResultReaders, kind: str, form: Form | RowForm, wanted: Sequence[Wanted]) -> list[Made]:
    made: list[Made] = [not_made] * len(wanted)
    for home, numbers in readers.shares(each.digest for each in wanted).items():
        share = _Share(partial(readers.render, home=home), kind, form, [wanted[number] for number in numbers])
        for place, number in enumerate(numbers):
            made[number] = partial(share.take, place)
    return made


class _Share:
    """Outputs that were asked of one process. It makes the first of them where they are long, and is asked for the rest."""

    def __init__(
        self, ask: Callable[[Render], Done | None], kind: str, form: Form | RowForm, wanted: Sequence[Wanted]
    ) -> None:
        self._ask = ask
        self._kind, self._form, self._wanted = kind, form, wanted
        self._arrived = 0
        self._held: dict[int, Output] = {}
        self._done = self._asked(wanted)

    def take(self, number: int) -> bytes | None:
        while self._done is not None and number >= self._arrived:
            self._receive(self._done)
        output = self._held.pop(number, None)
        if isinstance(output, Exception):
            raise output
        return output

    def _receive(self, done: Done) -> None:
        answer = done.result()
        outputs = [] if answer is None else read_outputs(answer)
        self._held.update(enumerate(outputs, self._arrived))
        self._arrived += len(outputs)
        self._done = None
        if outputs and (rest := self._wanted[self._arrived :]):
            self._done = self._asked(rest)

    def _asked(self, wanted: Sequence[Wanted]) -> Done | None:
        return self._ask(Render(self._kind, self._form, wanted))
