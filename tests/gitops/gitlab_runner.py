"""Runs pipelines of GitLab, as far as ours go: stages in order, scripts in bash, with the variables that a job may have."""

import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.gitops.machine import Machine, Ran

JOB = {"stage", "image", "timeout", "rules", "variables", "script", "artifacts", "resource_group", "environment"}  # fmt: skip
_TERM = re.compile(r'\$(\w+)(?:\s*==\s*(?:"([^"]*)"|\$(\w+)))?')


@dataclass
class Pipeline:
    """The jobs that ran, the manual ones that wait, and the artifacts of each."""

    ran: dict[str, Ran] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)
    artifacts: dict[str, Path] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def codes(self) -> dict[str, int]:
        return {name: ran.code for name, ran in self.ran.items()}


@dataclass
class GitLabRunner:
    """`hosted` makes a machine for one job. `scoped` are variables of an environment, of the project under no name.

    A merge request of a fork runs in the fork's project, which has none of them.
    """

    hosted: Callable[[], Machine]
    folder: Path
    forge: str
    scoped: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    count: int = 0

    def run(
        self, text: str, repository: Path, commit: str, variables: Mapping[str, str], *, manual: bool = True
    ) -> Pipeline:
        """Run the pipeline that a commit has for an event; `manual` starts those jobs that wait for a person."""
        written = yaml.load(text, yaml.BaseLoader)
        stages, common = written.pop("stages"), written.pop("variables")
        self.count += 1
        done = Pipeline()
        known = {
            **common,
            **variables,
            "CI_API_V4_URL": self.forge,
            "CI_PROJECT_ID": "7",
            "CI_DEFAULT_BRANCH": "main",
        }
        for stage in stages:
            failed = any(done.codes.values())
            for name, job in written.items():
                assert job.keys() <= JOB, job.keys()
                when = self._when(job, known) if job["stage"] == stage else None
                if when == "manual" and not manual:
                    done.waiting.append(name)
                elif when == "always" or (when is not None and not failed):
                    machine = self.hosted()
                    machine.clone(repository, commit)
                    self._job(done, name, job, machine, known)
                    machine.thrown_away()
        return done

    @staticmethod
    def _when(job: Mapping[str, Any], known: Mapping[str, str]) -> str | None:
        for rule in job["rules"]:
            if all(_holds(term.strip(), known) for term in rule["if"].split("&&")):
                return str(rule.get("when", "on_success"))
        return None

    def _job(
        self, done: Pipeline, name: str, job: Mapping[str, Any], machine: Machine, known: Mapping[str, str]
    ) -> None:
        for kept in done.artifacts.values():
            shutil.copytree(kept, machine.work, dirs_exist_ok=True)
        environment = job.get("environment", "")
        scope = environment["name"] if isinstance(environment, dict) else environment
        is_forked = known.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "7") != "7"
        variables = {
            **known,
            **done.variables,
            **({} if is_forked else {**self.scoped.get("", {}), **self.scoped.get(scope, {})}),
            **job.get("variables", {}),
            "CI_PROJECT_DIR": str(machine.work),
        }
        ran = machine.shell("\n".join(job["script"]), variables, "-eo pipefail")
        done.ran[name] = ran
        self._keep(done, name, job.get("artifacts", {}), machine, succeeded=ran.code == 0)

    def _keep(
        self, done: Pipeline, name: str, wanted: Mapping[str, Any], machine: Machine, *, succeeded: bool
    ) -> None:
        if not wanted or not (succeeded or wanted.get("when") == "always"):
            return
        kept = self.folder / "artifacts" / str(self.count) / name
        kept.mkdir(parents=True)
        for path in wanted["paths"]:
            shutil.copy(machine.work / path, kept, follow_symlinks=False)
        done.artifacts[name] = kept
        if "reports" in wanted:
            lines = (machine.work / wanted["reports"]["dotenv"]).read_text().splitlines()
            done.variables |= dict(line.split("=", 1) for line in lines)


def _holds(term: str, known: Mapping[str, str]) -> bool:
    found = _TERM.fullmatch(term)
    assert found is not None, term
    value = known.get(found[1], "")
    if "==" not in term:
        return bool(value)
    return value == (known.get(found[3], "") if found[3] else found[2])
