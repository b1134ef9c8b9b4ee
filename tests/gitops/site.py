"""A repository that was made of the example as its README says, with a bare remote, a fork, a forge, a bucket and machines."""

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from docbatch.emulators.server import Emulator
from tests.gitops.forge import Forge, PullRequest
from tests.gitops.github_runner import Event, GitHubRunner, WorkflowRun
from tests.gitops.lake import READS, WRITES, Lake
from tests.gitops.machine import Machine, git

EXAMPLE = Path(__file__).parents[2] / "examples" / "gitops"
KEY = "sk-of-the-owner"
CANARY = "canary-of-the-machine"
"""What lies in a variable of every hosted machine, and is nobody's to show."""


@dataclass
class Site:
    """`remote` is the repository, `clone` where its owner works. `service` are variables that lead to the emulated vendor.

    `lake` is the bucket of the state and of outputs. Each job has a machine of its own, which is thrown away.
    """

    root: Path
    forge: Forge
    lake: Lake
    service: Mapping[str, str]
    machines: list[Machine] = field(default_factory=list)

    @property
    def remote(self) -> Path:
        return self.root / "remote.git"

    @property
    def clone(self) -> Path:
        return self.root / "clone"

    @property
    def fork(self) -> Path:
        return self.root / "fork"

    def begin(self) -> None:
        """Copy the example into an empty repository, and do what its README says."""
        self.remote.mkdir(parents=True)
        git(self.remote, "init", "--quiet", "--bare")
        git(self.root, "clone", "--quiet", str(self.remote), "clone")
        shutil.copytree(EXAMPLE, self.clone, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        named(self.clone / "docbatch.yaml", self.lake)
        commands = re.findall(r"```sh\n(.*?)```", (EXAMPLE / "README.md").read_text(), re.DOTALL)
        for command in commands:
            subprocess.run(["bash", "-eu", "-c", command], cwd=self.clone, check=True)
        self.commit(self.clone, "main", {})

    def commit(self, folder: Path, branch: str, files: Mapping[str, str | bytes | None]) -> str:
        """Commit files, or their removal, to a branch that begins at main, and push it; return the commit."""
        if branch != "main":
            git(folder, "checkout", "--quiet", "-B", branch, "main")
        for name, content in files.items():
            path = folder / name
            if content is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return self.push(folder, branch)

    def push(self, folder: Path, branch: str) -> str:
        git(folder, "add", "--all", "--force", ".")
        git(folder, "commit", "--quiet", "--allow-empty", "--message", "work")
        git(folder, "push", "--quiet", "--force", "origin", f"HEAD:{branch}")
        return git(folder, "rev-parse", "HEAD")

    def forked(self) -> Path:
        """Have somebody fork the repository, and return where they work."""
        git(self.root, "clone", "--quiet", "--bare", str(self.remote), "fork.git")
        git(self.root, "clone", "--quiet", "fork.git", "fork")
        return self.fork

    def request(self, folder: Path, branch: str, owner: str = "acme") -> PullRequest:
        """Open a pull request for a branch that was pushed from a folder, or push it anew."""
        commit = git(folder, "rev-parse", "HEAD")
        files = git(folder, "diff", "--name-only", "-z", "origin/main...HEAD").split("\0")[:-1]
        head = f"{owner}:{branch}"
        for known in self.forge.requests.values():
            if known.head == head:
                known.commit, known.files = commit, files
                return known
        return self.forge.open(head, commit, files)

    def merged(self, request: PullRequest, folder: Path) -> str:
        """Return the commit that merging a pull request would make, in the remote; main stays as it is."""
        scratch = self.root / "merging"
        shutil.rmtree(scratch, ignore_errors=True)
        git(self.root, "clone", "--quiet", str(self.remote), "merging")
        git(scratch, "fetch", "--quiet", str(folder), request.commit)
        git(scratch, "merge", "--quiet", "--no-ff", "--message", "merge", "FETCH_HEAD")
        git(scratch, "push", "--quiet", "--force", "origin", f"HEAD:refs/pull/{request.number}/merge")
        return git(scratch, "rev-parse", "HEAD")

    def merge(self, request: PullRequest, folder: Path) -> str:
        """Merge a pull request into main, and return the commit."""
        commit = self.merged(request, folder)
        git(self.root / "merging", "push", "--quiet", "origin", "HEAD:main")
        git(self.clone, "checkout", "--quiet", "main")
        git(self.clone, "pull", "--quiet", "origin", "main")
        return commit

    def machine(self) -> Machine:
        """Return a new machine that nobody used before, as hosted runners are."""
        variables = {**self.service, "SECRET": CANARY}
        self.machines.append(Machine(self.root / f"hosted-{len(self.machines)}", variables))
        return self.machines[-1]

    def github(self, **options: Any) -> GitHubRunner:
        of_main = {"EXTEND_API_KEY": KEY, **WRITES}
        secrets = {"": READS, "docbatch": of_main, "docbatch-collect": of_main}
        return GitHubRunner(
            self.machine,
            self.root,
            self.forge.url,
            self.forge.grant,
            secrets=secrets,
            reviewed=("docbatch",),
            **options,
        )

    def workflow(self, runner: GitHubRunner, name: str, commit: str, **payload: Any) -> WorkflowRun:
        """Run a workflow as it stands in a commit."""
        text = git(self.remote, "show", f"{commit}:.github/workflows/{name}.yml")
        return runner.run(text, Event(self.remote, commit, payload))

    def reviewed(self, runner: GitHubRunner, request: PullRequest, folder: Path) -> WorkflowRun:
        """Plan a pull request and comment on it, as GitHub begins both; return the run that planned."""
        commit = self.merged(request, folder)
        owner, branch = request.head.split(":")
        told = {"number": request.number, "head": {"repo": {"owner": {"login": owner}}}}
        planned = self.workflow(runner, "plan", commit, pull_request=told)
        ended = {
            "event": "pull_request",
            "conclusion": "success" if planned.conclusions["plan"] == "success" else "failure",
            "id": planned.identity,
            "head_sha": request.commit,
            "head_branch": branch,
            "head_repository": {"owner": {"login": owner}},
        }
        main = git(self.remote, "rev-parse", "main")
        commented = self.workflow(runner, "comment", main, workflow_run=ended)
        assert commented.conclusions == {"comment": "success"}, commented.jobs["comment"].log
        return planned


def named(file: Path, lake: Lake) -> None:
    """Name the bucket, as whoever copies the example does."""
    bucket = lake.bucket
    text = file.read_text().replace(
        "bucket: acme-invoices", f"bucket: {bucket.name}\n    endpoint: {lake.endpoint}"
    )
    assert bucket.name in text
    file.write_text(text)


def paid(vendor: Emulator) -> list[str]:
    """Return the documents that were paid, each as often as it was."""
    return sorted(re.sub(r"^[a-z0-9]+-[0-9a-f]{20}-", "", each.name) for each in vendor.payments)


def comment_module() -> ModuleType:
    """Import the script that comments."""
    spec = importlib.util.spec_from_file_location("comment", EXAMPLE / "ci" / "comment.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
