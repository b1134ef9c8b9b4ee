"""What a program is told of a job whose spec is valid."""

from dataclasses import dataclass

from docbatch.providers import REGISTRY
from docbatch.providers.kind import Settings
from docbatch.specs.checkout import variables
from docbatch.specs.values import Job


@dataclass(frozen=True, slots=True)
class CheckedJob:
    """A job whose spec is valid. `cautions` are sentences about what is allowed and may surprise.

    Work of a job that is `in_process` ends with the program that applies it, so that there is nothing to wait for later.
    """

    name: str
    connection: str
    provider: str
    operation: str
    in_process: bool
    cautions: tuple[str, ...] = ()


def checked(job: Job) -> CheckedJob:
    """Return what a program is told of a job."""
    connection = job.connection
    kind = REGISTRY.kind(connection.type)
    settings = Settings(
        connection.name, connection.type, workers=1, variables=variables(untrusted=connection.untrusted)
    )
    in_process = kind.traits(settings).in_process
    return CheckedJob(job.name, connection.name, kind.name, str(job.operation), in_process, job.cautions)
