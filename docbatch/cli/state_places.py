"""The commands of `docbatch state` that are about where it lies and who holds it."""

import click

from docbatch.cli.output import say, tell
from docbatch.cli.workspace import state_folder


@click.command(name="migrate")
@click.option(
    "--to-disk", is_flag=True, help="Take it out of the store, into the folder of this project on this disk."
)
@click.option("--dry-run", is_flag=True, help="Only say what would be taken where.")
def migrate(*, to_disk: bool, dry_run: bool) -> None:
    """Take the state from this disk into the store that docbatch.yaml names under state:, with all results.

    From then on every machine whose docbatch.yaml says the same works with it, and this folder holds a copy that may be
    deleted. Nothing is sent. Nobody else may work with the project meanwhile; killed at any moment, it can be done again.

    --to-disk takes it out again: it cannot be used in the store any more then. Remove state: from docbatch.yaml afterwards.
    Either undoes the other.
    """
    from docbatch.core.report import plural
    from docbatch.engine.administration.backups.migrate_state import migrate_to_disk, migrate_to_store
    from docbatch.state.home import Home

    home = Home.at(state_folder())
    done = (migrate_to_disk if to_disk else migrate_to_store)(home, dry_run=dry_run)
    tell(
        "migrated",
        None,
        to="disk" if to_disk else "store",
        where=done.where,
        documents=done.documents,
        results=done.results,
        dry_run=dry_run,
    )
    what = f"{plural(done.documents, 'document')} and {plural(done.results, 'result')}"
    way = f"out of {done.where}" if to_disk else f"into {done.where}"
    say(f"the state {'would be' if dry_run else 'was'} taken {way}: {what}")
    if to_disk and not dry_run:
        say(
            "remove 'state:' from docbatch.yaml now: until then nothing can be done here, and in the store nobody can"
        )


@click.command(name="unlock")
@click.option(
    "--lease",
    "lease",
    metavar="ID",
    help="End what the run with this lease began: you made sure that it is gone.",
)
@click.option("--dry-run", is_flag=True, help="Only say who holds the state.")
def unlock(*, lease: str | None, dry_run: bool) -> None:
    """Say who holds the state. A lock on this disk ends with its process, so there is never one to break.

    A state in a store is held by a lease. It ends with its run or, where that was killed, some two minutes after it was
    renewed last: then the next run takes over by itself. --lease does not wait for that. What the run was about to send is looked for,
    and held until it is found, or a person decides. A run that is alive after all sends nothing more. Nothing undoes --lease.
    """
    from docbatch.core.errors import NoState, StateLocked
    from docbatch.engine.administration.backups.migrate_state import end_lease
    from docbatch.state.home import Home

    home = Home.at(state_folder())
    if lease is not None and not dry_run:
        end_lease(home, lease)
        tell("lock", f"the lease {lease} was ended, and the state is not locked", locked=False)
        return
    try:
        home.inspect()
    except NoState:
        # A first run may have been killed before there was anything to record.
        if not home.is_held():
            raise
    if home.is_held():
        raise StateLocked(f"the state is locked by {home.owner() or 'another run'}", hint=home.what_unlocks())
    tell("lock", "the state is not locked", locked=False)
