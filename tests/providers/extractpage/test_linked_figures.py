"""Pictures that a result only links to: fetched with it, once, from where they may be, and kept with it."""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest

from docbatch.core.errors import Gone, Unavailable
from docbatch.core.results import offered_pictures, offered_warnings
from docbatch.emulators.extractpage.service import KEY, ExtractPage
from docbatch.providers import linked_pictures
from docbatch.providers.extractpage.answer import pack, read
from docbatch.providers.extractpage.locator import Locator
from docbatch.providers.extractpage.pictures.linked_figures import fetched
from docbatch.providers.http.presigned import PresignedClient
from tests.sinks.links import shown

from .project import JOB, project

BASE = "https://api.extract.page"
STORED = "https://bucket.s3.eu-central-1.amazonaws.com/a.png?X-Amz-Signature=5ec2e7"
PNG = b"\x89PNG\r\n\x1a\n"
ENCODED = base64.b64encode(PNG).decode()
AT = Locator("b", "i", 1, None, None)


class Storage:
    """Answers as the client without a key does, and notes what it is asked for."""

    def __init__(self, answer: Callable[[str], bytes] = lambda _url: PNG) -> None:
        self.asked: list[str] = []
        self.limits: list[int] = []
        self.is_closed = False
        self._answer = answer

    def get(self, url: str, *, limit: int, hops: int) -> bytes:
        assert hops == 0
        self.asked.append(url)
        self.limits.append(limit)
        return self._answer(url)


def answer(*links: object, **more: object) -> bytes:
    figures = [{"chunk_type": "image", "page_no": 1, "image_url": link, **more} for link in links]
    return json.dumps({"chunks": [{"chunk_type": "text", "page_content": "a"}, *figures]}).encode()


def had(storage: Storage, content: bytes, base: str = BASE) -> dict[str, str] | None:
    return fetched(cast("PresignedClient", storage), base, content)


def test_a_picture_is_kept_by_the_number_of_its_chunk() -> None:
    storage = Storage()

    assert had(storage, answer(STORED, f"{BASE}/figures/1")) == {"1": ENCODED, "2": ENCODED}
    assert storage.asked == [STORED, f"{BASE}/figures/1"]


@pytest.mark.parametrize(
    "content", [answer(), answer(None), answer(7), answer(""), answer(STORED, image_b64=ENCODED)]
)
def test_nothing_is_asked_for_where_nothing_is_linked(content: bytes) -> None:
    storage = Storage()

    assert had(storage, content) is None
    assert storage.asked == []


@pytest.mark.parametrize(
    "link",
    [
        "https://x.org/a.png",
        "https://extract.page.x.org/a.png",
        "https://notextract.page/a.png",
        "https://amazonaws.com.x.org/a.png",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "//x.org/a.png",
        "https://[",
    ],
)
def test_only_the_service_s_own_hosts_and_cloud_storage_are_asked(link: str) -> None:
    storage = Storage()

    assert had(storage, answer(link)) == {}
    assert storage.asked == []


@pytest.mark.parametrize(
    "link", ["/figures/1", "https://files.extract.page/1", "https://STORAGE.googleapis.com/b/1"]
)
def test_these_are_asked(link: str) -> None:
    assert had(Storage(), answer(link)) == {"1": ENCODED}


def test_a_link_that_has_expired_and_trouble_keep_nothing_else_from_being_had() -> None:
    def answered(url: str) -> bytes:
        if url.endswith("/gone"):
            raise Gone("no more")
        if url.endswith("/late"):
            raise Unavailable("503")
        return PNG

    storage = Storage(answered)

    assert had(storage, answer("/gone", "/late", "/there")) == {"3": ENCODED}
    assert [url.rpartition("/")[2] for url in storage.asked] == ["gone", "late", "late", "there"]


def test_after_some_that_cannot_be_had_no_more_are_asked_for() -> None:
    def answered(_url: str) -> bytes:
        raise Gone("no more")

    storage = Storage(answered)

    assert had(storage, answer(*["/gone"] * 9)) == {}
    assert len(storage.asked) == linked_pictures.GIVING_UP


def test_links_that_are_not_followed_keep_no_other_from_being() -> None:
    assert had(Storage(), answer(*["https://x.org/a"] * 9, "/there")) == {"10": ENCODED}


def test_what_is_fetched_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linked_pictures, "MOST_BYTES", 12)
    monkeypatch.setattr(linked_pictures, "MOST_OF_ALL", 20)
    monkeypatch.setattr(linked_pictures, "MOST_PICTURES", 3)
    storage = Storage()

    had(storage, answer(*["/a"] * 9))

    assert storage.limits == [12, 12, 4]


def test_pictures_that_come_slowly_do_not_keep_a_result_waiting_for_ever() -> None:
    now = 0.0

    def answered(_url: str) -> bytes:
        nonlocal now
        now += linked_pictures.MOST_SECONDS / 2
        if now > linked_pictures.MOST_SECONDS:
            raise Unavailable("it went on too slowly")
        return PNG

    storage = Storage(answered)
    links = [(str(number), "/slow") for number in range(9)]

    found = linked_pictures.fetched(cast("PresignedClient", storage), BASE, (), links, clock=lambda: now)
    assert (len(found), len(storage.asked)) == (2, 2)
    now = 1.0
    found = linked_pictures.fetched(cast("PresignedClient", storage), BASE, (), links, clock=lambda: now)
    assert (len(found), len(storage.asked)) == (1, 4)


def test_a_client_that_is_closed_leaves_the_result_to_the_next_run() -> None:
    def answered(_url: str) -> bytes:
        storage.is_closed = True
        raise Unavailable("the connection was closed")

    storage = Storage(answered)

    with pytest.raises(Unavailable):
        had(storage, answer("/a"))


def test_an_answer_that_is_none_is_left_to_who_reads_it() -> None:
    assert had(Storage(), b'{"image_url": "x"') is None
    assert had(Storage(), b'["image_url"]') is None
    assert had(Storage(), b'{"chunks": ["image_url", 1]}') is None


def test_what_was_fetched_is_offered_and_what_is_missing_told() -> None:
    content = answer("a", "b", "c", "d")
    kept = read(
        pack(AT, content, {"1": ENCODED, "2": base64.b64encode(b"<svg>").decode(), "3": "no base64!"})
    )

    assert [(each.place, each.content) for each in offered_pictures(kept)] == [(0, PNG)]
    (told,) = offered_warnings(kept)
    assert told.startswith("pictures: 3 pictures that the service links to could not be fetched")
    assert kept.is_partial is False


def test_nothing_is_said_of_results_that_were_kept_before_or_of_pictures_in_them() -> None:
    assert offered_warnings(read(pack(AT, answer("a")))) == ()
    assert offered_warnings(read(pack(AT, answer("a", image_b64=ENCODED), {}))) == ()


@pytest.fixture
def vendor() -> Iterator[ExtractPage]:
    with ExtractPage(links_pictures=True) as vendor:
        yield vendor


def test_linked_pictures_lie_beside_outputs_and_are_asked_for_once(
    tmp_path: Path, vendor: ExtractPage
) -> None:
    vendor.linked_picture = PNG
    made = project(tmp_path, vendor, {"a.txt": "apple"}, job=JOB)
    made.applied("--yes")

    output = tmp_path / "out/a.txt.md"
    assert shown(output) == [PNG]
    asked = [each for each in vendor.requests if "/images/" in each.path]
    assert len(asked) == 1
    assert not any(KEY in str(each.headers) for each in asked)
    vendor.blobs.clear()
    output.unlink()
    made.applied()
    assert shown(output) == [PNG]
    assert len([each for each in vendor.requests if "/images/" in each.path]) == 1


def test_a_picture_that_is_gone_is_a_warning_and_leaves_no_link(tmp_path: Path, vendor: ExtractPage) -> None:
    made = project(tmp_path, vendor, {"a.txt": "apple"}, job=JOB)

    ended = made.call("apply", "--yes")

    assert ended.code == 0
    assert "pictures: 1 picture that the service links to could not be fetched" in ended.err + ended.out
    assert (tmp_path / "out/a.txt.md").read_text() == "apple\n"
    assert list((tmp_path / "out").iterdir()) == [tmp_path / "out/a.txt.md"]
