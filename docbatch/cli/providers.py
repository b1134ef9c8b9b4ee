"""The command `docbatch providers`."""

import click


@click.command(name="providers")
def command() -> None:
    """Say what each provider can do: operations, limits, and how an unanswered create is settled."""
    from docbatch.providers import REGISTRY, Settings

    for name, load in REGISTRY.items():
        kind = load()
        traits = kind.traits(Settings(name, name))
        click.echo(name)
        click.echo(f"  operations: {', '.join(kind.operations)}")
        click.echo(
            f"  limits: {traits.max_items:,} documents a submission, {traits.max_in_flight} submissions in flight"
        )
        click.echo(f"  an unanswered create: {RECOVERY[traits.recovery]}")
        click.echo(f"  cost: {'free of charge' if traits.free else 'charged by the vendor'}")
        for sentence in kind.abilities():
            click.echo(f"  {sentence}")


RECOVERY = {
    "keyed": "the same key is sent again, and answered with the same work",
    "findable": "is looked for by our marker before anything is sent again",
    "none": "cannot be told; it is held for 'docbatch resolve'",
}
