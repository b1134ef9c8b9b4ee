"""Items that are to be sent, as they are counted and priced."""

from typing import NamedTuple

from docbatch.core.extents import Extent


class ItemToSend(NamedTuple):
    """An item that is to be sent, with the document that a job has of it; identical ones are one item, of the job that pays."""

    key: str
    job: str
    media_type: str
    digest: str
    size: int
    path: bytes


class SizedItem(NamedTuple):
    """An item that is to be sent, and how much there is of it; `size` is in bytes."""

    job: str
    key: str
    media_type: str
    size: int
    extent: Extent
