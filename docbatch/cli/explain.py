"""The command `docbatch explain`."""

from dataclasses import asdict
from pathlib import Path

import click

from docbatch.cli import completion, options
from docbatch.cli.chosen_project import open_chosen
from docbatch.cli.output import say, say_json


@click.command(name="explain")
@options.untrusted
@options.allow_host
@options.offline
@click.argument("document", shell_complete=completion.documents)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines instead of text.")
def command(
    document: str,
    paths: tuple[Path, ...],
    *,
    allowed_hosts: tuple[str, ...],
    as_json: bool,
    offline: bool,
    untrusted: bool,
) -> None:
    """Say why a document will or will not be sent, naming what changed with its old and new value, and what became of it.

    A document that is gone is explained as well, as long as the state knows of it.
    PATHS are job specs, or folders of them, that the document is looked for in; jobs/ when there are none.
    """
    from docbatch.cli.explanation_words import explanation_text
    from docbatch.core.explanation import VERSION

    project = open_chosen(untrusted=untrusted)
    for each in project.explain(document, paths or None, allow_hosts=allowed_hosts, offline=offline):
        if as_json:
            say_json({"version": VERSION, "type": "explanation", **asdict(each)})
        else:
            say(explanation_text(each), nl=False)
