"""A site on an emulated vendor and a bucket, made anew for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from docbatch.emulators.rehearsal import rehearsal, stages
from docbatch.emulators.server import Emulator
from tests.gitops.forge import Forge, served
from tests.gitops.lake import Lake, served_lake
from tests.gitops.site import Site


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[Emulator]:
    with rehearsal(stages()["extend"], tmp_path / "vendor", port=0) as emulator:
        yield emulator


@pytest.fixture
def lake() -> Iterator[Lake]:
    with served_lake() as lake:
        yield lake
        assert lake.refused == [], "no job asks for what its key has no right to"


@pytest.fixture
def site(tmp_path: Path, vendor: Emulator, lake: Lake) -> Iterator[Site]:
    with served(Forge()) as forge:
        made = Site(tmp_path / "site", forge, lake, {"EXTEND_BASE_URL": vendor.url})
        made.root.mkdir()
        made.begin()
        yield made
