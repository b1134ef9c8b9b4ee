"""Pigeon as docbatch's kit sees it. Said once; everything else is the kit's."""

from collections.abc import Mapping
from pathlib import Path

from docbatch_pigeon.emulator import KEY, OTHER_KEY, PigeonEmulator

from docbatch.testing import Frozen, Request, Vendor

DOCUMENTS = {"a.txt": "an apple", "b.txt": "a banana", "c.txt": "some cherries", "sub/d.txt": "the date"}
PROJECT = """
project: {{id: ppigeonproject}}
providers:
  pigeon:
    base_url: {url}
    api_key: {{env: PIGEON_API_KEY}}
    poll: {{initial: 0.02, max: 0.05}}
    recovery: {recovery}
    rates: {{requests_per_second: 1000}}
"""
JOB = """
apiVersion: docbatch/v1
name: job
source: {root: in, include: "**/*"}
provider: pigeon
config: {language: en}
sink:
  - {type: files, path: "out/{{ doc.path }}.md", format: markdown}
  - {type: files, path: "out/{{ doc.path }}.json", format: json}
"""


def write(root: Path, emulator: PigeonEmulator, recovery: str) -> None:
    """Write a project on the emulator, with some documents that succeed."""
    files = {f"in/{name}": text for name, text in DOCUMENTS.items()}
    files |= {"jobs/job.yaml": JOB, "docbatch.yaml": PROJECT.format(url=emulator.url, recovery=recovery)}
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


def creates(request: Request) -> bool:
    """Tell the requests that cost money."""
    return (request.method, request.path) == ("POST", "/batches")


def read_off(emulator: PigeonEmulator, held: Frozen) -> str | None:
    """Find a held submission as a person does on the service's own pages."""
    found = (each["id"] for each in emulator.batches.values() if each["marker"] == held.marker)
    return next(found, None)


def other_key(_root: Path, _emulator: PigeonEmulator) -> Mapping[str, str]:
    return {"PIGEON_API_KEY": OTHER_KEY}


VENDOR = Vendor(
    emulator=PigeonEmulator,
    write=write,
    creates=creates,
    remote_id=read_off,
    foreign=other_key,
    environment={"PIGEON_API_KEY": KEY},
)
