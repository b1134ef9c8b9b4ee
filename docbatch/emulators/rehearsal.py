"""An emulator for people: it takes a project as it is, reads what it is sent, and remembers what it did."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from pkgutil import resolve_name

from docbatch.core.errors import StateError, UsageError
from docbatch.emulators.exchange import Request, Response
from docbatch.emulators.journal import Journal, write_whole
from docbatch.emulators.local_reader import LocalReader
from docbatch.emulators.server import Emulator, Payment
from docbatch.providers import REGISTRY
from docbatch.state.lock import hold

KEY = "rehearsal"
LEDGER = "/ledger"


@dataclass(frozen=True, slots=True)
class Stage:
    """How one service is put on: `port` is where it is found unless another is asked for.

    `address` and `key` are the environment variables that lead a connection to it.
    """

    title: str
    make: Callable[[Collection[str]], Emulator]
    port: int
    address: str
    key: str


def stages() -> Mapping[str, Stage]:
    """Return how every service that can be rehearsed is put on, by the name of its provider."""
    found = {}
    for kind in REGISTRY.kinds():
        service = kind.service
        if service is not None and service.emulator is not None:
            make, port = partial(_made, service.emulator.make), service.emulator.port
            found[kind.name] = Stage(kind.title, make, port, service.address_variable, service.key_variable)
    return found


def _made(name: str, extracting: Collection[str]) -> Emulator:
    emulator = resolve_name(name)(extracting)
    assert isinstance(emulator, Emulator), name
    return emulator


@dataclass(frozen=True, slots=True)
class Account:
    """What one document would have cost: how often it was paid for, and the pages of it all."""

    operation: str
    document: str
    times: int
    pages: int


def accounts(payments: Collection[Payment]) -> Iterator[Account]:
    """Yield what was paid, by operation and document."""
    times: Counter[tuple[str, str, str]] = Counter()
    pages: Counter[tuple[str, str, str]] = Counter()
    for each in payments:
        same = (each.operation, each.name, each.digest)
        times[same] += 1
        pages[same] += each.pages or 0
    for same in sorted(times):
        yield Account(same[0], same[1], times[same], pages[same])


@contextmanager
def rehearsal(
    stage: Stage,
    folder: Path,
    *,
    port: int | None = None,
    faults: Mapping[int, str] | None = None,
    choose_fault: Callable[[Request], str] | None = None,
    extracting: Collection[str] = (),
) -> Iterator[Emulator]:
    """Put a service on, with what it remembers in `folder`. Raises StateLocked, StateError, UsageError."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        stack.enter_context(hold(folder / "lock"))
        emulator = stage.make(extracting)
        journal = Journal(folder, emulator.kept_headers)
        stack.callback(journal.close)
        reader = LocalReader(emulator, folder, lambda name: journal.add_reading(emulator.clock(), name))
        stack.callback(reader.close)
        stack.callback(emulator.close)
        _open_up(emulator, reader, folder)
        _recall(emulator, journal, reader)
        emulator.committed = lambda request: journal.add_request(emulator.clock(), request)
        emulator.faults.update(faults or {})
        emulator.choose_fault = choose_fault or emulator.choose_fault
        reader.start()
        _listen(emulator, stage, port)
        yield emulator


def _open_up(emulator: Emulator, reader: LocalReader, folder: Path) -> None:
    """Have an emulator take what comes, and show what it was paid for."""
    emulator.scripted = emulator.remembers = False
    emulator.reader = reader
    emulator.retry_after = 1
    emulator.own[LEDGER] = lambda: Response.of([asdict(each) for each in accounts(emulator.payments)])
    signing = folder / "signing"
    if not signing.exists():
        write_whole(signing, emulator.signing)
    # Links that were handed out stay valid over a restart, and so can be followed again in what is remembered.
    emulator.signing = signing.read_bytes()


def _recall(emulator: Emulator, journal: Journal, reader: LocalReader) -> None:
    """Let everything happen again that happened before, each at its time."""
    now = emulator.clock
    try:
        for entry in journal.entries():
            emulator.clock = partial(float, entry.at)
            if isinstance(entry.event, str):
                reader.release(entry.event)
            else:
                headers = {**entry.event.headers, "authorization": f"Bearer {KEY}", "x-api-key": KEY}
                emulator.commit(replace(entry.event, headers=headers))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StateError(
            f"{journal.folder}: what the emulator remembers cannot be taken up: {error}",
            hint="nothing real is kept there; remove the folder, or name another with --state",
        ) from error
    finally:
        emulator.clock = now


def _listen(emulator: Emulator, stage: Stage, port: int | None) -> None:
    wanted = stage.port if port is None else port
    try:
        emulator.listen(wanted)
    except OSError as error:
        raise UsageError(
            f"{stage.title} cannot be emulated on port {wanted}: {error.strerror}",
            hint="choose another with --port; what is sent there counts as another account",
        ) from error
