"""A delivery killed at any moment shows nothing unfinished, and the next one ends as if it had not been killed."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

import docbatch

from .arrangement import DELIVERED, PATHS, Arrangement
from .killed import EARLIER
from .links import shown

MOMENTS = {"files": 22, "jsonl": 14, "parquet": 40, "sqlite": 14}
EACH = 4
"""How far the moments of the short form lie apart."""
DATABASES = ("sqlite rows", "duckdb")
STEP = {"sqlite rows": 5, "duckdb": 9}
MOST = {"sqlite rows": 16, "duckdb": 20}
"""At least so many moments there are."""
PICTURED = 45
"""And so many where each of the documents has two pictures beside it."""


def _killed_at_every_moment(kind: str, folder: Path, *order: str) -> list[Arrangement]:
    sources = [Path(__file__).parents[1], Path(docbatch.__file__).parents[1]]
    ended = subprocess.run(
        [sys.executable, "-m", "sinks.killed", kind, str(folder), *order],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, sources))},
        capture_output=True,
        check=True,
        text=True,
    )
    return [Arrangement(kind, folder / str(moment)) for moment in range(int(ended.stdout))]


def _shows_no_part(kind: str, folder: Path, first: int, step: int) -> None:
    killed = _killed_at_every_moment(kind, folder, str(first), str(step))

    seen = [at.content() for at in killed]
    for at in killed:
        at.deliver_all()

    assert len(killed) == len(range(first, MOMENTS[kind], step))
    assert all(content.items() <= DELIVERED.items() for content in seen)
    assert all(at.content() == DELIVERED for at in killed)
    assert [at.hidden() for at in killed] == [[]] * len(killed)
    assert [at.trashed() for at in killed] == [[]] * len(killed)


@pytest.mark.parametrize("kind", MOMENTS)
def test_killed_at_some_moment_a_delivery_shows_no_part_and_is_finished_by_the_next(
    kind: str, tmp_path: Path
) -> None:
    _shows_no_part(kind, tmp_path, random.Random(kind).randrange(EACH), EACH)


@pytest.mark.full
@pytest.mark.parametrize("kind", MOMENTS)
def test_killed_at_any_moment_a_delivery_shows_no_part_and_is_finished_by_the_next(
    kind: str, tmp_path: Path
) -> None:
    _shows_no_part(kind, tmp_path, 0, 1)


def _is_finished_by_the_next(kind: str, folder: Path, *order: str) -> int:
    killed = _killed_at_every_moment(kind, folder, *order)
    earlier = {path: f"# {text}\n" for path, text in EARLIER.items()}
    before = earlier if order[-1] == "again" else {}

    assert all(at.content() in ({}, before, DELIVERED) for at in killed)
    for at in killed:
        at.deliver_all()
    assert all(at.content() == DELIVERED for at in killed)
    assert [at.noticed() for at in killed] == [set()] * len(killed)
    assert [at.trashed() for at in killed] == [[]] * len(killed)
    assert [at.hidden() for at in killed] == [[]] * len(killed)
    assert all(len(list(at.output.parent.iterdir())) == 1 for at in killed)
    return len(killed)


@pytest.mark.parametrize("order", ["first", "again"])
@pytest.mark.parametrize("kind", DATABASES)
def test_killed_at_any_moment_a_table_of_declared_rows_has_all_or_nothing_of_a_window(
    kind: str, order: str, tmp_path: Path
) -> None:
    first = random.Random(f"{kind} {order}").randrange(STEP[kind])

    assert (
        _is_finished_by_the_next(kind, tmp_path, str(first), str(STEP[kind]), order)
        >= MOST[kind] // STEP[kind]
    )


@pytest.mark.full
@pytest.mark.parametrize("order", ["first", "again"])
@pytest.mark.parametrize("kind", DATABASES)
def test_killed_at_every_moment_a_table_of_declared_rows_has_all_or_nothing_of_a_window(
    kind: str, order: str, tmp_path: Path
) -> None:
    assert _is_finished_by_the_next(kind, tmp_path, "0", "1", order) >= MOST[kind]


def _shows_its_pictures_whenever_killed(folder: Path, *order: str) -> int:
    killed = _killed_at_every_moment("files pictures", folder, *order)
    before = {path: f"# {text}\n" for path, text in EARLIER.items()} if order[-1] == "again" else {}

    for at in killed:
        assert all(text in {DELIVERED[path], before.get(path)} for path, text in at.content().items())
        assert all(len(shown(output)) == 3 for output in at.root.rglob("[!.]*.md"))
        at.deliver_all()
    assert all(at.content() == DELIVERED for at in killed)
    assert all(len(shown(at.root / f"{path}.md")) == 3 for at in killed for path in PATHS)
    # Who delivers here knows no stamps of before: earlier outputs go to the trash, and never a picture.
    assert all(text.startswith("# earlier") for at in killed for text in at.trashed())
    assert [at.hidden() for at in killed] == [[]] * len(killed)
    return len(killed)


@pytest.mark.parametrize("order", ["first", "again"])
def test_killed_at_any_moment_no_output_links_to_a_picture_that_is_not_there(
    order: str, tmp_path: Path
) -> None:
    first = random.Random(f"pictures {order}").randrange(7)

    assert _shows_its_pictures_whenever_killed(tmp_path, str(first), "7", order) >= PICTURED // 7


@pytest.mark.full
@pytest.mark.parametrize("order", ["first", "again"])
def test_killed_at_every_moment_no_output_links_to_a_picture_that_is_not_there(
    order: str, tmp_path: Path
) -> None:
    assert _shows_its_pictures_whenever_killed(tmp_path, "0", "1", order) >= PICTURED
