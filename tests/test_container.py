"""The image that Containerfile describes. Without an engine for containers, its steps run in a folder, in a venv's stead."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BASE = re.compile(r"python:3\.\d+-slim( AS \w+)?")
SPEC = """
apiVersion: docbatch/v1
name: job
source: {include: "in/**/*"}
sink: [{type: files, path: "out/{{ doc.path }}.md", format: markdown}]
"""


def instructions() -> Iterator[tuple[str, str]]:
    text = (ROOT / "Containerfile").read_text(encoding="utf-8")
    whole = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE))
    for line in whole.splitlines():
        if line:
            name, _, value = line.partition(" ")
            yield name, value


def stages() -> list[list[tuple[str, str]]]:
    found: list[list[tuple[str, str]]] = []
    for name, value in instructions():
        if name == "FROM":
            found.append([])
        found[-1].append((name, value))
    return found


def the_only(name: str, stage: list[tuple[str, str]]) -> str:
    (value,) = [value for each, value in stage if each == name]
    return value


def context() -> list[str]:
    """Return what is handed to a build."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    return [line[1:] for line in lines if line.startswith("!")]


@dataclass
class Image:
    """A folder that stands for the file system, with the folders that the steps name in it."""

    root: Path
    here: Path = field(init=False)
    variables: dict[str, str] = field(default_factory=dict)

    def place(self, path: str) -> Path:
        """Return where an absolute path lies, or one relative to the working folder."""
        return self.root / path.lstrip("/") if path.startswith("/") else self.here / path

    def moved(self, text: str) -> str:
        return re.sub(r"(?<![\w/])/(?=opt/|src\b|work\b)", f"{self.root}/", text)

    def step(self, name: str, value: str, machine: dict[str, str]) -> None:
        match name:
            case "FROM":
                assert BASE.fullmatch(value)
                self.here, self.variables = self.root, {}
            case "WORKDIR":
                self.here = self.place(value)
                self.here.mkdir(parents=True, exist_ok=True)
            case "COPY":
                self.copy(*value.split())
            case "RUN":
                subprocess.run(
                    ["sh", "-ec", self.moved(value)], cwd=self.here, env=machine, check=True, timeout=600
                )
            case "ENV":
                self.variables |= {
                    key: self.moved(text) for key, text in (each.split("=", 1) for each in value.split())
                }

    def copy(self, *words: str) -> None:
        *sources, target = words
        if sources[0].startswith("--from="):
            assert sources[1:] == [target], "it is moved by no step"
            assert self.place(target).is_dir()
            return
        for source in sources:
            assert source in context(), f"{source} is not handed to the build"
            into = self.place(target)
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, into, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, into)


@pytest.fixture
def image(tmp_path: Path) -> Image:
    base = tmp_path / "base"
    subprocess.run([sys.executable, "-m", "venv", base], check=True)
    machine = {**os.environ, "PATH": f"{base}/bin:/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}
    made = Image(tmp_path / "root")
    made.root.mkdir()
    for stage in stages():
        for name, value in stage:
            made.step(name, value, machine)
    return made


def installed(image: Image) -> set[str]:
    packages = (path.name for path in image.root.glob("opt/docbatch/lib/*/site-packages/*.dist-info"))
    return {re.sub(r"[-_.]+", "-", name.partition("-")[0]).lower() for name in packages}


def locked(lock: str) -> set[str]:
    text = (ROOT / lock).read_text(encoding="utf-8")
    return {name.lower() for name in re.findall(r"^([A-Za-z0-9._-]+)==", text, re.MULTILINE)}


def test_what_is_installed_comes_from_the_lock_with_its_hashes() -> None:
    installs = [value for name, value in instructions() if name == "RUN" and " install " in value]

    assert [
        value for value in installs if "--require-hashes --requirement requirements.lock" in value
    ] == installs[:1]
    assert all("--no-deps --no-build-isolation ." in value for value in installs[1:])
    assert len(installs) == 2


def test_it_runs_as_an_ordinary_user_and_carries_no_tools_of_the_build() -> None:
    *_, last = stages()

    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", the_only("USER", last))
    assert [value for name, value in last if name == "RUN"] == []
    assert json.loads(the_only("ENTRYPOINT", last)) == ["docbatch"]


@pytest.mark.full
def test_its_steps_make_a_docbatch_that_works_and_has_only_what_it_needs(image: Image) -> None:
    *_, last = stages()
    (image.here / "in").mkdir()
    (image.here / "in" / "a.txt").write_text("one")
    (image.here / "jobs").mkdir()
    (image.here / "jobs" / "job.yaml").write_text(SPEC)
    home = image.root / "home"
    home.mkdir(mode=0o500)
    variables = {"PATH": image.variables["PATH"].replace("$PATH", "/usr/bin:/bin"), "HOME": str(home)}

    def run(*arguments: str) -> str:
        command = [*json.loads(the_only("ENTRYPOINT", last)), *arguments]
        found = shutil.which(command[0], path=variables["PATH"])
        assert found == str(image.place("/opt/docbatch/bin/docbatch"))
        return subprocess.run(
            [found, *command[1:]],
            cwd=image.here,
            env=variables,
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        ).stdout

    assert "Commands:" in run(*json.loads(the_only("CMD", last)))
    run("apply")
    assert (image.here / "out" / "in" / "a.txt.md").read_text() == "one\n"
    assert run("listen", "--help")

    tools = {"pip", "setuptools"}
    assert installed(image) - {"docbatch"} <= locked("requirements.lock") - tools
    assert {"docbatch", "click", "uvicorn"} <= installed(image)
