"""A limit at each emulated vendor while the real command is killed: never more is paid than it allows, and the rest once it does."""

import random
import re
import shutil
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from docbatch.emulators.extend import objects
from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.emulators.server import Emulator
from docbatch.testing.attempt import Attempt
from docbatch.testing.matrix import HASTE
from tests.cli.project import Project
from tests.counting.countable import paged_pdf
from tests.providers.extend.project import extend_project
from tests.spool.vendor_story import CONFIGS, JOB, RECOVERY, vendors

NAMES = tuple(vendors())
APPLY = ("apply", "--yes")
MOST_RUNS = 8

Files = Mapping[str, str | bytes]


@dataclass(frozen=True)
class Allowed:
    """A limit as it is written, and the one that allows all; `paid` counts what was paid, `most` is how much that may be."""

    limit: str
    everything: str
    most: int
    paid: Callable[[Emulator], int] = lambda vendor: len(vendor.ledger)


def pages_sent(vendor: Emulator) -> int:
    return sum(int(re.findall(r"([0-9]+)-[0-9]+\.pdf", payment.name)[-1]) for payment in vendor.payments)


def pages_charged(vendor: Emulator) -> int:
    """Return the pages that a vendor tells of in what it charged: those it could read, and there is nothing in these."""
    return sum(payment.pages or 0 for payment in vendor.payments)


MEASURES = {
    # A page costs 0.0125 USD at LlamaCloud's agentic tier, and 0.003 USD at extract.page.
    "llamacloud": Allowed("money: 0.1 USD", "money: 9 USD", 8, pages_charged),
    "extractpage": Allowed("money: 0.025 USD", "money: 9 USD", 8, pages_sent),
    "extend": Allowed("pages: 8", "pages: 999", 8, pages_sent),
}


def texts(number: int) -> Files:
    return {f"in/{each}.txt": f"document number {each}" for each in range(number)}


def booklets(number: int) -> Files:
    """Return PDF files of one to three pages, each with their number in its name."""
    pages = {each: 1 + each % 3 for each in range(number)}
    return {
        f"in/{count}-{each}.pdf": paged_pdf(count) + f"\n%% {each}\n".encode()
        for each, count in pages.items()
    }


@contextmanager
def limited(root: Path, provider: str, documents: Files, limit: str) -> Iterator[Attempt[Any]]:
    vendor = vendors()[provider]
    root.mkdir(exist_ok=True)
    with vendor.emulator() as emulator:
        emulator.haste = HASTE
        vendor.write(root, emulator, RECOVERY)
        shutil.rmtree(root / "in")
        project = Project(root)
        project.write(dict(documents))
        project.job(JOB.format(provider=provider, config=CONFIGS[provider]))
        allow(root, limit)
        yield Attempt(vendor, emulator, root, vendor.environment)


def allow(root: Path, limit: str) -> None:
    file = root / "docbatch.yaml"
    before = file.read_text().partition("limits:")[0]
    file.write_text(f"{before}limits: [{{per: month, {limit}}}]\n")


def run_until(attempt: Attempt[Any], code: int) -> None:
    codes: list[int] = []
    while not codes or (codes[-1] != code and len(codes) < MOST_RUNS):
        codes.append(attempt.run(*APPLY).code)
    assert codes[-1] == code, attempt.runs[-1]


def keep_the_limit(
    root: Path, provider: str, documents: Files, allowed: Allowed, *, moments: int, seed: int
) -> None:
    dice = random.Random(seed)
    with limited(root / "whole", provider, documents, allowed.limit) as undisturbed:
        run_until(undisturbed, 5)
        effects = len(undisturbed.effects)
        assert 0 < allowed.paid(undisturbed.emulator) <= allowed.most
    for moment in range(moments):
        with limited(root / str(moment), provider, documents, allowed.limit) as attempt:
            vendor = attempt.emulator
            code = attempt.run(*APPLY, die_at=dice.randint(effects // 8, effects)).code
            assert code in {5, -signal.SIGKILL}
            assert allowed.paid(vendor) <= allowed.most
            run_until(attempt, 5)
            assert 0 < allowed.paid(vendor) <= allowed.most
            allow(attempt.root, allowed.everything)
            run_until(attempt, 0)
            assert len(vendor.ledger) == len(documents)
            assert max(attempt.ending().paid.values()) == 1
            assert len(attempt.ending().paid) == len(documents)


# Documents count alike whoever reads them: the short form asks at one vendor, and at each of them for pages and money below.
@pytest.mark.parametrize(
    "provider",
    [pytest.param(each, marks=[pytest.mark.full] if each != "llamacloud" else []) for each in NAMES],
)
def test_killed_somewhere_no_more_is_paid_than_a_limit_allows(tmp_path: Path, provider: str) -> None:
    allowed = Allowed("documents: 4", "documents: 10", 4)
    keep_the_limit(tmp_path, provider, texts(10), allowed, moments=1, seed=NAMES.index(provider))


# One vendor for money and one for pages; what money comes to at the third is asked without a kill in tests of its charges.
@pytest.mark.parametrize(
    "provider",
    [pytest.param(each, marks=[pytest.mark.full] if each == "extractpage" else []) for each in NAMES],
)
def test_killed_somewhere_no_more_pages_and_money_are_paid(tmp_path: Path, provider: str) -> None:
    keep_the_limit(tmp_path, provider, booklets(9), MEASURES[provider], moments=1, seed=1)


@pytest.mark.full
@pytest.mark.parametrize("provider", NAMES)
def test_killed_at_twenty_moments_a_hundred_of_250_documents_are_paid(tmp_path: Path, provider: str) -> None:
    allowed = Allowed("documents: 100", "documents: 250", 100)
    keep_the_limit(tmp_path, provider, texts(250), allowed, moments=20, seed=3)


@pytest.mark.full
@pytest.mark.parametrize("provider", NAMES)
def test_killed_at_five_moments_no_more_pages_and_money_are_paid(tmp_path: Path, provider: str) -> None:
    keep_the_limit(tmp_path, provider, booklets(30), MEASURES[provider], moments=5, seed=2)


def test_what_a_person_has_sent_again_because_it_is_not_there_counts_once(tmp_path: Path) -> None:
    with ExtendEmulator() as vendor:
        vendor.create_faults, vendor.dropped = ["lost"], {1}
        project = extend_project(tmp_path, vendor)
        assert project.call("apply").code == 4
        held = documents_counted(project)

        project.call("retry", "--class", "held")
        vendor.dropped = set()
        project.applied()

        assert (held, documents_counted(project)) == (3, 3)


def test_credits_that_no_document_costs_make_no_room_for_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects, "_usage", lambda _run: {"credits": -5.0})
    with ExtendEmulator() as vendor:
        project = extend_project(tmp_path, vendor, config="{engine: parse_performance}")
        with (tmp_path / "docbatch.yaml").open("a") as file:
            file.write("limits: [{per: month, credits: 4, assume_pages: 1}]\n")

        codes = [project.call("apply").code for _ in range(2)]

        assert codes == [5, 5]
        assert len(vendor.ledger) == 2
        assert ": 4 credits counted" in project.call("status").out


def documents_counted(project: Project) -> int:
    *_, total = project.call("costs", "--json").lines
    return int(total["documents"] + total["reserved"]["documents"])
