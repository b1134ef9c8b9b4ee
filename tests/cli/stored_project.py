"""A project whose outputs lie in a bucket, and beside it the same outputs on this disk."""

import textwrap
from pathlib import Path

from tests.cli.project import Project
from tests.stores.moto_server import KEY, REGION, SECRET, MotoBucket

VARIABLES = {"LAKE_KEY": KEY, "LAKE_SECRET": SECRET}
TEXTS = {"in/a.txt": "apple", "in/b/c.txt": "cherry", "in/b/d.txt": "date", "in/b/e.txt": "elder"}
STORED = """
  - {type: files, store: lake, path: "data/out/{{ doc.path }}.md"}
  - {type: jsonl, store: lake, path: data/rows/all.jsonl}
"""
FILED = STORED.replace("store: lake, ", "")


def job(sinks: str = STORED, more: str = "") -> str:
    return textwrap.dedent(f"""
        apiVersion: docbatch/v1
        name: job
        source: {{root: in, include: "**/*"}}
        {more}
        sink:
        """) + textwrap.indent(sinks.strip("\n"), "")


def project_file(bucket: MotoBucket, name: str | None = None) -> str:
    return (
        "project: {id: pabcdef012345}\nstores:\n"
        f"  lake: {{type: s3, bucket: {name or bucket.name}, region: {REGION}, endpoint: '{bucket.endpoint}',"
        " access_key: {env: LAKE_KEY}, secret_key: {env: LAKE_SECRET}}\n"
    )


def stored_project(root: Path, bucket: MotoBucket, sinks: str = STORED) -> Project:
    made = Project(root)
    made.write({**TEXTS, "docbatch.yaml": project_file(bucket)})
    made.job(job(sinks))
    return made
