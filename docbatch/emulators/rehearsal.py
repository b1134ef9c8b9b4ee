"""An emulator for people: it takes a project as it is, reads what it is sent, and remembers what it did."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from pkgutil import resolve_name

from docbatch.core.errors import StateError, UsageError
from docbatch.emulators.announcer import Announcer
from docbatch.emulators.exchange import Request, Response
from docbatch.emulators.journal import Journal, write_whole
from docbatch.emulators.local_reader import LocalReader
from docbatch.emulators.scenario import Scenario
from docbatch.emulators.server import Emulator, Payment
from docbatch.emulators.webhooks import Delivery
from docbatch.providers import REGISTRY
from docbatch.providers.kind import EmulatorKind, Service
from docbatch.state.lock import hold

KEY = "rehearsal"
LEDGER = "/ledger"


@dataclass(frozen=True, slots=True)
class Stage:
    """How one service is put on: `port` is where it is found unless another is asked for.

    `address` and `key` are the environment variables that lead a connection to it, `secret` is the one with the secret that
    its webhooks are signed with, and `webhooks` makes them; empty and None where it sends none.
    """

    title: str
    make: Callable[[Collection[str]], Emulator]
    port: int
    address: str
    key: str
    secret: str = ""
    webhooks: Callable[[Emulator, str], Mapping[str, Delivery]] | None = None


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where webhooks go, the secret they are signed with, and who hears what became of each: its id, and the status."""

    url: str
    secret: str = field(repr=False)
    told: Callable[[str, int], None] = lambda _event, _status: None


def stages() -> Mapping[str, Stage]:
    """Return how every service that can be rehearsed is put on, by the name of its provider."""
    found = {}
    for kind in REGISTRY.kinds():
        service = kind.service
        if service is not None and service.emulator is not None:
            found[kind.name] = _stage(kind.title, service, service.emulator)
    return found


def _stage(title: str, service: Service, emulator: EmulatorKind) -> Stage:
    make, webhook = partial(_made, emulator.make), service.webhook
    stage = Stage(title, make, emulator.port, service.address_variable, service.key_variable)
    if not emulator.webhooks or webhook is None:
        return stage
    return replace(stage, secret=webhook().variable, webhooks=resolve_name(emulator.webhooks))


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
    scenario: Scenario | None = None,
    failed: Callable[[str, str], None] | None = None,
    receiver: Receiver | None = None,
) -> Iterator[Emulator]:
    """Put a service on, with what it remembers in `folder`. `failed` hears at once of the emulator's own faults.

    Raises StateLocked, StateError, UsageError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        stack.enter_context(hold(folder / "lock"))
        emulator = stage.make(extracting)
        emulator.scenario = scenario or emulator.scenario
        emulator.failed = failed or emulator.failed
        journal = Journal(folder, emulator.kept_headers)
        stack.callback(journal.close)
        reader = LocalReader(emulator, folder, lambda name: journal.add_reading(emulator.clock(), name))
        stack.callback(reader.close)
        stack.callback(emulator.close)
        _open_up(emulator, reader, folder)
        _recall(emulator, journal, reader)
        emulator.committed = lambda request: journal.add_request(
            emulator.clock(), emulator.remembered(request)
        )
        emulator.faults.update(faults or {})
        emulator.choose_fault = choose_fault or emulator.choose_fault
        reader.start()
        _listen(emulator, stage, port)
        if receiver is not None:
            announcer = _announcer(emulator, stage, receiver)
            announcer.start()
            stack.callback(announcer.close)
        yield emulator


def _announcer(emulator: Emulator, stage: Stage, receiver: Receiver) -> Announcer:
    """Raises UsageError for a service that sends no webhooks."""
    made = stage.webhooks
    if made is None:
        raise UsageError(f"{stage.title} sends no webhooks")

    def pending() -> Mapping[str, Delivery]:
        with emulator.turn:
            return made(emulator, receiver.secret)

    return Announcer(receiver.url, pending, receiver.told)


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
