"""Whoever looks at a repository of others is neither held up nor steered by it, and shows nothing that lies beside it."""

import json
import re
import subprocess
import sys
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.untrusted.looking import BYTES
from tests.untrusted.repositories import SECRET, plant, repositories, sound

TOP = Path(__file__).parents[2]
# They are large: seconds each, and seen in the full form only.
LARGE = re.compile(r"many|long|list of|twice|chain|deep tree|backtracking")
STEERS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]|(?m:^::)")
ENDS = {0, 1, 6, 10, 12, 64}


AGAIN = re.compile(r"elsewhere|values|nested|mutated")


def quick() -> list[str]:
    """Return the names of one repository of each sort that is small, and of two where they differ most."""
    small = [name for name in repositories() if not LARGE.search(name)]
    return [name for name in small if name.endswith("-0") or (name.endswith("-1") and AGAIN.search(name))]


def looked(folder: Path, names: Collection[str], commands: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield what came of each command over each repository."""
    makers = repositories()
    plant(folder / "outside")
    (folder / "warm").mkdir()
    sound(folder / "warm", Random(0))
    for name in names:
        (folder / name).mkdir()
        makers[name](folder / name)
    command = [sys.executable, "-m", "tests.untrusted.looking", str(folder), *commands]
    ended = subprocess.run(
        command, cwd=TOP, input="\n".join(names), capture_output=True, text=True, check=True
    )
    yield from map(json.loads, ended.stdout.splitlines())


def faults(look: dict[str, Any]) -> Iterator[str]:
    said, untrusted = look["said"], "--untrusted" in look["command"]
    if look["code"] not in ENDS:
        yield f"ended with {look['code']} after {look['seconds']:.1f} s"
    if "Traceback" in said:
        yield said[-500:]
    if look["memory"] > BYTES:
        yield f"took {look['memory']:,} bytes"
    if steering := STEERS.search(said):
        yield f"said {steering[0]!r}"
    if SECRET in said:
        yield "shows what lies outside"
    if untrusted and look["notes"]:
        yield f"did {look['notes']}"
    if any(note.startswith(("socket", "subprocess", "os.exec", "os.system")) for note in look["notes"]):
        yield f"did {look['notes']}"


def endured(folder: Path, names: Collection[str], commands: Sequence[str]) -> None:
    found = list(looked(folder, names, commands))

    assert len(found) == len(names) * len(commands)
    assert [(each["name"], each["command"], *told) for each in found if (told := list(faults(each)))] == []


def test_forty_hostile_repositories_do_no_harm(tmp_path: Path) -> None:
    assert len(quick()) >= 38
    endured(tmp_path, quick(), ["plan", "plan --untrusted"])


@pytest.mark.full
def test_no_hostile_repository_does_any_harm(tmp_path: Path) -> None:
    assert len(repositories()) >= 190
    endured(tmp_path, repositories(), ["validate", "plan", "validate --untrusted", "plan --untrusted"])
