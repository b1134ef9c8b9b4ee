"""Options that several commands share."""

import click

allow_host = click.option(
    "--allow-host",
    "allowed_hosts",
    multiple=True,
    metavar="CONNECTION",
    envvar="DOCBATCH_ALLOW_HOSTS",
    help="Let this connection send its key to a host that is not the vendor's own.",
)
