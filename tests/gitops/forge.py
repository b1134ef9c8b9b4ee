"""What of the APIs of GitHub and GitLab our recipes ask: pull requests by their head, their files, and comments on them."""

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

BOT = "github-actions[bot]"
GITLAB_TOKEN = "glpat-of-the-bot"
_GITLAB_USER = 4


@dataclass
class PullRequest:
    """`head` is owner and branch, `files` what it changes."""

    number: int
    head: str
    commit: str
    files: list[str]


@dataclass
class Comment:
    id: int
    author: str
    body: str
    edits: int = 0


@dataclass
class Forge:
    """Pull requests and the comments on each, and what each token may do."""

    requests: dict[int, PullRequest] = field(default_factory=dict)
    comments: dict[int, list[Comment]] = field(default_factory=dict)
    rights: dict[str, Mapping[str, str]] = field(default_factory=dict)
    url: str = ""

    def open(self, head: str, commit: str, files: list[str]) -> PullRequest:
        number = len(self.requests) + 1
        self.requests[number] = PullRequest(number, head, commit, files)
        self.comments[number] = []
        return self.requests[number]

    def say(self, number: int, author: str, body: str) -> Comment:
        made = Comment(1000 + sum(map(len, self.comments.values())), author, body)
        self.comments[number].append(made)
        return made

    def grant(self, token: str, rights: Mapping[str, str]) -> None:
        self.rights[token] = rights

    def answer(self, method: str, address: str, headers: Mapping[str, str], body: Any) -> tuple[int, Any]:
        """Return status and content, as the forge would answer."""
        parts = urlsplit(address)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        if parts.path.startswith("/api/v4/"):
            if headers.get("private-token") != GITLAB_TOKEN:
                return 401, {}
            return self._gitlab(method, parts.path.removeprefix("/api/v4"), query, body)
        token = (headers.get("authorization") or "").removeprefix("Bearer ")
        rights = self.rights.get(token, {})
        if "pull-requests" not in rights or (method != "GET" and rights["pull-requests"] != "write"):
            return 403, {}
        return self._github(method, parts.path.removeprefix("/repos/acme/invoices"), query, body)

    def _github(self, method: str, path: str, query: Mapping[str, str], body: Any) -> tuple[int, Any]:
        if path == "/pulls":
            found = [each for each in self.requests.values() if each.head == query["head"]]
            return 200, [{"number": each.number, "head": {"sha": each.commit}} for each in found]
        if match := re.fullmatch(r"/pulls/(\d+)/files", path):
            return 200, _page([{"filename": name} for name in self.requests[int(match[1])].files], query)
        if match := re.fullmatch(r"/issues/comments/(\d+)", path):
            return self._edit(int(match[1]), BOT, body)
        match = re.fullmatch(r"/issues/(\d+)/comments", path)
        assert match is not None, path
        if method == "POST":
            return 201, {"id": self.say(int(match[1]), BOT, body["body"]).id}
        told = self.comments[int(match[1])]
        return 200, _page(
            [{"id": each.id, "user": {"login": each.author}, "body": each.body} for each in told], query
        )

    def _gitlab(self, method: str, path: str, query: Mapping[str, str], body: Any) -> tuple[int, Any]:
        if path == "/user":
            return 200, {"id": _GITLAB_USER}
        match = re.fullmatch(r"/projects/7/merge_requests/(\d+)/(diffs|notes)(?:/(\d+))?", path)
        assert match is not None, path
        number, told = int(match[1]), self.comments[int(match[1])]
        if match[2] == "diffs":
            files = self.requests[number].files
            return 200, _page([{"old_path": name, "new_path": name} for name in files], query)
        if match[3]:
            return self._edit(int(match[3]), "bot", body)
        if method == "POST":
            return 201, {"id": self.say(number, "bot", body["body"]).id}
        notes = [
            {"id": each.id, "author": {"id": _GITLAB_USER if each.author == "bot" else 9}, "body": each.body}
            for each in told
        ]
        return 200, _page(notes, query)

    def _edit(self, identity: int, author: str, body: Any) -> tuple[int, Any]:
        (comment,) = [each for told in self.comments.values() for each in told if each.id == identity]
        if comment.author != author:
            return 403, {}
        comment.body, comment.edits = body["body"], comment.edits + 1
        return 200, {"id": identity}


def _page(found: list[Any], query: Mapping[str, str]) -> list[Any]:
    size, page = int(query.get("per_page", "30")), int(query.get("page", "1"))
    return found[size * (page - 1) : size * page]


@contextmanager
def served(forge: Forge) -> Iterator[Forge]:
    """Serve the APIs on loopback, and give the address."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            body = json.loads(content) if content else None
            status, found = forge.answer(
                self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body
            )
            told = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        do_GET = do_POST = do_PUT = do_PATCH = _answer  # noqa: N815 - as the library calls them

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    forge.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield forge
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
