"""The command `docbatch fmt`."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from docbatch.cli import json_lines, options
from docbatch.cli.output import say, tell

if TYPE_CHECKING:
    from docbatch.engine.administration.formatting.lay_out_specs import LaidOut

_INPUT = Path("-")
_SHOWN = "standard input"


@click.command(name="fmt")
@options.untrusted
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--check", is_flag=True, help="Write nothing, and exit with 1 where a file is not formatted.")
@click.option(
    "--diff", is_flag=True, help="Show what would be changed and write nothing; exits as a check does."
)
@click.option("--upgrade", is_flag=True, help="Bring specs to the newest apiVersion as well.")
def command(paths: tuple[Path, ...], *, check: bool, diff: bool, upgrade: bool, untrusted: bool) -> int:
    """Format specs: docbatch.yaml, jobs and what they extend, or the files and folders that are named.

    Comments, quotes, the order of keys and line breaks stay as they are, and no value changes: a file of which that
    cannot be shown is left as it is. With "-" the text comes from standard input and goes to standard output.
    """
    from docbatch.engine.administration.formatting.find_specs import SpecSearch
    from docbatch.engine.administration.formatting.lay_out_specs import lay_out_files

    if _INPUT in paths:
        if len(paths) > 1:
            raise click.BadParameter("'-' stands alone", param_hint="PATHS")
        return _of_input(upgrade=upgrade, check=check, diff=diff)
    search = SpecSearch.begin(Path.cwd(), untrusted=untrusted)
    writes = not (check or diff)
    found = []
    for each in lay_out_files(search.files(paths), search, upgrade=upgrade, write=writes):
        found.append(each)
        _tell(each, writes=writes, diff=diff)
    return _conclude(found, writes=writes, upgrade=upgrade)


def _of_input(*, upgrade: bool, check: bool, diff: bool) -> int:
    """Lay out what standard input has; on standard output is nothing else, so that an editor may take it as it is."""
    from docbatch.core.errors import DocbatchError, UsageError
    from docbatch.engine.administration.formatting.lay_out_specs import LaidOut, lay_out
    from docbatch.specs.text import MAX_BYTES

    if sys.stdin is None or sys.stdin.closed or sys.stdin.isatty():
        raise UsageError("no spec is piped in", hint="name a file, or pipe one into 'docbatch fmt -'")
    content = sys.stdin.buffer.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise UsageError(f"{_SHOWN}: more than {MAX_BYTES:,} bytes are no spec")
    try:
        found = lay_out(content, _SHOWN, upgrade=upgrade)
    except DocbatchError as error:
        found = LaidOut(_SHOWN, "refused", error=error)
    if found.error is None and not (check or diff) and json_lines.current() is None:
        _pass_on(found.after)
        return 0
    _tell(found, writes=not (check or diff), diff=diff)
    return _code([found], writes=not (check or diff))


def _pass_on(text: str) -> None:
    """Write a text as it is where no terminal shows it: what is made visible there would be another spec."""
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None or sys.stdout.isatty():
        say(text, nl=False)
    else:
        sys.stdout.flush()
        buffer.write(text.encode())
        buffer.flush()


def _tell(found: "LaidOut", *, writes: bool, diff: bool) -> None:
    from docbatch.cli.error_words import show_error
    from docbatch.core.report import visible

    if found.error is not None:
        show_error(found.error)
    lines = _difference(found) if diff else ""
    text = (
        f"{'formatted' if writes else 'not formatted'}: {visible(found.file)}"
        if found.verdict == "formatted"
        else None
    )
    if json_lines.current() is not None or not lines:
        tell(
            "layout",
            text,
            file=found.file,
            verdict=found.verdict,
            written=writes and found.verdict == "formatted",
            versions=list(found.versions),
            diff=lines or None,
        )
    else:
        say(lines, nl=False)


def _difference(found: "LaidOut") -> str:
    from docbatch.core.text_difference import text_difference

    return text_difference(found.before, found.after, found.file)


def _conclude(found: "Sequence[LaidOut]", *, writes: bool, upgrade: bool) -> int:
    from docbatch.core.report import plural
    from docbatch.specs.formatting.upgrades import NEWEST

    changed = sum(each.verdict == "formatted" for each in found)
    refused = sum(each.verdict == "refused" for each in found)
    same = len(found) - changed - refused
    if json_lines.current() is None:
        parts = [
            f"{plural(changed, 'file')} {'formatted' if writes else 'not formatted'}" if changed else "",
            f"{plural(same, 'file')} as {'it' if same == 1 else 'they'} should be" if same else "",
            f"{plural(refused, 'file')} left as {'it is' if refused == 1 else 'they are'}: see above"
            if refused
            else "",
        ]
        say(", ".join(filter(None, parts)))
        if upgrade and not refused and all(set(each.versions) <= {NEWEST} for each in found):
            say(f"nothing to upgrade: {NEWEST} is the newest apiVersion")
        if changed and not writes:
            say("'docbatch fmt' formats them")
    return _code(found, writes=writes)


def _code(found: "Sequence[LaidOut]", *, writes: bool) -> int:
    codes = {each.error.exit_code for each in found if each.error is not None}
    if not writes and any(each.verdict == "formatted" for each in found):
        codes.add(1)
    return max(codes, default=0)
