"""A web site on loopback: pages with their validators, and what else is found on the web."""

from collections.abc import Callable
from dataclasses import dataclass, field

from docbatch.emulators.server import Emulator, Request, Response

Page = Callable[[Request], Response]


@dataclass(frozen=True)
class Document:
    """A page that can be asked for again without being sent again."""

    content: bytes
    etag: str | None = None
    modified: str | None = None
    heads: bool = True

    def __call__(self, request: Request) -> Response:
        if request.method == "HEAD" and not self.heads:
            return Response(405)
        said = {"ETag": self.etag, "Last-Modified": self.modified}
        headers = {name: value for name, value in said.items() if value is not None}
        asked = {request.headers.get("if-none-match"), request.headers.get("if-modified-since")}
        if {self.etag, self.modified} & asked - {None}:
            return Response(304, headers)
        return Response(200, headers, self.content)


@dataclass
class Site(Emulator):
    """`pages` are found by path and query."""

    pages: dict[str, Page] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()

    def put(self, path: str, content: str, etag: str | None = None, *, heads: bool = True) -> str:
        """Put a document there and return its link."""
        self.pages[path] = Document(content.encode(), etag, heads=heads)
        return self.url + path

    def route(self, request: Request) -> Response:
        page = self.pages.get(request.path + (f"?{request.query}" if request.query else ""))
        return Response(404) if page is None else page(request)

    def asked(self) -> list[str]:
        """Return what was asked for since the last time, and forget it."""
        asked = [f"{request.method} {request.path}" for request in self.requests]
        self.requests.clear()
        return sorted(asked)


def redirect(to: str) -> Page:
    return lambda _request: Response(302, {"Location": to})
