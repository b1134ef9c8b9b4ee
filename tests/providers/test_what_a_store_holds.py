"""What of a run gets into the store of a state: no document, no key and no presigned link, at any of its vendors."""

import base64
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.emulators.extractpage.service import KEY as EXTRACTPAGE_KEY
from docbatch.emulators.extractpage.service import ExtractPage
from docbatch.emulators.llamacloud.service import KEY as LLAMACLOUD_KEY
from docbatch.emulators.llamacloud.service import LlamaCloud
from docbatch.emulators.server import Emulator
from docbatch.spool import Spool
from docbatch.state.home import Home, Publication
from docbatch.state.store import Store
from tests.cli.project import Project
from tests.cli.site import Site
from tests.fake.packed_home import PackedHome, put
from tests.providers.extend.linked_project import CREDENTIALS, OBJECTS, linked_project
from tests.providers.extend.project import KEY as EXTEND_KEY
from tests.providers.extend.project import extend_project
from tests.providers.extractpage import project as extractpage
from tests.providers.llamacloud import project as llamacloud
from tests.state.remote.kept_records import KeptRecords
from tests.stores.moto_server import SECRET, moto_bucket

NEEDLE = b"never to be kept anywhere but where it came from"
DOCUMENTS: dict[str, str] = {
    f"{name}.html": f"<html><!-- {NEEDLE.decode()} --><body><p>the {name} document</p></body></html>"
    for name in ("one", "two", "three")
}
SIGNED = re.compile(rb"X-Amz-(?:Signature|Credential)|[?&]sig=", re.IGNORECASE)


class ReadHome(PackedHome):
    """Notes all bytes of the state at each moment at which it is recorded."""

    def __init__(self, folder: Path, records: KeptRecords, seen: list[tuple[str, bytes]]) -> None:
        super().__init__(folder, records)
        self._seen = seen

    def publish(self, store: Store, what: Publication, about: str) -> None:
        super().publish(store, what, about)
        for path in sorted(self.folder.glob("state.db*")):
            self._seen.append((f"{path.name} at {what}", path.read_bytes()))


@contextmanager
def read(records: KeptRecords) -> Iterator[list[tuple[str, bytes]]]:
    seen: list[tuple[str, bytes]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Home, "at", partial(ReadHome, records=records, seen=seen))
        yield seen


def packs(records: KeptRecords) -> list[tuple[str, bytes]]:
    return [(name, records.objects[name][0]) for name in put(records)]


def results(project: Project) -> Iterator[tuple[str, bytes]]:
    """Yield every result as it was received. What a vendor read of a document is in it, as it is to be."""
    with Store.readable(project.root / ".docbatch") as store:
        spool = Spool(store.home.spool, store.results)
        for digest in store.results.digests():
            yield f"result {digest}", spool.read(digest)


def exposed(found: list[tuple[str, bytes]], *secrets: bytes) -> list[str]:
    """Return where one of these stands, or what signs a link."""
    wanted = [*secrets, *map(base64.b64encode, secrets)]
    return [
        place
        for place, content in found
        if SIGNED.search(content) or any(secret in content for secret in wanted)
    ]


def by_extend(root: Path, emulator: Any, operation: str) -> Project:
    files = {f"in/{name}": text for name, text in DOCUMENTS.items()}
    return extend_project(root, emulator, operation=operation, documents=files)


MADE: dict[str, tuple[Callable[[], Emulator], Callable[[Path, Any], Project], str]] = {
    **{
        f"extend {operation}": (ExtendEmulator, partial(by_extend, operation=operation), EXTEND_KEY)
        for operation in ("parse", "extract", "classify", "split")
    },
    "extractpage": (ExtractPage, partial(extractpage.project, documents=DOCUMENTS), EXTRACTPAGE_KEY),
    **{
        f"llamacloud {operation}": (
            LlamaCloud,
            partial(llamacloud.project, documents=DOCUMENTS, operation=operation),
            LLAMACLOUD_KEY,
        )
        for operation in ("parse", "extract")
    },
}


@pytest.mark.parametrize("name", MADE)
def test_no_document_key_or_signed_link_gets_there(tmp_path: Path, name: str) -> None:
    service, made, key = MADE[name]
    records = KeptRecords()
    with service() as emulator, read(records) as seen:
        project = made(tmp_path, emulator)
        assert project.applied().processed == 3
        assert len(emulator.ledger) == 3

    moments = {place.rpartition(" ")[2] for place, _ in seen}
    assert {"intent", "answer", "pack"} <= moments
    assert len(put(records)) >= 1
    assert exposed([*seen, *packs(records)], NEEDLE, key.encode()) == []
    assert exposed(list(results(project)), key.encode()) == []


def test_nor_do_links_to_objects_that_a_vendor_fetches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in CREDENTIALS.items():
        monkeypatch.setenv(variable, value)
    records = KeptRecords()
    with moto_bucket(versioned=True) as bucket, ExtendEmulator() as emulator, read(records) as seen:
        for key, content in OBJECTS.items():
            bucket.put(key, content)
        project = linked_project(tmp_path / "here", emulator, bucket)
        assert project.applied().processed == len(OBJECTS)

    assert exposed([*seen, *packs(records), *results(project)], EXTEND_KEY.encode(), SECRET.encode()) == []


def test_nor_do_links_that_a_list_has_with_their_signatures(tmp_path: Path) -> None:
    records = KeptRecords()
    with ExtendEmulator() as emulator, Site() as site, read(records) as seen:
        link = site.put("/a.txt?X-Amz-Signature=planted", "a linked document")
        emulator.web[link] = b"a linked document"
        project = extend_project(tmp_path, emulator, source=f"{{urls: ['{link}'], allow_private: true}}")
        assert project.applied().processed == 1

    assert exposed([*seen, *packs(records)], EXTEND_KEY.encode(), b"planted") == []


def test_nor_do_texts_of_a_spec(tmp_path: Path) -> None:
    records = KeptRecords()
    with ExtendEmulator() as emulator, read(records) as seen:
        project = extend_project(tmp_path, emulator, source=f"{{texts: {{note: {NEEDLE.decode()}}}}}")
        assert project.applied().processed == 1

    assert exposed([*seen, *packs(records)], EXTEND_KEY.encode(), NEEDLE) == []


def test_what_is_looked_for_would_be_found() -> None:
    assert exposed([("a", b"x?sig=1"), ("b", base64.b64encode(NEEDLE)), ("c", b"none")], NEEDLE) == ["a", "b"]
