"""A delivery killed at any moment shows nothing unfinished, and the next one ends as if it had not been killed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import docbatch

from .arrangement import DELIVERED, Arrangement

MOMENTS = {"files": 22, "jsonl": 14, "parquet": 40, "sqlite": 8}


def _killed_at_every_moment(kind: str, folder: Path) -> list[Arrangement]:
    sources = [Path(__file__).parents[1], Path(docbatch.__file__).parents[1]]
    ended = subprocess.run(
        [sys.executable, "-m", "sinks.killed", kind, str(folder)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, sources))},
        capture_output=True,
        check=True,
        text=True,
    )
    return [Arrangement(kind, folder / str(moment)) for moment in range(int(ended.stdout))]


@pytest.mark.parametrize("kind", MOMENTS)
def test_killed_at_any_moment_a_delivery_shows_no_part_and_is_finished_by_the_next(
    kind: str, tmp_path: Path
) -> None:
    killed = _killed_at_every_moment(kind, tmp_path)

    seen = [at.content() for at in killed]
    for at in killed:
        at.deliver_all()

    assert len(killed) == MOMENTS[kind]
    assert all(content.items() <= DELIVERED.items() for content in seen)
    assert all(at.content() == DELIVERED for at in killed)
    assert [at.hidden() for at in killed] == [[]] * len(killed)
    assert [at.trashed() for at in killed] == [[]] * len(killed)
