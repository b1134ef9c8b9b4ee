"""The command line: parse, call, print, exit. Commands are imported when they are used, so that starting is quick."""

import contextlib
import gc
import importlib
import io
import os
import signal
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import click

from docbatch import __version__, invocation
from docbatch.cli import chosen_project, json_lines, log_options
from docbatch.cli.log_options import take_logs
from docbatch.cli.options import UNTRUSTED, take_folder, take_lock_timeout, untrusted_by_variable
from docbatch.cli.output import endure, say, say_last, silence, tell, unwritten
from docbatch.cli.uncaught import show_without_secrets

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from docbatch.core.errors import UsageError

COMMANDS: Final[Mapping[str, str]] = {
    "init": "Write a starter project.",
    "validate": "Check specs: every error at once, without network, keys or commands.",
    "fmt": "Format specs, comments and all.",
    "test": "Compare recorded plans with what the specs come to now.",
    "plan": "Show what apply would do and why. Changes nothing.",
    "apply": "Send, follow, collect and deliver until nothing is due.",
    "watch": "Apply, and again whenever files change and settle.",
    "collect": "Follow, collect and deliver what was sent. Sends nothing.",
    "listen": "Receive webhooks, so that results are collected at once.",
    "status": "Show what is recorded. No network.",
    "costs": "Show what paid work came to.",
    "explain": "Say why a document will or will not be sent, and what became of it.",
    "history": "Show who changed the state, from which commit, and with what result.",
    "sql": "Ask the state in SQL. Changes nothing.",
    "failures": "List documents that are not well, and what to do about them.",
    "retry": "Queue failed documents again.",
    "accept": "Let failures stand for good.",
    "waive": "Let failures stand for a while.",
    "cancel": "Ask the vendor to stop what it works on.",
    "resolve": "Settle a held submission by hand.",
    "recover": "Take over work at a vendor that the state does not know.",
    "adopt": "Take over a batch at a vendor by its id.",
    "verify": "Check outputs against manifests. No network, no state, no keys.",
    "drift": "Say which outputs are not as they were written.",
    "prune": "Remove outputs that nothing wants any more.",
    "state": "Look at the state, check it, back it up, bring it back.",
    "emulate": "Put a service on, on this machine, to rehearse without an account.",
    "schema": "Print the JSON Schema of specs and results.",
    "providers": "Say what each provider can do.",
}

TRUSTING: Final = frozenset(
    {
        "apply",
        "watch",
        "collect",
        "listen",
        "costs",
        "failures",
        "history",
        "sql",
        "retry",
        "accept",
        "waive",
        "cancel",
        "resolve",
        "recover",
        "adopt",
        "drift",
        "prune",
        "state",
    }
)
"""Commands that use what the project names: keys, hosts, its state."""


NO_LINES: Final = frozenset({"emulate", "schema"})
"""Commands whose output is JSON as it is, or another's."""
NO_LINES_BELOW: Final = frozenset({"dump"})


def _take_json(command: click.Command) -> None:
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            if name not in NO_LINES_BELOW:
                _take_json(each)
    else:
        json_lines.take_json(command)


class Lazy(click.Group):
    """A group that knows its commands' names and one-line helps without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"docbatch.cli.{cmd_name}")
        command: click.Command = module.command
        take_folder(command)
        if cmd_name not in chosen_project.WITHOUT_PROJECT:
            chosen_project.take_choice(command)
        take_logs(command)
        take_lock_timeout(command, cmd_name)
        if cmd_name not in NO_LINES:
            _take_json(command)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        from click.shell_completion import CompletionItem

        names = [
            CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)
        ]
        return names or click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            from difflib import get_close_matches

            near = get_close_matches(args[0].lower(), COMMANDS, 1)
            hint = f" Did you mean '{near[0]}'?" if near else " 'docbatch --help' lists them."
            raise click.UsageError(f"There is no command '{args[0]}'.{hint}", ctx)
        if args and args[0] in TRUSTING and untrusted_by_variable(ctx):
            raise click.UsageError(
                f"{UNTRUSTED} is set, and '{args[0]}' takes the project's word; unset it where the project is your own.",
                ctx,
            )
        if args:
            chosen_project.refuse_choice(args[0], ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            silence()
            return 0


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="docbatch", message="%(prog)s %(version)s")
def docbatch() -> None:
    """Send documents through parsing services: declared in YAML, resumable, each document paid once."""


take_folder(docbatch)
chosen_project.take_choice(docbatch)


def main() -> None:
    """Run the command line and end the process with the published exit code."""
    json_lines.end()
    chosen_project.end()
    log_options.end()
    show_without_secrets()
    with invocation.started(sys.argv[1:]):
        code = _run()
        say_last(code)
        with contextlib.suppress(BrokenPipeError):
            sys.stdout.flush()
    sys.exit(_with_what_is_unwritten(code))


def _run() -> int:
    code = 0
    # What starting makes stays, and need not be looked through again and again for what may go.
    gc.set_threshold(50_000, 20, 20)
    endure()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        outcome = docbatch.main(standalone_mode=False)
        code = outcome if isinstance(outcome, int) else 0
        sys.stdout.flush()
    except click.ClickException as error:
        _complain(error)
        _speak_as_asked(error)
        tell("error", None, message=error.format_message(), hint=None, exit_code=64)
        code = 64
    except (click.exceptions.Abort, KeyboardInterrupt):
        say("interrupted; run the same command to resume", err=True)
        tell("error", None, message="interrupted", hint="run the same command to resume", exit_code=130)
        code = 130
    except BrokenPipeError:
        silence()
    except Exception as error:  # noqa: BLE001 - what is not expected is raised again with its traceback
        code = _report(error)
    return code


def _with_what_is_unwritten(code: int) -> int:
    """Return the code, or that of an error where results could not be written: whoever reads them has but a part."""
    why = unwritten()
    if why is None:
        return code
    say(f"error: standard output cannot be written: {why}", err=True)
    say(
        "  what it says is incomplete; what a run did is recorded, and 'docbatch status' tells how things stand",
        err=True,
    )
    return max(1, code)


def _complain(error: click.ClickException) -> None:
    """Show what is wrong with the command line, which may quote anything."""
    text = io.StringIO()
    error.show(text)
    say(text.getvalue(), nl=False, err=True)


def _report(error: Exception) -> int:
    """Show an expected error as its sentences; let an unexpected one keep its traceback."""
    from docbatch.cli.error_words import show_error, tell_error
    from docbatch.core.errors import DocbatchError, SpecError
    from docbatch.core.report import plural
    from docbatch.state.files import complaint

    error = _homeless(error) or complaint(error) or error
    if not isinstance(error, DocbatchError):
        log_options.log_error(error)
        what = f"docbatch met what it does not expect: {type(error).__name__}"
        tell_error(what, "run the same command again: what was sent is recorded or looked for", 1)
        say_last(1)
        raise error
    show_error(error)
    if isinstance(error, SpecError):
        say(f"error: {plural(len(error.problems), 'problem')} in the specs; nothing was done", err=True)
    return error.exit_code


def _speak_as_asked(error: click.ClickException) -> None:
    """Print JSON lines from here on where that is asked for, also where what else is asked for is not understood."""
    context = getattr(error, "ctx", None)
    if context is not None and "--json" in sys.argv[1:]:
        json_lines.begin(json_lines.command_name(context))


def _homeless(error: Exception) -> "UsageError | None":
    """Return what to say where the folder that this was started in is no longer there."""
    from docbatch.core.errors import UsageError

    if not isinstance(error, FileNotFoundError):
        return None
    try:
        os.getcwd()  # noqa: PTH109 - Path.cwd() asks the same, and a Path is not wanted
    except FileNotFoundError:
        return UsageError(
            "the current folder is gone", hint="go to the project's folder, or name it with -C DIR"
        )
    return None
