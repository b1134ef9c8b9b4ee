"""What is installed: the locks belong to pyproject.toml, and script/bootstrap takes nothing else."""

import os
import re
import runpy
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
DEV, RUN, RAY, SITE = (
    "requirements-dev.lock",
    "requirements.lock",
    "requirements-ray.lock",
    "requirements-site.lock",
)
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
MACHINES = (
    {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64"},
    {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "aarch64"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "arm64"},
)
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def differences(root: Path) -> list[str]:
    found: Callable[[Path], Iterator[str]] = runpy.run_path(str(ROOT / "script" / "lock.py"))["differences"]
    return list(found(root))


def pins(lock: str) -> dict[Requirement, frozenset[str]]:
    """Return the entries of a lock and their hashes."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / lock).read_text(encoding="utf-8"), flags=re.MULTILINE)
    entries = [re.split(r"\s*\\?\n\s+", entry.strip()) for entry in re.split(r"\n(?=\S)", text)]
    return {Requirement(first): frozenset(hashes) for first, *hashes in entries}


def asked() -> list[Requirement]:
    tables = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = [each for name, each in tables["project"]["optional-dependencies"].items() if name != "ray"]
    lists = [tables["build-system"]["requires"], tables["project"]["dependencies"], *extras]
    return [Requirement(line) for each in lists for line in each]


def copy(folder: Path) -> Path:
    """Return a checkout as far as setting up reads it before it installs anything."""
    for name in (
        "pyproject.toml",
        DEV,
        RUN,
        RAY,
        SITE,
        "script/bootstrap",
        "script/find-python",
        "script/lock.py",
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def with_pip(folder: Path) -> None:
    """Make a venv that has the pip of this one: installing its own takes longest of all."""
    venv.EnvBuilder(symlinks=True).create(folder)
    (site,) = folder.glob("lib/*/site-packages")
    (site / "pip.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")


def bootstrap(folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    environment = {**ours, "PYTHON": sys.executable, "PIP_CONFIG_FILE": os.devnull, **settings}
    return subprocess.run(
        [folder / "script" / "bootstrap"],
        check=False,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_locks_belong_to_pyproject() -> None:
    assert differences(ROOT) == [], "run script/update"


@pytest.mark.parametrize("lock", [DEV, RUN, RAY, SITE])
def test_a_lock_holds_versions_and_hashes_and_nothing_of_the_machine_it_was_drawn_on(lock: str) -> None:
    for pin, hashes in pins(lock).items():
        assert [each.operator for each in pin.specifier] == ["=="], pin
        assert hashes, pin
        assert [text for text in hashes if not HASH.fullmatch(text)] == [], pin
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if "//" in line or str(ROOT) in line] == []


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize(
    "machine", MACHINES, ids=lambda each: f"{each['sys_platform']}-{each['platform_machine']}"
)
def test_what_is_asked_for_is_locked_on_every_machine(python: str, machine: dict[str, str]) -> None:
    here = {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "os_name": "posix",
        "extra": "",
        **machine,
    }
    locked = {
        pin.name.lower(): next(iter(pin.specifier)).version
        for pin in pins(DEV)
        if pin.marker is None or pin.marker.evaluate(here)
    }

    for each in asked():
        if each.marker is None or each.marker.evaluate(here):
            assert each.specifier.contains(locked[each.name.lower()]), each


def test_what_users_run_is_what_is_tested() -> None:
    developers, users = pins(DEV), pins(RUN)

    # Markers say who needs a package, which more may do among developers.
    assert {f"{pin.name}{pin.specifier}": hashes for pin, hashes in users.items()}.items() <= {
        f"{pin.name}{pin.specifier}": hashes for pin, hashes in developers.items()
    }.items()
    assert {"pytest", "mypy", "ruff"} & {pin.name for pin in users} == set()
    assert {"setuptools", "uvicorn"} <= {pin.name for pin in users}


def test_what_ray_needs_moves_nothing_of_the_rest() -> None:
    developers = {pin.name: pin.specifier for pin in pins(DEV)}
    ray = {pin.name: pin.specifier for pin in pins(RAY)}

    assert "ray" in ray
    assert "ray" not in developers
    assert {name for name in ray if ray[name] != developers.get(name, ray[name])} == set()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"httpx>=', '"novelty>=1",\n    "httpx>=', [f"{lock} {word}" for lock in (DEV, RUN) for word in ("was not drawn for novelty>=1", "pins no novelty")]),
        ('    "pytest-cov>=7",\n', "", [f"{DEV} was drawn for pytest-cov>=7"]),
        ('"h11>=0.16"', '"h11>=0.17"', [f"{lock} {word}" for lock in (DEV, RUN) for word in ("was not drawn for h11>=0.17", "was drawn for h11>=0.16")]),
        ('">=3.11"', '">=3.12"', [f"{lock} {word}" for lock in (DEV, RUN, RAY, SITE) for word in ("was not drawn for python>=3.12", "was drawn for python>=3.11")]),
        ('["setuptools>=', '["flit-core", "setuptools>=', [f"{lock} {word}" for lock in (DEV, RUN) for word in ("was not drawn for flit-core", "pins no flit-core")]),
        ("line-length = 110", "line-length = 100", []),
    ],
)  # fmt: skip
def test_a_forgotten_update_is_named(tmp_path: Path, old: str, new: str, told: list[str]) -> None:
    edit(copy(tmp_path) / "pyproject.toml", old, new)

    assert differences(tmp_path) == told


def test_an_entry_that_was_lost_from_a_lock_is_named(tmp_path: Path) -> None:
    edit(copy(tmp_path) / RUN, "\nh11==", "\n# h11==")

    assert differences(tmp_path) == [f"{RUN} pins no h11"]


def test_a_forgotten_update_stops_the_set_up_before_anything_is_installed(tmp_path: Path) -> None:
    edit(copy(tmp_path) / "pyproject.toml", '"h11>=0.16"', '"h11>=0.17"')
    (tmp_path / RUN).unlink()

    refused = bootstrap(tmp_path)

    assert refused.returncode == 1
    assert refused.stderr == (
        "The locks do not belong to pyproject.toml:\n"
        f"  {DEV} was not drawn for h11>=0.17\n"
        f"  {DEV} was drawn for h11>=0.16\n"
        f"  {RUN} is missing\n"
        "Draw them anew with script/update, and commit them. Nothing was installed.\n"
    )
    assert not (tmp_path / ".venv").exists()


def test_a_file_that_is_not_the_locked_one_is_not_installed(tmp_path: Path) -> None:
    copy(tmp_path)
    with zipfile.ZipFile(tmp_path / "tiny-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny.py", "")
        wheel.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        wheel.writestr(
            "tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr("tiny-1.0.dist-info/RECORD", "")
    (tmp_path / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\n[project]\nrequires-python = ">=3.11"\ndependencies = ["tiny"]\n'
        "optional-dependencies = {}\n"
    )
    for lock in (RAY, SITE):
        (tmp_path / lock).write_text("#   python>=3.11\n")
    for lock in (DEV, RUN):
        (tmp_path / lock).write_text(f"#   python>=3.11\n#   tiny\ntiny==1.0 --hash=sha256:{'0' * 64}\n")

    with_pip(tmp_path / ".venv")
    refused = bootstrap(tmp_path, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(tmp_path))

    assert refused.returncode == 1
    assert "DO NOT MATCH THE HASHES" in refused.stderr
    assert f"'git diff {DEV}' shows whether the lock was changed here" in refused.stderr
    assert not list(tmp_path.glob(".venv/lib/*/site-packages/tiny*"))
    assert not (tmp_path / ".venv" / "installed-from").exists()
