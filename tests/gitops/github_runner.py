"""Runs workflows of GitHub, as far as ours go: jobs in order, their steps in bash, with the secrets and rights that the file gives.

What a file says that this does not know ends the test, so that nothing is left out unseen.
"""

import shutil
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.gitops.expressions import filled, holds
from tests.gitops.machine import Machine, Ran

WORKFLOW = {"name", "on", "permissions", "concurrency", "env", "jobs"}
JOB = {"runs-on", "timeout-minutes", "permissions", "env", "steps", "needs", "if", "outputs", "environment"}
FILES = ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV", "GITHUB_PATH")
REPOSITORY, SERVER = "acme/invoices", "https://github.example"
STEP = {"name", "id", "if", "run", "env", "uses", "with", "shell", "working-directory"}


@dataclass
class JobRun:
    """How a job ended, and what it left. `token` is what it was given to ask GitHub with."""

    conclusion: str = "success"
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""
    steps: dict[str, Ran] = field(default_factory=dict)
    token: str = ""

    @property
    def log(self) -> str:
        return "".join(step.log for step in self.steps.values())

    @property
    def commands(self) -> list[str]:
        return [command for step in self.steps.values() for command in step.commands]


@dataclass
class WorkflowRun:
    identity: str
    jobs: dict[str, JobRun] = field(default_factory=dict)

    @property
    def conclusions(self) -> dict[str, str]:
        return {name: job.conclusion for name, job in self.jobs.items()}


@dataclass(frozen=True)
class Event:
    """What began a run: the repository and commit that are checked out, and what is told of it."""

    repository: Path
    commit: str
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class GitHubRunner:
    """`hosted` makes a machine for one job, `own` is the one with the label docbatch, if there is one.

    `secrets` are those of environments, of the repository under no name; a fork's pull request has none. `forge` is where the API is; `tokens` hears of each token with the rights it has. `approves` is asked before a job runs in
    an environment that has reviewers.
    """

    hosted: Callable[[], Machine]
    folder: Path
    forge: str
    tokens: Callable[[str, Mapping[str, str]], None]
    secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    reviewed: Collection[str] = ()
    approves: Callable[[WorkflowRun], bool] = lambda _run: True
    own: Machine | None = None
    count: int = 0

    def run(self, text: str, event: Event) -> WorkflowRun:
        """Run a workflow's jobs."""
        workflow = yaml.load(text, yaml.BaseLoader)
        assert workflow.keys() <= WORKFLOW, workflow.keys()
        assert "pull_request_target" not in str(workflow["on"])
        self.count += 1
        done = WorkflowRun(str(self.count))
        for name, job in workflow["jobs"].items():
            assert job.keys() <= JOB, job.keys()
            contexts = self._contexts(done, event)
            needed = done.jobs[job["needs"]].conclusion if "needs" in job else "success"
            if needed != "success" or not holds(job.get("if", "'always'"), contexts):
                done.jobs[name] = JobRun("skipped")
            elif job.get("environment") in self.reviewed and not self.approves(done):
                done.jobs[name] = JobRun("waiting")
            else:
                rights = job.get("permissions", workflow["permissions"])
                done.jobs[name] = _Job(
                    self, done, event, job, workflow.get("env", {}), contexts, rights
                ).run()
        return done

    def _contexts(self, done: WorkflowRun, event: Event) -> dict[str, Any]:
        needs = {name: {"outputs": job.outputs, "result": job.conclusion} for name, job in done.jobs.items()}
        github = {
            "event": event.payload,
            "run_id": done.identity,
            "repository": REPOSITORY,
            "server_url": SERVER,
        }
        return {"github": github, "needs": needs, "inputs": event.payload.get("inputs", {})}


@dataclass
class _Job:
    runner: GitHubRunner
    workflow: WorkflowRun
    event: Event
    job: Mapping[str, Any]
    variables: Mapping[str, str]
    contexts: dict[str, Any]
    rights: Mapping[str, str]
    done: JobRun = field(default_factory=JobRun)

    def run(self) -> JobRun:
        machine = self._machine()
        machine.emptied()
        self.done.token = f"token-{self.workflow.identity}-{id(self)}"
        self.runner.tokens(self.done.token, self.rights)
        self.contexts |= {"secrets": self._secrets(), "steps": {}, "runner": {"temp": str(machine.temp)}}
        self.contexts["github"] = {**self.contexts["github"], "token": self.done.token}
        for number, step in enumerate(self.job["steps"]):
            assert step.keys() <= STEP, step.keys()
            condition = step.get("if", "success")
            if self.done.conclusion != "success" and condition == "success":
                continue
            if condition == "success" or holds(condition, self.contexts):
                self._step(machine, step, step.get("name", f"step {number}"))
        outputs = {name: filled(text, self.contexts) for name, text in self.job.get("outputs", {}).items()}
        self.done.outputs = outputs
        if machine is not self.runner.own:
            machine.thrown_away()
        return self.done

    def _machine(self) -> Machine:
        if "self-hosted" not in self.job["runs-on"]:
            return self.runner.hosted()
        assert self.runner.own is not None
        return self.runner.own

    def _secrets(self) -> Mapping[str, str]:
        request = self.event.payload.get("pull_request")
        if request is not None and request["head"]["repo"]["owner"]["login"] != REPOSITORY.partition("/")[0]:
            return {}
        of_all = self.runner.secrets.get("", {})
        return {**of_all, **self.runner.secrets.get(self.job.get("environment", ""), {})}

    def _step(self, machine: Machine, step: Mapping[str, Any], name: str) -> None:
        if "uses" in step:
            options = {key: filled(value, self.contexts) for key, value in step.get("with", {}).items()}
            self._action(machine, step["uses"].partition("@")[0], options)
            return
        assert "${{" not in step["run"], "what others say is no part of a script"
        files = {key: machine.temp / f".{key}" for key in FILES}
        for file in files.values():
            file.write_text("")
        given = {**self.variables, **self.job.get("env", {}), **step.get("env", {})}
        variables = {
            **self._standard(machine),
            **{key: str(file) for key, file in files.items()},
            **{key: filled(value, self.contexts) for key, value in given.items()},
        }
        ran = machine.shell(step["run"], variables, "-eo pipefail" if step.get("shell") == "bash" else "-e")
        self.done.steps[name] = ran
        assert (files["GITHUB_ENV"].read_text(), files["GITHUB_PATH"].read_text()) == ("", "")
        self.contexts["steps"][step.get("id", name)] = {"outputs": read_outputs(files["GITHUB_OUTPUT"])}
        self.done.summary += files["GITHUB_STEP_SUMMARY"].read_text()
        if ran.code:
            self.done.conclusion = "failure"

    def _standard(self, machine: Machine) -> dict[str, str]:
        return {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.runner.forge,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_RUN_ID": self.workflow.identity,
            "GITHUB_SERVER_URL": SERVER,
            "GITHUB_SHA": self.event.commit,
            "GITHUB_WORKSPACE": str(machine.work),
            "RUNNER_TEMP": str(machine.temp),
        }

    def _action(self, machine: Machine, action: str, options: Mapping[str, str]) -> None:
        artifacts = self.runner.folder / "artifacts"
        match action:
            case "actions/setup-python":
                pass
            case "actions/checkout":
                assert options == {"persist-credentials": "false"}
                assert self.rights.get("contents") == "read"
                machine.clone(self.event.repository, self.event.commit)
            case "actions/upload-artifact":
                kept = artifacts / self.workflow.identity / options["name"]
                kept.mkdir(parents=True)
                shutil.copy(machine.work / options["path"], kept, follow_symlinks=False)
            case "actions/download-artifact":
                if "run-id" in options:
                    assert (self.rights.get("actions"), options["github-token"]) == ("read", self.done.token)
                kept = artifacts / options.get("run-id", self.workflow.identity) / options["name"]
                shutil.copytree(kept, machine.work / options["path"], symlinks=True)
            case _:
                raise AssertionError(action)


def read_outputs(file: Path) -> dict[str, str]:
    """Return what a step put out: lines of `name=value`, the only form that ours use."""
    return dict(line.split("=", 1) for line in file.read_text().splitlines())
