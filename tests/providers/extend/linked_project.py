"""A project whose documents Extend fetches from a bucket by links."""

from pathlib import Path

from docbatch.emulators.extend.service import ExtendEmulator
from tests.cli.project import Project
from tests.cli.store_project import SETTINGS
from tests.providers.extend.project import extend_project
from tests.stores.moto_server import KEY, SECRET, MotoBucket
from tests.stores.store_proxy import Asked

OBJECTS = {f"in/{name}.txt": f"the {name} object".encode() for name in ("one", "two", "thrée +1")}
CREDENTIALS = {"LAKE_ID": KEY, "LAKE_SECRET": SECRET}
SOURCE = "{store: lake, prefix: in/, include: '**', hand_over: link}"


def linked_project(
    root: Path,
    vendor: ExtendEmulator,
    bucket: MotoBucket,
    *,
    url: str | None = None,
    recovery: str = "{grace: 0.4, then: hold}",
    source: str = SOURCE,
) -> Project:
    """Write a project with one job over the bucket, at another URL where one is given."""
    project = extend_project(root, vendor, recovery=recovery, source=source, documents={})
    stores = SETTINGS.format(bucket=bucket.name, url=url or bucket.endpoint).partition("stores:")[2]
    settings = (root / "docbatch.yaml").read_text()
    project.write({"docbatch.yaml": f"{settings}\nstores:{stores}"})
    return project


def is_by_link(asked: Asked) -> bool:
    """Say whether a request was made by who has a link, and no credentials of the store."""
    return "X-Amz-Signature" in asked.query
