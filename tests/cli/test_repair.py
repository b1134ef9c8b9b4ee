"""`docbatch state check --repair`: what costs nothing is mended at once, and the rest is named with what helps."""

import shutil
import sqlite3
from contextlib import closing

import pytest

from tests.cli.project import Project


@pytest.fixture
def read(project: Project) -> Project:
    project.write({f"in/{number}.txt": f"text {number}" for number in range(5)})
    project.applied()
    return project


def alter(project: Project, statement: str) -> None:
    with closing(sqlite3.connect(project.root / ".docbatch/state.db")) as state, state:
        state.execute(statement)


@pytest.mark.parametrize(
    "damage", ["DELETE FROM result", "UPDATE result SET start = start + 7", "DELETE FROM pack"]
)
def test_an_index_of_results_is_made_again_of_the_packs(read: Project, damage: str) -> None:
    before = read.outputs()
    alter(read, damage)
    found = read.call("state", "check")
    mended = read.call("state", "check", "--repair")

    assert (found.code, mended.code) == (1, 1)
    assert mended.out.endswith("5 results found again in other packs\n")
    assert read.call("state", "check").out == "the state is sound\n"
    shutil.rmtree(read.root / "out")
    assert read.applied().processed == 0
    assert read.outputs() == before


def test_what_is_damaged_itself_is_brought_back(read: Project) -> None:
    (pack,) = (read.root / ".docbatch/spool/packs").iterdir()
    content = bytearray(pack.read_bytes())
    content[len(content) // 2] ^= 1
    pack.write_bytes(content)

    assert (
        "1 result will be brought back; run 'docbatch apply'" in read.call("state", "check", "--repair").out
    )
    assert read.applied().processed == 1
    assert read.call("state", "check").out == "the state is sound\n"


def test_what_decides_about_money_is_left_to_a_backup(read: Project) -> None:
    read.call("state", "backup", "copy.tar")
    alter(read, "UPDATE item SET attempt = 7")
    told = read.call("state", "check", "--repair")

    assert told.code == 1
    assert "what decides about money is not mended: 'docbatch state restore FILE'" in told.out
    assert read.call("state", "restore", "copy.tar").code == 0
    assert read.call("state", "check").out == "the state is sound\n"
