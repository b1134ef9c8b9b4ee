"""The command `docbatch schema`."""

import click

from docbatch.cli.output import say

NAMES = (
    "job",
    "fragment",
    "project",
    "result",
    "row",
    "plan",
    "explain",
    "history",
    "manifest",
    "report",
    "events",
)


@click.command(name="schema")
@click.argument("name", type=click.Choice(NAMES), default="job")
def command(name: str) -> None:
    """Print a JSON Schema: of job specs, of what they extend, of docbatch.yaml, or of what commands print and write, with what installed plug-ins add."""
    from docbatch.specs.schema import load_plugins, render

    for error in load_plugins() if name in {"job", "fragment", "project"} else ():
        say(f"warning: {error.message} ({error.hint})", err=True)
    if name == "events":
        from docbatch.cli.event_schema import render_events

        say(render_events(), nl=False)
    else:
        say(render(name), nl=False)
