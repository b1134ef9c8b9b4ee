"""Packages that somebody else might have installed: real files that `importlib.metadata` finds, in a folder of their own."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.cli.project import Ended, Project
from tests.plugins import warm

TESTS = Path(__file__).parents[1]
MADE_FOR_0 = "\n\nimport dataclasses\n\nKIND = dataclasses.replace(KIND, contract=0)\n"
SHOUT = (TESTS / "fake/outside.py").read_text() + MADE_FOR_0
CSV = (TESTS / "sinks/outside_csv.py").read_text() + MADE_FOR_0
ROWS = (TESTS / "sinks/outside_rows.py").read_text() + MADE_FOR_0
ZIP = (TESTS / "sources/outside_zip.py").read_text() + MADE_FOR_0


@dataclass(frozen=True)
class Packages:
    """A folder of packages that only the environment names."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    def install(self, name: str, text: str, entry: str, *, version: str = "1.0") -> None:
        """Install a package of one module, named as the package is; `entry` is as in `sinks: csv = csv_sink:KIND`."""
        module = name.replace("-", "_")
        group, _, line = entry.partition(": ")
        described = self.folder / f"{module}-{version}.dist-info"
        described.mkdir(parents=True)
        (described / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (described / "entry_points.txt").write_text(f"[docbatch.{group}]\n{line}\n")
        (self.folder / f"{module}.py").write_text(text)

    def run(self, project: Project, *arguments: str) -> Ended:
        """Run the command in a process of its own that finds the packages."""
        return warm.run(project.root, self.environment, *arguments)

    def start(self, project: Project, *arguments: str) -> Ended:
        """Run the command in a process that starts with nothing imported, and finds the packages."""
        ended = project.run(*arguments, env=self.environment)
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    @property
    def environment(self) -> dict[str, str]:
        path = os.pathsep.join(filter(None, (str(self.folder), os.environ.get("PYTHONPATH"))))
        return {
            **os.environ,
            "NO_COLOR": "1",
            "PYTHONWARNINGS": "error",
            "PYTHONPATH": path,
            **self.variables,
        }

    def applied(self, project: Project) -> Ended:
        """Run `apply --json` and require that everything is done."""
        ended = self.run(project, "apply", "--json")
        assert ended.code == 0, ended.out + ended.err
        return ended


def job(**fields: Any) -> str:
    """Return a job that differs in some fields from one over in/ that needs no plug-in. JSON is YAML."""
    whole: dict[str, Any] = {
        "apiVersion": "docbatch/v1",
        "name": "job",
        "source": {"root": "in", "include": "**/*"},
        "provider": "local",
        "sink": [{"type": "files", "path": "out/{{ doc.path }}.md"}],
    }
    return "\n".join(f"{name}: {json.dumps(value)}" for name, value in {**whole, **fields}.items()) + "\n"
