"""A project on disk and the real command in a process of its own."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

JOB = """
apiVersion: docbatch/v1
name: job
source:
  root: in
  include: "**/*"
provider: local
sink:
  - type: files
    path: "out/{{ doc.path }}.md"
    format: markdown
"""


@dataclass(frozen=True)
class Project:
    root: Path

    def write(self, files: Mapping[str, str | bytes]) -> None:
        for name, content in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    def job(self, text: str = JOB, name: str = "job") -> None:
        self.write({f"jobs/{name}.yaml": textwrap.dedent(text)})

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "docbatch", *arguments],
            cwd=self.root,
            env={**os.environ, "NO_COLOR": "1", "PYTHONWARNINGS": "error"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        process = self.start(*arguments)
        out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def outputs(self, folder: str = "out") -> dict[str, bytes]:
        top = self.root / folder
        return {
            str(path.relative_to(top)): path.read_bytes() for path in sorted(top.rglob("*")) if path.is_file()
        }
