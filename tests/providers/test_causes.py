"""What a user sees while a vendor does not do what it is asked to, at the real command: on screen, at the end, and later."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.emulators.extractpage.service import ExtractPage
from docbatch.emulators.llamacloud.service import LlamaCloud
from docbatch.emulators.server import Emulator, Request, Response
from docbatch.engine.connections import backoff, hindrances
from docbatch.testing.matrix import TIMES
from tests.cli.project import Ended, Project
from tests.providers.extend.project import extend_project
from tests.providers.extractpage.project import project as extractpage_project
from tests.providers.llamacloud.project import project as llamacloud_project

PAGE = b"<!DOCTYPE html><html><body>Please log in</body></html>"
REDIRECT = Response(302, {"Location": "https://login.example.com/?next=token"})
HTML = Response(200, {"Content-Type": "text/html"}, PAGE)
BROKEN = Response.of({"error": "broken"}, 500)
TOO_MANY = Response.of({"error": "slow down"}, 429)
TEXTS = {f"{name}.txt": f"the text {name}" for name in ("a", "bad", "c", "d")}

Route = Callable[[Request], Response]
Make = Callable[[Path, Emulator], Project]


def extend(root: Path, vendor: Emulator) -> Project:
    documents = {f"in/{name}": text for name, text in TEXTS.items()}
    assert isinstance(vendor, ExtendEmulator)
    return extend_project(root, vendor, documents=documents)


def llamacloud(root: Path, vendor: Emulator) -> Project:
    assert isinstance(vendor, LlamaCloud)
    return llamacloud_project(root, vendor, TEXTS, recovery="{grace: 0.1}")


def extractpage(root: Path, vendor: Emulator) -> Project:
    assert isinstance(vendor, ExtractPage)
    return extractpage_project(root, vendor, TEXTS)


VENDORS: dict[str, tuple[Callable[[], Emulator], Make]] = {
    "extend": (ExtendEmulator, extend),
    "llamacloud": (LlamaCloud, llamacloud),
    "extractpage": (ExtractPage, extractpage),
}


def is_upload(request: Request) -> bool:
    ends = ("/files/upload", "/v1/files")
    return request.method == "POST" and request.path.endswith(ends)


def is_create(request: Request) -> bool:
    return request.method == "POST" and request.path.endswith(("/batch", "/batches"))


def answering(vendor: Emulator, answer: Response, wanted: Callable[[Request], bool]) -> None:
    """Let a vendor answer like this to some requests."""
    route: Route = vendor.route
    vendor.route = lambda request: answer if wanted(request) else route(request)  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "FIRST_PAUSE", 0.02)
    monkeypatch.setattr(hindrances, "SOON", 0.05)


@pytest.fixture
def closing() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def hindered(
    make: Callable[[Path], Project], folder: Path, text: str, *arguments: str
) -> tuple[Project, Ended]:
    """Run a project until its time is up; where a busy machine needed all of that to come to the text, a new one for longer."""
    for time in TIMES:
        project = make(folder / time)
        ended = project.call("apply", "--yes", "--timeout", time, *arguments)
        if text in ended.out + ended.err:
            return project, ended
    raise AssertionError(f"it is not told within {TIMES[-1]}: {ended}")


CAUSES = {
    "a redirect": (
        REDIRECT,
        lambda _request: True,
        "answered 302, a redirect to login.example.com, which is not followed",
    ),
    "a page": (HTML, lambda _request: True, "answered 200 with an HTML page"),
    "500 to all uploads": (BROKEN, is_upload, "upload answered 500"),
    "429 to every create": (TOO_MANY, is_create, "create answered 429"),
}


@pytest.mark.parametrize("name", VENDORS)
@pytest.mark.parametrize("cause", CAUSES)
def test_the_cause_is_on_screen_in_the_last_lines_and_in_the_status(
    tmp_path: Path, closing: ExitStack, name: str, cause: str
) -> None:
    open_, make = VENDORS[name]
    answer, wanted, text = CAUSES[cause]
    vendor = closing.enter_context(open_())
    answering(vendor, answer, wanted)

    project, ended = hindered(lambda root: make(root, vendor), tmp_path, text)

    assert ended.code == 4
    assert ended.err.count(f"{name}: ") >= 1
    assert [line.count(text) for line in ended.err.splitlines() if text in line] == [1]
    assert text in ended.out
    assert "token" not in ended.out + ended.err
    assert text in project.call("status").out
    assert text in project.call("explain", "in/a.txt").out
    lines = [json.loads(line) for line in project.call("status", "--json").out.splitlines()]
    (kept,) = (line for line in lines if line["type"] == "hindrance")
    assert (kept["connection"], kept["next"]) == (name, None)
    assert vendor.ledger == []


def test_a_vendor_that_refuses_connections(tmp_path: Path, closing: ExitStack) -> None:
    with ExtendEmulator() as vendor:
        host = vendor.url.removeprefix("http://")

    project, ended = hindered(
        lambda root: extend(root, vendor), tmp_path, f"connection refused ({host})", "--json"
    )

    told = [line for line in ended.lines if line["type"] == "hindered"]
    assert [(line["call"], line["cause"]) for line in told] == [("", f"connection refused ({host})")]
    (last,) = (line for line in ended.lines if line["type"] == "outcome")
    assert [each["cause"] for each in last["hindrances"]] == [f"connection refused ({host})"]
    assert f"extend: connection refused ({host})" in project.call("status").out


@pytest.mark.parametrize("name", VENDORS)
def test_one_bad_upload_fails_alone_and_the_others_are_done(
    tmp_path: Path, closing: ExitStack, name: str
) -> None:
    open_, make = VENDORS[name]
    vendor = closing.enter_context(open_())
    answering(vendor, BROKEN, lambda request: is_upload(request) and b"bad.txt" in request.body)
    project = make(tmp_path / name, vendor)

    ended = project.call("apply", "--yes")

    assert ended.code == 3, ended.out + ended.err
    assert "bad.txt: vendor_error: 500 to each of 5 tries" in ended.out
    assert "goes well again" not in ended.err
    assert sorted(path for path in project.outputs() if path.endswith(".md")) == [
        "a.txt.md",
        "c.txt.md",
        "d.txt.md",
    ]
    assert len(vendor.ledger) == len(set(vendor.ledger)) == 3
    assert vendor.errors == []


def test_of_a_lone_upload_that_fails_nobody_can_tell_whose_fault_it_is_which_explain_says(
    tmp_path: Path, closing: ExitStack
) -> None:
    vendor = closing.enter_context(ExtendEmulator())
    answering(vendor, BROKEN, is_upload)
    made = partial(extend_project, vendor=vendor, documents={"in/bad.txt": "bad"})

    project, ended = hindered(made, tmp_path, "upload answered 500")

    assert ended.code == 4
    told = project.call("explain", "in/bad.txt").out
    assert "and no other went well since that would show whether it is this document's fault" in told


def test_an_upload_that_landed_and_was_answered_500_is_not_paid_twice_nor_beside_the_others(
    tmp_path: Path, closing: ExitStack
) -> None:
    vendor = closing.enter_context(LlamaCloud())
    route = vendor.route

    def landing(request: Request) -> Response:
        answer = route(request)
        return BROKEN if is_upload(request) and b"c.txt" in request.body else answer

    vendor.route = landing  # type: ignore[method-assign]
    project = llamacloud_project(tmp_path, vendor, recovery="{grace: 0.1}")

    ended = project.call("apply", "--yes")

    assert ended.code == 0, ended.out + ended.err
    assert len(vendor.ledger) == len(set(vendor.ledger)) == 5
