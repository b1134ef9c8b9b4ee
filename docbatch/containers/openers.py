"""Which reader opens which kind of container."""

from typing import BinaryIO

from docbatch.containers.bounds import ContainerBounds
from docbatch.containers.inside import OpenContainer
from docbatch.containers.kinds import ContainerKind


def open_container(file: BinaryIO, kind: ContainerKind, bounds: ContainerBounds) -> OpenContainer:
    """Open a container, whose file can be gone to any place of. Raises NotOpened, and what libraries raise over damaged ones."""
    match kind:
        case ContainerKind.ZIP:
            from docbatch.containers.zip_archive import ZipArchive  # noqa: PLC0415 - each loads what it needs

            return ZipArchive(file, bounds)
        case ContainerKind.MAIL | ContainerKind.MAILBOX:
            from docbatch.containers.mailbox_file import open_mail  # noqa: PLC0415 - the same

            return open_mail(file, kind, bounds)
        case ContainerKind.OUTLOOK:
            from docbatch.containers.outlook_file import open_outlook  # noqa: PLC0415 - the same

            return open_outlook(file, bounds)
        case ContainerKind.PDF:
            from docbatch.containers.portfolio import Portfolio  # noqa: PLC0415 - the same

            return Portfolio(file, bounds)
        case _:
            from docbatch.containers.tar_archive import TarArchive  # noqa: PLC0415 - the same

            return TarArchive(file, kind, bounds)
