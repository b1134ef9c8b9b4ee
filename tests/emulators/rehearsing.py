"""Projects on a service that is put on for people, as `docbatch emulate` does it, but in this process."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest import mock

from docbatch.emulators.rehearsal import rehearsal, stages
from docbatch.emulators.server import Emulator
from tests.cli.project import Project

KEY = "sk-of-a-real-account"
CONFIGS: Mapping[str, str] = {
    "extend": "{}",
    "llamacloud": "{parameters: {tier: agentic}}",
    "extractpage": "{}",
}
PROJECT = """
project: {{id: prehearsed01}}
providers:
  {vendor}:
    api_key: {{file: key}}
    poll: {{initial: 0.02, max: 0.1}}
    recovery: {{grace: 0.4, then: resend}}
    rates: {{requests_per_second: 2000}}
"""
JOB = """
apiVersion: docbatch/v1
name: job
source: {{root: in, include: "**/*"}}
provider: {vendor}
operation: {operation}
config: {config}
sink:
  - {{type: files, path: "out/{{{{ doc.path }}}}.{format}", format: {format}}}
"""


@contextmanager
def staged(vendor: str, project: Project, port: int = 0, **options: Any) -> Iterator[Emulator]:
    """Put a service on, and have the environment lead commands in this process to it."""
    stage = stages()[vendor]
    folder = project.root / ".docbatch" / "emulate" / vendor
    with (
        rehearsal(stage, folder, port=port, **options) as emulator,
        mock.patch.dict(os.environ, {stage.address: emulator.url}),
    ):
        yield emulator


def port_of(emulator: Emulator) -> int:
    return int(emulator.url.rpartition(":")[2])


def write(
    project: Project, vendor: str, *, operation: str = "parse", config: str | None = None, form: str = "text"
) -> None:
    """Write a project whose connection goes where the environment says, else to the real service."""
    project.write({"docbatch.yaml": PROJECT.format(vendor=vendor), "key": KEY})
    chosen = CONFIGS[vendor] if config is None else config
    project.job(JOB.format(vendor=vendor, operation=operation, config=chosen, format=form))
