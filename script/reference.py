"""Pages of docs/ about the command line, drawn from the command line itself."""  # noqa: INP001

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from docbatch import cli
from docbatch.cli import log_options
from docbatch.cli.event_schema import events_schema
from docbatch.cli.options import start_in
from docbatch.providers import REGISTRY

DOCS = Path(__file__).parents[1] / "docs"
TABLE = "| {} | meaning |\n|---|---|"

COMMANDS = """# Commands

Drawn from the command line itself, by `script/docs`. The [guide](guide.md) says when to use what, [exit codes](exit-codes.md) what commands end with, and
[what changes something can be tried first, and how it is taken back](guide.md#trying-first-and-taking-back). `docbatch COMMAND --help` says the same as this page.

| command | does |
|---|---|
{overview}

## Options of all commands

{common}

## Variables

What a variable says counts where neither an option nor a spec says it. Specs may name [others of their own](spec.md#a-reference-to-a-variable).

{variables}

{sections}
"""
JSON_OPTION = "Print [JSON lines](json-lines.md) instead of text. All but `emulate`, `schema` and `state dump`, which have it not."
SETTLED: Mapping[str, str] = {
    "DOCBATCH_VAR_NAME": "In the place of NAME: a variable that specs may read even of repositories that [nobody vouches for](guide.md#repositories-of-others).",
    "DOCBATCH_ACCOUNTS": "The folder in which processes of this machine tell each other of [accounts that they share](guide.md#one-account-several-processes), or `off`: then nothing is shared with other machines either.",
    "XDG_CACHE_HOME": "Where that folder lies when nothing else says so: in `docbatch/accounts` below it, or below `~/.cache`.",
    "EXTEND_WORKSPACE_ID": "The workspace at Extend of connections that name none.",
    "EXTEND_API_VERSION": "The version of Extend's API of connections that name none.",
    "EXTEND_REGION": "The region of Extend of connections without an address.",
    "AWS_REGION": "The region of buckets of S3 that name none; then `AWS_DEFAULT_REGION`. Credentials are found by what the platform's own [variables](stores.md) say.",
    "RAY_ADDRESS": "Where a project says so: the [cluster](ray.md) that the local engine reads on.",
    "TESSDATA_PREFIX": "The folder with the languages of Tesseract.",
    "SSL_CERT_FILE": "Certificates that services are judged by, in the place of the system's; `SSL_CERT_DIR` a folder of them.",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "The collector that [traces](on-duty.md#traces) go to; `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` for traces alone.",
    "NO_COLOR": "No colours, whatever its value.",
}

LINES = """# Lines of `--json`

Drawn by `script/docs` from what `docbatch schema events` prints. Standard output is then one JSON object a line, which has `version` and `type`. Other fields and other types of lines may come with any
version: a program passes over what it does not know. Errors are lines as well as sentences on standard error. The last line is the summary, and says the [exit code](exit-codes.md).
`docbatch plan --format json`, `schema`, `state dump` and the files of reports are described by [schemas of their own](results.md).

| `type` | says | fields |
|---|---|---|
{rows}
"""


def commands() -> str:
    """Draw the reference of commands from click's tree of them."""
    tree = dict(_leaves())
    return COMMANDS.format(
        overview="\n".join(
            _line(f"[`{name}`](#{_slug(name)})", _text(command.get_short_help_str(200)))
            for name, command in tree.items()
        ),
        common=_common(),
        variables="\n".join(
            (TABLE.format("variable"), *(_line(f"`{name}`", text) for name, text in variables().items()))
        ),
        sections="\n\n".join(_section(name, command) for name, command in tree.items()),
    )


def _leaves() -> Iterator[tuple[str, click.Command]]:
    """Yield every command by what is typed, in the order of the help."""
    context = click.Context(cli.docbatch, info_name="docbatch")
    for name in cli.docbatch.list_commands(context):
        found = cli.docbatch.get_command(context, name)
        assert found is not None
        yield from _below(f"docbatch {name}", found)


def _below(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield name, command
        return
    for each, below in command.commands.items():
        yield from _below(f"{name} {each}", below)


def _common() -> str:
    options = [start_in, *log_options._OPTIONS]  # noqa: SLF001 - they are what they are for
    rows = [
        *(_row(each, click.Context(cli.docbatch)) for each in options),
        _line("`--json`", JSON_OPTION),
        _line("`-h`, `--help`", "Say what the command does and takes."),
        _line("`docbatch --version`", "Say which version this is."),
    ]
    return "\n".join((TABLE.format("option"), *rows))


def variables() -> dict[str, str]:
    """Return the variables that docbatch itself reads, and what each is for."""
    found: dict[str, str] = {}
    for name, command in _leaves():
        for option in command.params:
            if isinstance(option, click.Option) and isinstance(option.envvar, str):
                found.setdefault(option.envvar, "")
                found[option.envvar] += (
                    f"{', ' if found[option.envvar] else ''}[`{name.partition(' ')[2]}`](#{_slug(name)})"
                )
    found = {name: f"As `{_option_of(name)}` of {users}." for name, users in found.items()}
    for kind in REGISTRY.kinds():
        if kind.service is not None:
            found[kind.service.key_variable] = f"The key of {kind.title}, of connections that name none."
            found[kind.service.address_variable] = (
                f"Where {kind.title} answers, of connections that say no address."
            )
            if kind.service.webhook is not None:
                found[kind.service.webhook().variable] = (
                    f"The secret that webhooks of {kind.title} are signed with."
                )
    return dict(sorted({**found, **SETTLED}.items()))


def _option_of(variable: str) -> str:
    return next(
        each.opts[0] for _, command in _leaves() for each in command.params if each.envvar == variable
    )


def _section(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=name)
    usage = " ".join((name, *command.collect_usage_pieces(context)))
    common = {start_in.opts[0], "--json", *(each.opts[0] for each in log_options._OPTIONS)}  # noqa: SLF001 - as above
    rows = [
        _row(each, context)
        for each in command.params
        if isinstance(each, click.Option) and each.opts[0] not in common and not each.hidden
    ]
    parts = [f"## `{name}`", f"```text\n{usage}\n```", *_paragraphs(command.help or "")]
    return "\n\n".join([*parts, *(["\n".join((TABLE.format("option"), *rows))] if rows else [])])


def _row(option: click.Option, context: click.Context) -> str:
    value = "" if option.is_flag or option.count else f" {option.make_metavar(context)}"
    names = ", ".join(f"`{name}{value if name == option.opts[-1] else ''}`" for name in option.opts)
    more = [names, *(f"`{name}`" for name in option.secondary_opts)]
    said = [_text(option.help or "")]
    # A second name of another environment is taken to be refused.
    if option.multiple and option.opts[0] != "--env":
        said.append("May be given several times.")
    if isinstance(option.envvar, str):
        said.append(f"Also as the variable [`{option.envvar}`](#variables).")
    return _line(", ".join(more), " ".join(said))


def _paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a help, each in one line; those that keep their lines as they are."""
    found = []
    for each in re.split(r"\n\s*\n", text.strip()):
        lines = [line.strip() for line in each.splitlines()]
        if lines[0] == "\b":
            found.append("```text\n" + "\n".join(lines[1:]) + "\n```")
        else:
            found.append(_text(" ".join(lines)))
    return found


def _text(text: str) -> str:
    """Return words of a help as Markdown that says them: commands in quotes are code, and nothing is a mark by accident."""
    quoted = re.sub(r"'(docbatch [^']+)'", r"`\1`", " ".join(text.split()))
    parts = re.split(r"(`[^`]*`)", quoted)
    return "".join(part if part.startswith("`") else re.sub(r"([*_<>\[\]])", r"\\\1", part) for part in parts)


def _line(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _slug(name: str) -> str:
    return name.replace(" ", "-")


def lines() -> str:
    """Draw the reference of JSON lines from their schema."""
    schema = events_schema()
    rows = []
    for shape in schema["allOf"]:
        kind = shape["if"]["properties"]["type"]["const"]
        line = schema["$defs"][shape["then"]["$ref"].rpartition("/")[2]]
        rows.append(_line(f"`{kind}`", _text(_first(line)), _fields(line)))
    return LINES.format(rows="\n".join(rows))


def _first(line: Mapping[str, Any]) -> str:
    return str(line.get("description", "")).partition("\n\n")[0]


def _fields(line: Mapping[str, Any]) -> str:
    return ", ".join(f"`{name}`" for name in line["properties"] if name not in {"version", "type"})


PAGES = {"commands.md": commands, "json-lines.md": lines}

if __name__ == "__main__":
    for page, draw in PAGES.items():
        (DOCS / page).write_text(draw(), encoding="utf-8")
