"""A project whose documents lie in a bucket, at a real server."""

import shutil
from pathlib import Path

import pytest

from tests.cli.project import Project
from tests.stores.moto_server import KEY, SECRET, MotoBucket
from tests.stores.store_proxy import StoreProxy

SETTINGS = """
project: {{id: testproject01}}
stores:
  lake:
    type: s3
    bucket: {bucket}
    region: eu-central-1
    endpoint: {url}
    access_key: {{env: LAKE_ID}}
    secret_key: {{env: LAKE_SECRET}}
"""
JOB = """
apiVersion: docbatch/v1
name: job
source: {source}
provider: local
sink:
  - type: files
    path: "out/{{{{ doc.path }}}}.md"
    format: markdown
"""


def store_project(
    root: Path,
    bucket: MotoBucket,
    monkeypatch: pytest.MonkeyPatch,
    url: str | None = None,
    source: str = "{store: lake, prefix: in/, include: '**'}",
) -> Project:
    """Make a project whose one job reads the bucket, at another URL where one is given."""
    monkeypatch.setenv("LAKE_ID", KEY)
    monkeypatch.setenv("LAKE_SECRET", SECRET)
    project = Project(root)
    project.write({"docbatch.yaml": SETTINGS.format(bucket=bucket.name, url=url or bucket.endpoint)})
    project.job(JOB.format(source=source))
    return project


def elsewhere(project: Project, to: Path) -> Project:
    """Copy all but what is deletable to another machine, as it were: the cache stays behind."""
    shutil.copytree(project.root, to, ignore=shutil.ignore_patterns("cache.db*"))
    return Project(to)


def fetched(proxy: StoreProxy) -> list[str]:
    """Return which objects were fetched since this was asked last."""
    found = sorted(proxy.read)
    proxy.asked.clear()
    return found
