"""The command `docbatch emulate`."""

import re
import threading
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from docbatch.cli.output import say

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from docbatch.emulators.rehearsal import Account, Receiver, Stage
    from docbatch.emulators.server import Emulator

MOST_LINES = 40
# What docbatch puts before a name at Extend, to find its work again.
_OURS = re.compile(r"^[a-z0-9]+-[0-9a-f]{20}-")


# Generic in newer versions of click only.
class _Emulated(click.ParamType):  # type: ignore[type-arg]
    """The name of a provider whose service can be put on."""

    name = "vendor"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in _emulated():
            self.fail(f"'{value}' is not one of {', '.join(_emulated())}", param, ctx)
        return value

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> "list[CompletionItem]":
        from click.shell_completion import CompletionItem

        return [CompletionItem(name) for name in _emulated() if name.startswith(incomplete)]

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:  # noqa: ARG002
        return f"{{{'|'.join(_emulated())}}}"


def _emulated() -> list[str]:
    from docbatch.providers import REGISTRY

    REGISTRY.load_plugins()
    return [kind.name for kind in REGISTRY.kinds() if kind.service is not None and kind.service.emulator]


@click.command(name="emulate")
@click.argument("vendor", type=_Emulated())
@click.argument("run", nargs=-1, metavar="[-- COMMAND...]", type=click.UNPROCESSED)
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Listen there; each service has a port of its own."
)
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the emulator remembers what it did; .docbatch/emulate/VENDOR when left out.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME:N",
    help="Let the N-th request go wrong, such as lost:5 or 429:3.",
)
@click.option("--chaos", type=int, metavar="SEED", help="Let many requests go wrong, drawn by this number.")
@click.option(
    "--scenario",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="A file (YAML) that says how long documents take, how they end, and how long results are kept.",
)
@click.option(
    "--webhook",
    metavar="URL",
    help="Send signed webhooks there, such as to docbatch listen on this machine; the secret is taken from the environment.",
)
@click.option(
    "--extracts",
    multiple=True,
    metavar="CONFIGURATION",
    help="LlamaCloud: this saved configuration extracts. All others parse.",
)
def command(
    vendor: str,
    run: tuple[str, ...],
    *,
    port: int | None,
    state: Path | None,
    faults: tuple[str, ...],
    chaos: int | None,
    scenario: Path | None,
    webhook: str | None,
    extracts: tuple[str, ...],
) -> int:
    """Put a service on, on this machine only, to rehearse a project without an account.

    It runs until it is interrupted. With a command it runs until that has ended, and the command finds it in its
    environment: docbatch emulate extend -- docbatch apply. Results come from the local engine; nothing is paid, and
    nothing leaves this machine.
    """
    from docbatch.emulators.rehearsal import rehearsal, stages

    stage = stages()[vendor]
    weather = _weather(faults, chaos, scenario)
    receiver = None if webhook is None else _receiver(stage, webhook)
    astray = _astray(vendor)
    if run and astray:
        raise click.UsageError(_elsewhere(astray))
    folder = _folder(vendor) if state is None else state
    with rehearsal(
        stage, folder, port=port, extracting=extracts, failed=_tell_failure, receiver=receiver, **weather
    ) as emulator:
        if run:
            _introduce(stage, emulator, folder, astray)
            code = _run(run, stage, emulator.url)
        else:
            # Who has read the address may end it, whatever else there was to say.
            code = 0
            with suppress(KeyboardInterrupt):
                _introduce(stage, emulator, folder, astray)
                _wait()
    _conclude(emulator)
    return code


def _weather(faults: tuple[str, ...], chaos: int | None, scenario: Path | None) -> dict[str, Any]:
    """Return what goes wrong at the service, as a rehearsal is told. Raises UsageError."""
    from docbatch.emulators.faults import Chaos, parse_faults
    from docbatch.emulators.scenario import load_scenario

    try:
        chosen = parse_faults(faults)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--fault") from error
    return {
        "faults": chosen,
        "choose_fault": None if chaos is None else Chaos(chaos),
        "scenario": None if scenario is None else load_scenario(scenario),
    }


def _receiver(stage: "Stage", url: str) -> "Receiver":
    """Return where webhooks go. Raises UsageError."""
    import os
    from urllib.parse import urlsplit

    from docbatch.core.errors import UsageError
    from docbatch.emulators.rehearsal import Receiver
    from docbatch.naming.links import is_loopback

    if not stage.secret:
        raise UsageError(f"{stage.title} sends no webhooks")
    parts = urlsplit(url)
    if parts.scheme != "http" or not is_loopback(parts.hostname or ""):
        raise UsageError(
            "webhooks of a rehearsal go to this machine only",
            hint="name the address that 'docbatch listen' prints, such as http://127.0.0.1:8722/webhooks/NAME",
        )
    secret = os.environ.get(stage.secret, "")
    if not secret:
        raise UsageError(
            f"webhooks are signed with a secret, and {stage.secret} is not set",
            hint=f"choose one, and give it to 'docbatch listen' as well: export {stage.secret}=…",
        )
    return Receiver(url, secret, _tell_webhook)


def _tell_webhook(event: str, status: int) -> None:
    answer = f"answered {status}" if status else "not taken"
    say(f"webhook {event}: {answer}", err=True)


def _folder(vendor: str) -> Path:
    """Return the emulator's own folder, beside the project's state and not in it."""
    from docbatch.cli.workspace import state_folder
    from docbatch.state.files import prepare

    folder = state_folder()
    prepare(folder)
    return folder / "emulate" / vendor


def _astray(vendor: str) -> list[str]:
    """Return the connections to this service that the environment would not lead to the emulator."""
    from urllib.parse import urlsplit

    from docbatch.cli.workspace import declared_project
    from docbatch.naming.links import is_loopback

    connections = declared_project().connections.values()
    return [
        each.name
        for each in connections
        if each.type == vendor and each.base_url and not is_loopback(urlsplit(each.base_url).hostname or "")
    ]


def _elsewhere(names: Collection[str]) -> str:
    named = ", ".join(f"'{name}'" for name in names)
    return (
        f"the base_url of connection {named} in docbatch.yaml leads to the real service, not to the emulator"
    )


def _introduce(stage: "Stage", emulator: "Emulator", folder: Path, astray: Collection[str]) -> None:
    from docbatch.emulators.rehearsal import KEY, LEDGER

    before = len(emulator.payments)
    lines = [
        f"{stage.title} is emulated at {emulator.url}, for this machine only. Nothing is paid.",
        "",
        f"  export {stage.address}={emulator.url}",
        f"  export {stage.key}={KEY}    # any key will do; no real one is needed",
        "",
        f"or write 'base_url: {emulator.url}' into a connection of docbatch.yaml.",
        f"What would have been paid: {emulator.url}{LEDGER}",
        f"Its memory: {folder}" + (f" ({before:,} documents from before)" if before else ""),
    ]
    say("\n".join(lines))
    if astray:
        say(f"warning: {_elsewhere(astray)}", err=True)


def _wait() -> None:
    say("Ctrl-C ends it.", err=True)
    threading.Event().wait()


def _run(run: Sequence[str], stage: "Stage", url: str) -> int:
    """Run a command that finds the emulator in its environment, and return its exit code."""
    import os
    import signal
    import subprocess

    from docbatch.core.errors import UsageError
    from docbatch.emulators.rehearsal import KEY

    environment = {**os.environ, stage.address: url, stage.key: KEY}
    try:
        process = subprocess.Popen(run, env=environment)
    except OSError as error:
        raise UsageError(f"'{run[0]}' cannot be run: {error.strerror}") from error
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    while True:
        # Ctrl-C reaches the command as well: it ends in its own way, and the emulator after it.
        with suppress(KeyboardInterrupt):
            code = process.wait()
            return code if code >= 0 else 128 - code


def _conclude(emulator: "Emulator") -> None:
    from docbatch.emulators.rehearsal import accounts

    say(_ledger(list(accounts(emulator.payments))))
    if emulator.leaks:
        say(f"warning: a key reached the storage host in {len(emulator.leaks)} requests", err=True)
    for error in emulator.errors:
        say(f"error: the emulator itself failed:\n{error}", err=True)


def _tell_failure(subject: str, trace: str) -> None:
    """Say at once that the emulator broke down; what it was asked then is not remembered."""
    what = trace.strip().rpartition("\n")[2]
    say(
        f"error: the emulator itself failed over {subject}: {what}; it is not remembered, so that it ends with this request",
        err=True,
    )


def _ledger(accounts: "Sequence[Account]") -> str:
    """Say what would have been paid, the costliest first; services charge by the page."""
    from docbatch.core.report import plural, visible

    if not accounts:
        return "\nNothing would have been paid."
    pages = sum(each.pages for each in accounts)
    lines = ["", f"Would have been paid: {plural(len(accounts), 'document')}, {plural(pages, 'page')}"]
    ordered = sorted(accounts, key=lambda each: (-each.pages, _own_name(each)))
    for each in ordered[:MOST_LINES]:
        again = f", {each.times} times" if each.times > 1 else ""
        name = visible(_own_name(each))
        lines.append(f"  {each.operation:9} {name}: {plural(each.pages, 'page')}{again}")
    if len(ordered) > MOST_LINES:
        lines.append(f"  and {len(ordered) - MOST_LINES:,} more")
    return "\n".join(lines)


def _own_name(account: "Account") -> str:
    return _OURS.sub("", account.document)
