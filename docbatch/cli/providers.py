"""The command `docbatch providers`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from docbatch.cli.output import say, tell

if TYPE_CHECKING:
    from docbatch.providers.kind import ProviderKind


@click.command(name="providers")
@click.option(
    "--prices", "with_prices", is_flag=True, help="Show what providers charge instead, line by line."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines instead of text.")
def command(*, with_prices: bool, as_json: bool) -> None:
    """Say what each provider can do: operations, limits, and how an unanswered create is settled."""
    if with_prices:
        from docbatch.cli.prices import show_prices

        show_prices(as_json=as_json)
    elif as_json:
        _describe_as_json()
    else:
        _describe()


def _describe_as_json() -> None:
    from docbatch.providers import REGISTRY
    from docbatch.providers.kind import Settings

    for error in REGISTRY.load_plugins():
        tell("warning", None, message=error.message, hint=error.hint)
    for kind in REGISTRY.kinds():
        traits = kind.traits(Settings(kind.name, kind.name))
        plugin = REGISTRY.plugin(kind.name)
        tell("provider", None, provider=kind.name, title=kind.title, plugin=None if plugin is None else plugin.label,
             operations=[str(each) for each in kind.operations],
             inputs={str(each): sorted(map(str, kind.inputs(each))) for each in kind.operations},
             most_documents=traits.max_items, most_in_flight=traits.max_in_flight, recovery=str(traits.recovery),
             free=traits.free, abilities=list(kind.abilities()))  # fmt: skip


def _describe() -> None:
    from docbatch.core.report import visible
    from docbatch.providers import REGISTRY
    from docbatch.providers.kind import Settings

    faults = REGISTRY.load_plugins()
    for kind in REGISTRY.kinds():
        traits = kind.traits(Settings(kind.name, kind.name))
        plugin = REGISTRY.plugin(kind.name)
        say(kind.name)
        if plugin is not None:
            say(f"  plug-in: {plugin.label}")
        say(f"  operations: {', '.join(kind.operations)}")
        for line in _inputs(kind):
            say(f"  {line}")
        say(
            f"  limits: {traits.max_items:,} documents a submission, {traits.max_in_flight} submissions in flight"
        )
        say(f"  an unanswered create: {RECOVERY[traits.recovery]}")
        say(f"  cost: {'free of charge' if traits.free else 'charged by the vendor'}")
        for sentence in kind.abilities():
            say(f"  {visible(sentence)}")
    say(f"requests to one account: {_sharing()}")
    for error in faults:
        say(f"warning: {error.message} ({error.hint})", err=True)


def _sharing() -> str:
    """Say where the processes of this machine keep what they know together of accounts."""
    import os

    from docbatch.core.report import visible
    from docbatch.providers.accounts.locked_files import FileFault
    from docbatch.providers.accounts.shared_account import OFF, VARIABLE, accounts_folder

    ways = f"{VARIABLE} names another folder, or {OFF}"
    try:
        folder = accounts_folder(os.environ)
    except FileFault as fault:
        return f"each process keeps its own pace: {fault.strerror}"
    if folder is None:
        return f"each process keeps its own pace, since {VARIABLE} is {OFF}"
    return f"the processes of this machine share its pace by files in {visible(str(folder))}; {ways}"


RECOVERY = {
    "keyed": "the same key is sent again, and answered with the same work",
    "findable": "is looked for by our marker before anything is sent again",
    "none": "cannot be told; it is held for 'docbatch resolve'",
}


def _inputs(kind: "ProviderKind") -> Iterator[str]:
    """Yield what the operations take, and how links are told apart."""
    from docbatch.core.models import Input

    words = {
        Input.URL: "links",
        Input.FILE_ID: "ids of files",
        Input.TEXT: "texts",
        Input.OBJECT: "links to objects",
    }
    same: dict[str, list[str]] = {}
    for operation in kind.operations:
        taken = kind.inputs(operation)
        told = ", ".join(["files", *(words[each] for each in words if each is Input.URL or each in taken)])
        same.setdefault(told, []).append(operation)
    for told, operations in same.items():
        yield f"takes {told}" + (f" ({', '.join(operations)})" if len(same) > 1 else "")
    if all(Input.URL in kind.inputs(operation) for operation in kind.operations):
        yield "a link is fetched by the vendor, and counts by its URL and the ETag or Last-Modified it gives;"
        yield "  one that carries a signature is fetched by docbatch, and counts by its bytes"
    else:
        yield "a link is fetched by docbatch, and counts by its bytes"
