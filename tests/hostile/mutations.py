"""Answers of the emulated vendors, changed on their way: bytes, types, lengths, nesting, encodings, keys, headers, cuts.

What says that there is nothing where there is something is left alone: a definite no instead of a yes to a create, and a row
that is hidden or bears another's name. That is another matter than an answer that cannot be read.
"""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from docbatch.emulators.server import Emulator, Request, Response

SIGNED = "https://bucket.s3.amazonaws.com/x.pdf?X-Amz-Signature=5ec2e75ec2e75ec2e7&X-Amz-Expires=900"
HOSTILE = "\ud83d cut \x00\x1b[31mred\n::error::mine\r##[group]\u2028\u202e\u200b\u061c\ufeff"
NAMING = frozenset(
    [
        "metadata",
        "unique_id",
        "source_directory_id",
        "source_directory_file_id",
        "directory_id",
        "name",
        "filename",
        "fileName",
        "file_name",
        "display_name",
        "deleted_at",
        "customer_id",
        "organization_id",
        "project_id",
        "nextPageToken",
        "next_page_token",
        "next_cursor",
        "results",
        "total_items",
        "counts",
        "output",
        "markdown",
        "text",
        "items",
        "chunks",
    ]
)
"""Keys whose values say whose something is, that there is more of it, or what a document says: they stay as they are."""
CREATES = ("/batch", "/batches", "/async")
TOO_MANY = 429
"""What a vendor that says so has not begun: of a create it is a definite no."""
YES = (200, 201, 202, 204, 206, 299)
LATER = (301, 302, 307, 408, 425, 429, 500, 502, 503, 504, 599)

Change = Callable[[random.Random, Response], Response]


@dataclass
class Mutations:
    """Changes answers of an emulator from now on: each with a chance, so many at most. `key` is what they may repeat.

    What befalls an answer is drawn by the seed and its number; which request is which, threads decide.
    """

    emulator: Emulator
    seed: int
    key: str
    most: int = 50
    chance: float = 0.6
    made: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        receive, numbers = self.emulator.receive, count()

        def changed(request: Request) -> tuple[Response | None, str]:
            response, fault = receive(request)
            dice = random.Random(f"{self.seed} {next(numbers)}")
            if response is None or fault or len(self.made) >= self.most or dice.random() > self.chance:
                return response, fault
            return self._changed(dice, request, response)

        self.emulator.receive = changed  # type: ignore[method-assign]

    def _changed(self, dice: random.Random, request: Request, response: Response) -> tuple[Response, str]:
        if dice.random() < 0.08 and response.body:
            self.made.append(f"{request.method} {request.path}: cut")
            return response, "truncated"
        change = dice.choice((*_CHANGES, self._within, self._within, self._within))
        self.made.append(f"{request.method} {request.path}: {change.__name__}")
        changed = change(dice, response)
        if changed.status == TOO_MANY and request.method == "POST" and request.path.endswith(CREATES):
            changed = replace(changed, status=503)
        # Who is told of more than there is would wait for it.
        endless = {"Content-Length", "Transfer-Encoding"} & changed.headers.keys()
        return changed, "truncated" if endless else ""

    def _within(self, dice: random.Random, response: Response) -> Response:
        """Change one value, or the key of one, somewhere in an answer."""
        try:
            value = json.loads(response.body)
        except ValueError:
            return response
        places = list(_places(value))
        if not places:
            return response
        for inner, name in dice.sample(places, min(len(places), dice.choice((1, 1, 2, 5)))):
            if name in inner:
                self._change(dice, inner, name)
        body = json.dumps(value).encode()
        return replace(response, body=_doubled(dice, body) if dice.random() < 0.1 else body)

    def _change(self, dice: random.Random, inner: dict[str, Any], name: str) -> None:
        if dice.random() < 0.15:
            del inner[name]
            return
        strange: tuple[Any, ...] = (None, True, 0, -1, 1e308, float("inf"), float("nan"), 10**400 if dice.random() < 0.1 else 10**30, "",
                   "x" * 5000, [], {}, [[]], [None, {}], {"id": {}}, _nested(dice.choice((3, 150, 400, 3000))), HOSTILE,
                   "\udcff", f"key {self.key}", self.key, SIGNED, "9" * 5000, "2999-01-01T00:00:00Z", "-1-1-1")  # fmt: skip
        inner[name] = dice.choice(strange)


def _places(value: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield objects and the names in them whose values may be anything else."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in NAMING and not _has_rows(inner):
                yield value, name
            if name not in NAMING or isinstance(inner, list):
                yield from _places(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _places(inner)


def _has_rows(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(each, dict) for each in value)


def _nested(depth: int) -> Any:
    value: Any = []
    for _ in range(min(depth, 400)):
        value = [value]
    return value


def _doubled(dice: random.Random, body: bytes) -> bytes:
    """Say something twice."""
    return body.replace(
        b'"status":', b'"status": ' + dice.choice((b"0", b"null", b'"\\ud83d"')) + b', "status":', 1
    )


def a_byte(dice: random.Random, response: Response) -> Response:
    body = bytearray(response.body or b"x")
    for _ in range(dice.choice((1, 3, 50))):
        body[dice.randrange(len(body))] = dice.choice(b"\x80\xff\xed\xc0\x00\x01")
    return replace(response, body=bytes(body))


def a_mark(dice: random.Random, response: Response) -> Response:
    places = [at for at, letter in enumerate(response.body) if letter in b'{}[]:"']
    if not places:
        return response
    at = dice.choice(places)
    return replace(
        response,
        body=response.body[:at] + dice.choice((b"", b"[", b"}", b"\\", b"\n")) + response.body[at + 1 :],
    )


def another_encoding(dice: random.Random, response: Response) -> Response:
    text = response.body.decode(errors="replace")
    return replace(
        response,
        body=text.encode(dice.choice(("utf-16", "utf-32", "utf-8-sig", "utf-7", "cp037")), "replace"),
    )


def another_body(dice: random.Random, response: Response) -> Response:
    bodies = (b"", b"null", b"{}" + b"x", b'"\\ud83d"', b"[" * 100_000, b'{"a":' * 50_000, b"[" + b"{}," * 100_000 + b"{}]", b"0",
              b"\xff" * 1000, b"NaN", b"-Infinity", b"1e999", b"<html><body>\x1b[2J::error::</body></html>", b"9" * 5000, b"[]")  # fmt: skip
    return replace(response, body=dice.choice(bodies))


def a_cut(dice: random.Random, response: Response) -> Response:
    return replace(response, body=response.body[: dice.randrange(len(response.body) + 1) // 2])


def a_tail(dice: random.Random, response: Response) -> Response:
    return replace(
        response,
        body=response.body + dice.choice((b"\x00", b"}", b",{}", b"\n::error::x\n", response.body or b"x")),
    )


def a_status(dice: random.Random, response: Response) -> Response:
    if response.status in YES and dice.random() < 0.3:
        return replace(response, status=dice.choice(YES))
    return replace(response, status=dice.choice(LATER))


def a_header(dice: random.Random, response: Response) -> Response:
    name, text = dice.choice(
        (
            ("Retry-After", "5"), ("Retry-After", "\xff"), ("Retry-After", "9" * 400), ("Retry-After", "-5"), ("Retry-After", "nan"),
            ("Date", "yesterday"), ("Date", "\xff\xfe"), ("Date", "Mon, 99 Foo 99999 25:61:61 GMT"), ("Date", ""),
            ("Content-Type", "\xed\xa0\xbd"), ("Content-Type", "text/html; charset=utf-7"), ("Content-Encoding", "gzip"),
            ("Content-Encoding", "br"), ("Content-Encoding", "\x1b[31m"), ("Content-Length", "-5"), ("Content-Length", "1"),
            ("Content-Length", "9" * 30), ("Content-Length", "x"), ("Transfer-Encoding", "chunked"), ("X-Long", "x" * 120_000),
            ("Location", "http://[::1"), ("Location", "\xff://\x00"), ("Location", "https://127.0.0.1:1/x"), ("Set-Cookie", "a=\xff"),
            ("x-extend-request-id", "\xed\xa0\xbd::error::"), ("Connection", "upgrade"), ("X Bad", "y"), ("", ""),
        )
    )  # fmt: skip
    status = (
        dice.choice((response.status, response.status, 429, 503, 302))
        if name in {"Retry-After", "Location"}
        else response.status
    )
    return replace(response, status=status, headers={**response.headers, name: text})


_CHANGES: tuple[Change, ...] = (
    a_byte, a_mark, another_encoding, another_body, a_cut, a_tail, a_status, a_header, a_header,
)  # fmt: skip
