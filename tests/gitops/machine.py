"""A machine that a CI runs on: what is on its PATH, and how a block of shell runs there."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

PIP = '#!/bin/sh\necho "pip $*" >> "$(dirname "$0")/../installed"\n'
"""What is installed is on the PATH already: a registry is not part of this."""
DOCBATCH = f"#!{sys.executable} -P\nfrom docbatch.cli import main\nmain()\n"


@dataclass(frozen=True)
class Ran:
    """A block of shell that ended."""

    code: int
    log: str

    @property
    def commands(self) -> list[str]:
        """Return what a runner of GitHub would take for commands to it."""
        return [line for line in self.log.splitlines() if line.lstrip().startswith("::") or "##[" in line]


@dataclass(frozen=True)
class Machine:
    """Lies below `root`. `variables` are those of all its processes, such as where a service is found."""

    root: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for folder in ("bin", "home", "work", "temp"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        for name, text in (("pip", PIP), ("docbatch", DOCBATCH)):
            (self.root / "bin" / name).write_text(text)
            (self.root / "bin" / name).chmod(0o755)

    @property
    def work(self) -> Path:
        return self.root / "work"

    @property
    def temp(self) -> Path:
        return self.root / "temp"

    @property
    def installed(self) -> list[str]:
        log = self.root / "installed"
        return log.read_text().splitlines() if log.exists() else []

    def emptied(self) -> None:
        """Have no file of an earlier job where jobs work, as runners promise."""
        for folder in (self.work, self.temp):
            shutil.rmtree(folder)
            folder.mkdir()

    def thrown_away(self) -> None:
        """Keep no file of what ran here."""
        for folder in (self.work, self.temp, self.root / "home"):
            shutil.rmtree(folder)

    def clone(self, repository: Path, commit: str) -> None:
        git(self.work, "clone", "--quiet", "--no-checkout", f"file://{repository}", ".")
        git(self.work, "fetch", "--quiet", "origin", commit)
        git(self.work, "checkout", "--quiet", "--detach", commit)

    def shell(self, script: str, variables: Mapping[str, str], options: str = "-e") -> Ran:
        """Run a block of shell where jobs work. It knows the variables that are given, and none of the tests'."""
        file = self.root / "script"
        file.write_text(script)
        ended = subprocess.run(
            ["bash", "--noprofile", "--norc", *options.split(), file],
            cwd=self.work,
            env={**self._environment(), **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=300,
            check=False,
        )
        return Ran(ended.returncode, ended.stdout.decode())

    def _environment(self) -> dict[str, str]:
        path = f"{self.root / 'bin'}:{Path(sys.executable).parent}:/usr/bin:/bin"
        return {
            "PATH": path,
            "HOME": str(self.root / "home"),
            "LANG": "C.UTF-8",
            "CI": "true",
            "DOCBATCH_ACCOUNTS": "off",
            **self.variables,
        }


def git(folder: Path, *arguments: str) -> str:
    """Run git as nobody in particular, without what the machine of the tests has set up."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{who}_{what}": "nobody@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }  # fmt: skip
    done = subprocess.run(
        ["git", "-c", "init.defaultBranch=main", "-c", "uploadpack.allowAnySHA1InWant=true", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (arguments, done.stderr)
    return done.stdout.strip()
