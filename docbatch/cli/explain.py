"""The command `docbatch explain`."""

import json
from dataclasses import asdict

import click

from docbatch.cli import completion
from docbatch.cli.workspace import Workspace, recorded


@click.command(name="explain")
@click.argument("document", shell_complete=completion.documents)
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines instead of text.")
def command(document: str, *, as_json: bool) -> None:
    """Say why a document will or will not be sent, naming what changed with its old and new value."""
    from docbatch.cli.words import explanation_text
    from docbatch.engine.explain import explain

    workspace = Workspace.here()
    with recorded(workspace.folder) as store, workspace.cache() as cache:
        found = explain(document, workspace.targets(store), store, cache)
    for each in found:
        if as_json:
            click.echo(json.dumps({"version": "docbatch/explain/v1", "type": "explanation", **asdict(each)}))
        else:
            click.echo(explanation_text(each), nl=False)
