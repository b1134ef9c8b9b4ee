"""Packs that are spoilt, at each emulated vendor: what they held is named and fetched again, and nothing is paid again."""

import os
import re
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import docbatch
from docbatch.core.errors import StateError
from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.emulators.extractpage.service import ExtractPage
from docbatch.emulators.llamacloud.service import LlamaCloud
from docbatch.emulators.server import Emulator
from tests.cli.project import Ended, Project
from tests.kept_results import packs
from tests.providers.extend.project import extend_project
from tests.providers.extractpage import project as extractpage
from tests.providers.llamacloud import project as llamacloud
from tests.spool.spoilt import SPOILS, nothing
from tests.spool.vendor_story import CONFIGS, JOB

FIRST = {f"{name}.txt": f"{name} of the first" for name in ("apple", "banana", "cherry")}
SECOND = {f"{name}.txt": f"{name} of the second" for name in ("date", "elder")}
NEW = {"new.txt": "something new"}


def make(root: Path, emulator: Emulator, texts: Mapping[str, str]) -> Project:
    root.mkdir()
    project: Project
    match emulator:
        case ExtendEmulator():
            project = extend_project(root, emulator, documents={})
        case LlamaCloud():
            project = llamacloud.project(root, emulator, {})
        case ExtractPage():
            project = extractpage.project(root, emulator, {})
        case _:
            raise AssertionError(emulator)
    provider = type(emulator).__name__.lower().removesuffix("emulator")
    project.job(JOB.format(provider=provider, config=CONFIGS[provider]))
    write(project, texts)
    project.applied()
    return project


def write(project: Project, texts: Mapping[str, str]) -> None:
    project.write({f"in/{name}": text for name, text in texts.items()})


def forget(emulator: Any, gone: Collection[str]) -> None:
    """Let the vendor have no more of these documents, nor their files."""
    match emulator:
        case ExtendEmulator():
            texts = {FIRST[name].encode() for name in gone}
            for run in [run for run in emulator.runs.values() if run.file and run.file.content in texts]:
                del emulator.runs[run.id]
            for file in [file for file in emulator.files.values() if file.content in texts]:
                del emulator.files[file.id]
                emulator.deleted += 1
        case LlamaCloud():
            for job in [job for job in emulator.jobs.values() if job.text in map(FIRST.get, gone)]:
                del emulator.jobs[job.id]
        case _:
            first = next(batch for batch in emulator.batches.values() if len(batch.items) == len(FIRST))
            first.expires = 0.0


VENDORS: Mapping[str, Callable[[], Emulator]] = {
    "extend": ExtendEmulator,
    "llamacloud": LlamaCloud,
    "extractpage": ExtractPage,
}


@dataclass(frozen=True)
class Spoilt:
    """A project whose first pack is spoilt, and what it was before."""

    project: Project
    vendor: Emulator
    pack: Path
    before: Mapping[str, bytes]
    paid: list[str]

    def look(self) -> set[str]:
        """Look with every command that changes nothing; return what programs cannot read, while all else can be read."""
        codes = [self.project.call(*command).code for command in LOOKING]
        assert codes == [0] * len(LOOKING)
        return self.unread()

    def unread(self) -> set[str]:
        """Return what programs cannot read, while all else can be read."""
        lost: list[StateError] = []
        found = docbatch.open_project(self.project.root).results(on_error=lost.append)
        read = {each.document.path for each in found}
        unread = {name for name in FIRST if any(f" {name}: the stored result" in str(each) for each in lost)}
        assert read >= {*FIRST, *SECOND} - unread
        assert not read & unread
        assert len(unread) == len(lost)
        return unread

    def check(self, *arguments: str) -> tuple[int, int]:
        """Check the state; return its exit code and how many results it names."""
        checked = self.project.call("state", "check", *arguments)
        return checked.code, checked.out.count("the stored result")

    def bring_back(self) -> Ended:
        self.check("--repair")
        return self.project.call("apply", "--json")


LOOKING = (("status",), ("plan",), ("explain", "in/apple.txt"), ("state", "compact", "--dry-run"))


@contextmanager
def strange_pack(folder: Path, provider: str, way: str) -> Iterator[Path]:
    """Yield a pack of another project, where it is spoilt by that, for as long as its vendor is there."""
    if way not in {"swap", "link"}:
        yield folder
        return
    with VENDORS[provider]() as another:
        longer = {name: f"{text}, in a project of somebody else" for name, text in FIRST.items()}
        (other,) = packs(make(folder / "other", another, longer).root / ".docbatch")
        yield other


@contextmanager
def spoilt(folder: Path, provider: str, way: str) -> Iterator[Spoilt]:
    with VENDORS[provider]() as vendor:
        project = make(folder / "project", vendor, FIRST)
        (pack,) = packs(project.root / ".docbatch")
        write(project, SECOND)
        project.applied()
        made = Spoilt(project, vendor, pack, project.outputs(), list(vendor.ledger))
        with strange_pack(folder, provider, way) as other:
            SPOILS.get(way, nothing)(pack, other)
        yield made


def dateless(content: bytes) -> bytes:
    """Return an output without the moment at which LlamaCloud told a result."""
    return re.sub(rb'"updated_at":"[^"]*"', b"", content)


def comes_back(folder: Path, provider: str, way: str) -> None:
    """Spoil a pack whose results the vendor has: they are fetched again, and meanwhile everything else goes on."""
    with spoilt(folder, provider, way) as made:
        project = made.project
        lost = made.look()
        assert lost
        assert made.check() == (1, len(lost))
        write(project, NEW)
        assert project.applied().processed == 1
        made.bring_back()
        now = project.outputs()
        assert {name: dateless(now[name]) for name in made.before if name != "all.jsonl"} == {
            name: dateless(content) for name, content in made.before.items() if name != "all.jsonl"
        }
        assert set(dateless(made.before["all.jsonl"]).splitlines()) < set(
            dateless(now["all.jsonl"]).splitlines()
        )
        assert len(made.vendor.ledger) == len(made.paid) + 1
        assert project.call("state", "compact").code == 0
        assert made.check() == (0, 0)
        assert made.unread() == set()
        shutil.rmtree(project.root / "out")
        assert project.applied().processed == 0
        assert project.outputs() == now
        assert len(made.vendor.ledger) == len(made.paid) + 1


def stays_away(folder: Path, provider: str, way: str) -> None:
    """Spoil a pack whose results the vendor has no more: they are named, what was written of them stands, nothing is paid."""
    with spoilt(folder, provider, way) as made:
        project = made.project
        lost = made.look()
        forget(made.vendor, lost)
        ended = made.bring_back()
        for again in (ended, project.call("apply", "--json")):
            assert again.code == 3
            (job,) = again.lines[-1]["jobs"]
            assert {(each["path"], each["class"]) for each in job["failures"]} == {
                (name, "expired") for name in lost
            }
        now = project.outputs()
        assert {name for name in made.before if made.before[name] != now[name]} == {"all.jsonl"}
        assert made.before["all.jsonl"] in {
            path.read_bytes() for path in (project.root / ".docbatch/trash").rglob("*.jsonl")
        }
        assert list(made.vendor.ledger) == made.paid
        assert project.call("state", "compact").code == 0
        assert made.check() == (0, 0)
        write(project, NEW)
        assert project.call("apply", "--json").processed == 1
        assert len(made.vendor.ledger) == len(made.paid) + 1


@pytest.mark.parametrize(("provider", "way"), [("extractpage", "alter")])
def test_what_the_vendor_still_has_comes_back_free_of_charge(tmp_path: Path, provider: str, way: str) -> None:
    comes_back(tmp_path, provider, way)


@pytest.mark.parametrize(
    ("provider", "way"), [("extend", "pipe"), ("llamacloud", "remove"), ("extractpage", "truncate")]
)
def test_what_nobody_has_any_more_is_named_and_its_outputs_stand(
    tmp_path: Path, provider: str, way: str
) -> None:
    stays_away(tmp_path, provider, way)


@pytest.mark.full
@pytest.mark.parametrize("way", SPOILS)
@pytest.mark.parametrize("provider", VENDORS)
def test_what_the_vendor_still_has_comes_back_however_it_was_spoilt(
    tmp_path: Path, provider: str, way: str
) -> None:
    comes_back(tmp_path, provider, way)


@pytest.mark.full
@pytest.mark.parametrize("way", SPOILS)
@pytest.mark.parametrize("provider", VENDORS)
def test_what_nobody_has_any_more_stands_however_it_was_spoilt(
    tmp_path: Path, provider: str, way: str
) -> None:
    stays_away(tmp_path, provider, way)


@pytest.mark.parametrize(
    "provider",
    ["extractpage", *(pytest.param(name, marks=pytest.mark.full) for name in ("extend", "llamacloud"))],
)
def test_a_pack_that_may_not_be_read_keeps_nobody_from_the_rest_and_is_read_once_it_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    real = os.open
    with spoilt(tmp_path, provider, "nothing") as made, monkeypatch.context() as patch:

        def refuse(path: Any, *rest: Any, **options: Any) -> int:
            if str(path) == str(made.pack):
                raise PermissionError(13, "Permission denied", str(path))
            return real(path, *rest, **options)

        patch.setattr(os, "open", refuse)
        assert made.look() == set(FIRST)
        assert made.check() == (1, len(FIRST))
        write(made.project, NEW)
        assert made.project.applied().processed == 1
        assert made.project.call("state", "compact").code == 0
        patch.undo()
        assert made.unread() == set()
        assert made.check() == (0, 0)
        assert len(made.vendor.ledger) == len(made.paid) + 1
