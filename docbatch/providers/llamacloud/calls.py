"""The service's calls: paths, pages, and what a status means. Answers are checked for their outer form only."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from docbatch.core.errors import Gone, Refused, Unavailable
from docbatch.jsontext import parse
from docbatch.providers.http import identities
from docbatch.providers.http.keyed import KeyedClient, Reply

DIRECTORIES = "/api/v1/beta/directories"
CONFIGURATIONS = "/api/v1/beta/configurations"
BATCHES = "/api/v2/batches"
VERSIONS = "/api/v2/parse/versions"
JOBS: Mapping[str, str] = {"parse_v2": "/api/v2/parse", "extract_v2": "/api/v2/extract"}

PAGE = 100
MOST_PAGES = 10_000

Json = dict[str, Any]
Params = Sequence[tuple[str, str]]


def under(path: str, *names: str) -> str:
    """Return the path of something below another; ids are opaque text of a stranger."""
    return "/".join((path, *(quote(name, safe="") for name in names)))


def identity(found: object) -> str:
    """Return the id of an object the service described. Raises Unavailable."""
    value = identities.identity(found.get("id")) if isinstance(found, dict) else None
    if value is None:
        raise Unavailable("LlamaCloud described something without an id")
    return value


def detail(reply: Reply) -> str:
    """Return what the service says about a refusal; it writes text, an object or a list of problems."""
    try:
        found = parse(reply.body)
    except (ValueError, RecursionError):
        return reply.excerpt
    if not isinstance(found, dict) or "detail" not in found:
        return reply.excerpt
    said = found["detail"]
    if isinstance(said, list):
        return "; ".join(_problem(each) for each in said) or reply.excerpt
    return said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)


def _problem(each: Any) -> str:
    if not isinstance(each, dict):
        return str(each)
    steps = each.get("loc")
    place = ".".join(map(str, steps)) if isinstance(steps, list) else ""
    return f"{place}: {each.get('msg')}" if place else str(each.get("msg"))


class Api:
    """`project` is the id of a project as the user configured it; without one the key's own applies."""

    def __init__(self, client: KeyedClient, project: str | None) -> None:
        self.client = client
        self._scope: Params = [("project_id", project)] if project else []

    @property
    def scope(self) -> Params:
        return self._scope

    def get(self, path: str, params: Params = ()) -> Json:
        """Raises Unavailable, Gone, Refused, CredentialsError, like all calls here."""
        return _object(self.reply("GET", path, params), "GET", path)

    def post(self, path: str, body: object = None, params: Params = ()) -> Json:
        return _object(self.reply("POST", path, params, body), "POST", path)

    def delete(self, path: str) -> None:
        self.reply("DELETE", path)

    def reply(self, method: str, path: str, params: Params = (), body: object = None) -> Reply:
        return accepted(self.answer(method, path, params, body), method, path)

    def answer(self, method: str, path: str, params: Params = (), body: object = None) -> Reply:
        """Return the answer, a refusal too. Raises Unavailable, CredentialsError."""
        return self.client.ask(method, path, params=[*params, *self._scope], json=body)

    def upload(self, path: str, body: Iterable[bytes], headers: Mapping[str, str]) -> Reply:
        """Send a form and return the answer, a refusal too. Raises Unavailable, CredentialsError."""
        return self.client.ask("POST", path, params=self._scope, content=body, headers=headers)

    def every(self, path: str, params: Params = ()) -> Iterator[Json]:
        """Yield what all pages of a list hold."""
        seen: set[str] = set()
        token = ""
        for _ in range(MOST_PAGES):
            asked = [*params, ("page_size", str(PAGE)), *([("page_token", token)] if token else [])]
            page = self.get(path, asked)
            items = page.get("items")
            if not isinstance(items, list):
                raise Unavailable(f"a page of {path} has no items")
            yield from (item for item in items if isinstance(item, dict))
            token = str(page.get("next_page_token") or "")
            if not items or not token:
                return
            if token in seen:
                raise Unavailable(f"the pages of {path} go round in a circle")
            seen.add(token)
        raise Unavailable(f"{path} has more than {MOST_PAGES:,} pages")


def accepted(reply: Reply, method: str, path: str) -> Reply:
    if 200 <= reply.status < 300:
        return reply
    said = f"LlamaCloud answered {method} {path} with status {reply.status}: {detail(reply)}"
    if reply.status in (404, 410):
        raise Gone(said)
    raise Refused(said, code=str(reply.status))


def _object(reply: Reply, method: str, path: str) -> Json:
    found = reply.json()
    if not isinstance(found, dict):
        raise Unavailable(
            f"LlamaCloud answered {method} {path} with something else than an object: {reply.excerpt}",
            cause=reply.cause,
        )
    return found
