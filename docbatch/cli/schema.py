"""The command `docbatch schema`."""

import click


@click.command(name="schema")
@click.argument("name", type=click.Choice(["job", "project", "result"]), default="job")
def command(name: str) -> None:
    """Print a JSON Schema: of job specs, of docbatch.yaml, or of results."""
    from docbatch.specs.schema import render

    click.echo(render(name), nl=False)
