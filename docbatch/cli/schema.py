"""The command `docbatch schema`."""

import click

from docbatch.cli.output import say


@click.command(name="schema")
@click.argument(
    "name", type=click.Choice(["job", "project", "result", "row", "plan", "report"]), default="job"
)
def command(name: str) -> None:
    """Print a JSON Schema: of job specs, of docbatch.yaml, of results, rows, plans or reports, with what installed plug-ins add."""
    from docbatch.specs.schema import load_plugins, render

    for error in load_plugins() if name in {"job", "project"} else ():
        say(f"warning: {error.message} ({error.hint})", err=True)
    say(render(name), nl=False)
