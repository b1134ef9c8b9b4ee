"""A limit at each emulated vendor while the real command is killed: never more is paid than it allows, and the rest once it does."""

import random
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from docbatch.testing.attempt import Attempt
from docbatch.testing.matrix import HASTE
from tests.cli.project import Project
from tests.spool.vendor_story import CONFIGS, JOB, RECOVERY, vendors

NAMES = tuple(vendors())
APPLY = ("apply", "--yes")
MOST_RUNS = 8


@contextmanager
def limited(root: Path, provider: str, documents: int, most: int) -> Iterator[Attempt[Any]]:
    vendor = vendors()[provider]
    root.mkdir(exist_ok=True)
    with vendor.emulator() as emulator:
        emulator.haste = HASTE
        vendor.write(root, emulator, RECOVERY)
        shutil.rmtree(root / "in")
        project = Project(root)
        project.write({f"in/{number}.txt": f"document number {number}" for number in range(documents)})
        project.job(JOB.format(provider=provider, config=CONFIGS[provider]))
        allow(root, most)
        yield Attempt(vendor, emulator, root, vendor.environment)


def allow(root: Path, most: int) -> None:
    file = root / "docbatch.yaml"
    before = file.read_text().partition("limits:")[0]
    file.write_text(f"{before}limits: [{{per: month, documents: {most}}}]\n")


def run_until(attempt: Attempt[Any], code: int) -> None:
    codes: list[int] = []
    while not codes or (codes[-1] != code and len(codes) < MOST_RUNS):
        codes.append(attempt.run(*APPLY).code)
    assert codes[-1] == code, attempt.runs[-1]


def keep_the_limit(root: Path, provider: str, sizes: tuple[int, int], moments: int, seed: int) -> None:
    documents, most = sizes
    dice = random.Random(seed)
    with limited(root / "whole", provider, documents, most) as undisturbed:
        run_until(undisturbed, 5)
        effects = len(undisturbed.effects)
    for moment in range(moments):
        with limited(root / str(moment), provider, documents, most) as attempt:
            ledger = attempt.emulator.ledger
            assert attempt.run(*APPLY, die_at=dice.randint(effects // 8, effects)).code in {
                5,
                -signal.SIGKILL,
            }
            assert len(ledger) <= most
            run_until(attempt, 5)
            assert len(ledger) == most
            allow(attempt.root, documents)
            run_until(attempt, 0)
            assert len(ledger) == documents
            assert max(attempt.ending().paid.values()) == 1
            assert len(attempt.ending().paid) == documents


@pytest.mark.parametrize("provider", NAMES)
def test_killed_somewhere_no_more_is_paid_than_a_limit_allows(tmp_path: Path, provider: str) -> None:
    keep_the_limit(tmp_path, provider, (10, 4), 2, seed=NAMES.index(provider))


@pytest.mark.full
@pytest.mark.parametrize("provider", NAMES)
def test_killed_at_twenty_moments_a_hundred_of_250_documents_are_paid(tmp_path: Path, provider: str) -> None:
    keep_the_limit(tmp_path, provider, (250, 100), 20, seed=3)
