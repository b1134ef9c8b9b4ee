"""Keep one comment on a pull request or merge request that shows the newest plan.

    python3 ci/comment.py plan.md

GitHub: GITHUB_TOKEN, GITHUB_API_URL, GITHUB_REPOSITORY, HEAD (`owner:branch`) and HEAD_SHA of what was planned.
GitLab: COMMENT_TOKEN, CI_API_V4_URL, CI_PROJECT_ID and CI_MERGE_REQUEST_IID.

The plan was made by a job that anybody can change who opens a pull request. So it is text here and nothing else, the number
of the pull request is asked for and not taken from there, and where the pull request changes how plans are made, its plan
is not shown.
"""

import json
import os
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MARK = "<!-- docbatch plan -->"
MOST = 60_000
OURS = (".github/", ".gitlab-ci.yml", "ci/")
NOT_SHOWN = """### docbatch: no plan is shown

This pull request changes how plans are made (`{}`), so what it says of itself is not repeated here. Review that first.
"""


class Forge:
    """What asks an API: `api` is what all paths begin with."""

    def __init__(self, api: str, headers: dict[str, str]) -> None:
        self.api = api
        self.headers = {"Content-Type": "application/json", **headers}

    def ask(self, path: str, method: str = "GET", **values: str) -> Any:
        content = json.dumps(values).encode() if values else None
        request = urllib.request.Request(self.api + path, content, self.headers, method=method)  # noqa: S310 - the CI says where
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
            return json.load(answer)

    def all(self, path: str) -> Iterator[Any]:
        for page in range(1, 101):
            found = self.ask(f"{path}?per_page=100&page={page}")
            yield from found
            if len(found) < 100:
                return


class GitHub:
    def __init__(self) -> None:
        self.forge = Forge(
            f"{os.environ['GITHUB_API_URL']}/repos/{os.environ['GITHUB_REPOSITORY']}",
            {"Authorization": f"Bearer {os.environ['GITHUB_TOKEN']}"},
        )
        head, commit = urllib.parse.quote(os.environ["HEAD"], safe=":"), os.environ["HEAD_SHA"]
        opened = self.forge.ask(f"/pulls?state=open&head={head}")
        numbers = [each["number"] for each in opened if each["head"]["sha"] == commit]
        if not numbers:
            sys.exit("no open pull request has this commit at its head: it was closed, or has newer ones")
        self.number = numbers[0]

    def changed(self) -> Iterator[str]:
        count = 0
        for file in self.forge.all(f"/pulls/{self.number}/files"):
            count += 1
            yield file["filename"]
            yield file.get("previous_filename") or ""
        if count >= 3000:
            # GitHub lists no more, and what is not listed may be anything.
            yield OURS[0]

    def keep(self, body: str) -> None:
        for comment in self.forge.all(f"/issues/{self.number}/comments"):
            if comment["user"]["login"] == "github-actions[bot]" and is_ours(comment["body"]):
                self.forge.ask(f"/issues/comments/{comment['id']}", "PATCH", body=body)
                return
        self.forge.ask(f"/issues/{self.number}/comments", "POST", body=body)


class GitLab:
    def __init__(self) -> None:
        self.forge = Forge(os.environ["CI_API_V4_URL"], {"PRIVATE-TOKEN": os.environ["COMMENT_TOKEN"]})
        project, number = os.environ["CI_PROJECT_ID"], os.environ["CI_MERGE_REQUEST_IID"]
        self.request = f"/projects/{project}/merge_requests/{number}"

    def changed(self) -> Iterator[str]:
        for file in self.forge.all(f"{self.request}/diffs"):
            yield file["new_path"]
            yield file["old_path"]

    def keep(self, body: str) -> None:
        own = self.forge.ask("/user")["id"]
        for note in self.forge.all(f"{self.request}/notes"):
            if note["author"]["id"] == own and is_ours(note["body"]):
                self.forge.ask(f"{self.request}/notes/{note['id']}", "PUT", body=body)
                return
        self.forge.ask(f"{self.request}/notes", "POST", body=body)


def is_ours(text: str) -> bool:
    return text.rstrip().endswith(MARK)


def plan(path: Path) -> str:
    # No link is followed: the file comes from others.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
        text = file.read(4 * MOST).decode("utf-8", "replace")
    return text if len(text) <= MOST else f"{text[:MOST]}\n\n(cut here)\n"


def main(path: str) -> None:
    forge = GitLab() if os.environ.get("CI_MERGE_REQUEST_IID") else GitHub()
    own = (each for name in forge.changed() for each in OURS if name.startswith(each))
    changed = next(own, None)
    text = plan(Path(path)) if changed is None else NOT_SHOWN.format(changed)
    forge.keep(f"{text}\n{MARK}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
