"""A site on an emulated vendor, made anew for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from docbatch.emulators.rehearsal import rehearsal, stages
from docbatch.emulators.server import Emulator
from tests.gitops.forge import Forge, served
from tests.gitops.site import Site


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[Emulator]:
    with rehearsal(stages()["extend"], tmp_path / "vendor", port=0) as emulator:
        yield emulator


@pytest.fixture
def site(tmp_path: Path, vendor: Emulator) -> Iterator[Site]:
    with served(Forge()) as forge:
        made = Site(tmp_path / "site", forge, {"EXTEND_BASE_URL": vendor.url})
        made.root.mkdir()
        made.begin()
        yield made
