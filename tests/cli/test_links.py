"""Documents that a spec lists: links that docbatch fetches or the vendor, ids of files at the vendor, and texts."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.emulators.server import Response
from docbatch.testing.crash import killing
from tests.cli.project import Project
from tests.cli.site import Document, Site, redirect
from tests.providers.extend.project import KEY

JOB = """
apiVersion: docbatch/v1
name: job
source: {source}
provider: {provider}
sink:
  - type: files
    path: "{path}"
    format: markdown
"""
VENDOR = """
project: {{id: testproject01}}
providers:
  extend:
    base_url: {url}
    api_key: {{file: key}}
    poll: {{initial: 0.02, max: 0.1}}
    rates: {{requests_per_second: 2000}}
"""
SIGNED = "?X-Amz-Expires=60&X-Amz-Signature=planted"


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as made:
        yield made
        assert made.errors == []


@pytest.fixture
def vendor() -> Iterator[ExtendEmulator]:
    with ExtendEmulator() as made:
        yield made
        assert made.errors == []


def listing(
    project: Project, source: str, provider: str = "local", path: str = "out/{{ doc.name }}.md"
) -> None:
    """Write the job of a source; without a vendor's name it is local."""
    project.job(JOB.format(source=source, provider=provider, path=path))


def links(*urls: str) -> str:
    return "{urls: [" + ", ".join(f"'{url}'" for url in urls) + "], allow_private: true}"


def at_extend(project: Project, vendor: ExtendEmulator, source: str) -> None:
    project.write({"docbatch.yaml": VENDOR.format(url=vendor.url), "key": KEY})
    listing(project, source, "extend")


def written(project: Project) -> bytes:
    """Return everything that lies in the project, but for the files a user wrote."""
    files = [path for folder in (".docbatch", "out") for path in (project.root / folder).rglob("*")]
    return b"\n".join(path.read_bytes() for path in files if path.is_file())


def test_a_second_apply_of_unchanged_links_moves_no_body_and_sends_nothing(
    project: Project, site: Site
) -> None:
    listing(project, links(site.put("/a.txt", "apple", '"1"'), site.put("/b.txt", "berry", '"2"')))

    first, again = project.applied(), site.asked()
    second = project.applied()

    assert (first.processed, second.processed) == (2, 0)
    assert again == site.asked() == ["GET /a.txt", "GET /b.txt"]
    assert project.outputs() == {"a.txt.md": b"apple\n", "b.txt.md": b"berry\n"}


def test_a_plan_asks_nobody_and_says_what_nobody_has_looked_at(project: Project, site: Site) -> None:
    link = site.put("/a.txt", "apple")
    listing(project, links(link))

    before = project.call("plan", "--detailed-exitcode")
    project.applied()
    asked = site.asked()
    listing(project, links(link, site.put("/b.txt", "berry")))
    after = project.call("plan", "--detailed-exitcode")

    assert (before.code, after.code) == (2, 2)
    assert "What will be sent is known once apply has looked at 1 link." in before.out
    assert "1 not looked at yet" in after.out
    assert "1 unchanged and delivered" in after.out
    assert asked == ["GET /a.txt"]
    assert site.asked() == []


def test_looking_without_sending_makes_a_plan_exact(project: Project, site: Site) -> None:
    listing(project, links(site.put("/a.txt", "apple")))

    looked = project.call("apply", "--json", "--max-new", "0")
    planned = project.call("plan", "--out", "plan.json")
    run = project.call("apply", "--json", "--plan", "plan.json")

    assert (looked.code, looked.processed) == (4, 0)
    assert "Will send 1 document" in planned.out
    assert (run.code, run.processed) == (0, 1)


def test_a_document_that_changed_at_its_link_is_sent_again(project: Project, site: Site) -> None:
    listing(project, links(site.put("/a.txt", "apple", '"1"')))
    project.applied()
    site.put("/a.txt", "apple pie", '"2"')

    assert project.applied().processed == 1
    assert project.outputs() == {"a.txt.md": b"apple pie\n"}


def test_a_link_that_leads_nowhere_fails_alone_and_is_tried_again(project: Project, site: Site) -> None:
    listing(project, links(site.put("/a.txt", "apple"), f"{site.url}/later.txt"))

    first = project.call("apply")
    planned = project.call("plan").out
    site.put("/later.txt", "late")
    project.applied()

    assert first.code == 3
    assert "later.txt: unreadable: the link was answered with status 404: there is no document" in first.out
    assert "1 failed earlier" in planned
    assert set(project.outputs()) == {"a.txt.md", "later.txt.md"}


def test_a_link_taken_off_the_list_is_a_removed_document(project: Project, site: Site) -> None:
    kept, dropped = site.put("/a.txt", "apple"), site.put("/b.txt", "berry")
    listing(project, links(kept, dropped))
    project.applied()
    listing(project, links(kept))

    assert "1 no longer found" in project.call("plan").out
    project.applied()

    mirror = project.root / ".docbatch/inputs/job"
    assert [path.name for path in mirror.rglob("*") if path.is_file()] == ["a.txt"]
    assert set(project.outputs()) == {"a.txt.md", "b.txt.md"}


def test_while_a_site_is_away_what_it_gave_stands_and_what_is_new_waits(project: Project, site: Site) -> None:
    known = site.put("/a.txt", "apple", '"1"')
    listing(project, links(known))
    project.applied()
    listing(project, links(known, f"{site.url}/b.txt"))
    site.pages = dict.fromkeys(("/a.txt", "/b.txt"), lambda _request: Response(503))

    away = project.call("apply", "--json")

    assert (away.code, away.processed) == (3, 0)
    assert away.lines[-1]["jobs"][0]["standing"] == {"problem": 1}
    assert any("1 link could not be asked" in line.get("message", "") for line in away.lines)


def test_what_links_said_may_be_deleted_and_costs_another_look(project: Project, site: Site) -> None:
    listing(project, links(site.put("/a.txt", "apple", '"1"')))
    project.applied()
    (project.root / ".docbatch/cache.db").unlink()
    shutil.rmtree(project.root / ".docbatch/inputs")

    planned = project.call("plan").out

    assert "1 not looked at yet" in planned
    assert "no longer found" not in planned
    assert project.applied().processed == 0


def test_a_mirrored_file_that_somebody_changed_is_fetched_again(project: Project, site: Site) -> None:
    listing(project, links(site.put("/a.txt", "apple", '"1"')))
    project.applied()
    (mirrored,) = (project.root / ".docbatch/inputs").rglob("a.txt")
    mirrored.write_text("worm")

    assert project.applied().processed == 0
    assert mirrored.read_text() == "apple"


def test_a_private_address_is_not_asked_unless_it_is_allowed(project: Project, site: Site) -> None:
    listing(project, "{urls: ['" + site.url.replace("http:", "https:") + "/a.txt']}")

    ended = project.call("apply")

    assert ended.code == 3
    assert "is at 127.0.0.1, which is no public address" in ended.out
    assert site.requests == []


def test_redirects_are_followed_to_an_end_or_not_at_all(project: Project, site: Site) -> None:
    site.pages["/old.txt"] = redirect("/new.txt")
    site.pages["/loop.txt"] = redirect("/loop.txt")
    site.pages["/away.txt"] = redirect("http://example.com/secret?token=planted")
    site.put("/new.txt", "moved")
    listing(project, links(*(f"{site.url}/{name}.txt" for name in ("old", "loop", "away"))))

    ended = project.call("apply")

    assert ended.code == 3
    assert project.outputs() == {"old.txt.md": b"moved\n"}
    assert "loop.txt: unreadable: the link was redirected more than 5 times" in ended.out
    assert "away.txt: unreadable: the link leads to one that is not taken: plain http" in ended.out
    assert site.asked().count("GET /loop.txt") == 6
    assert b"planted" not in written(project) + ended.out.encode() + ended.err.encode()


def test_a_body_shorter_than_it_was_said_to_be_is_no_document(project: Project, site: Site) -> None:
    listing(project, links(site.put("/a.txt", "apple")))
    site.faults = {1: "truncated", 2: "truncated"}

    ended = project.call("apply", "--json")

    assert (ended.code, ended.processed) == (3, 0)
    assert not list((project.root / ".docbatch/inputs").rglob("*.txt"))


def test_a_signed_link_is_used_and_written_nowhere(
    project: Project, site: Site, vendor: ExtendEmulator
) -> None:
    site.put(f"/a.txt{SIGNED}", "apple")
    at_extend(project, vendor, links(f"{site.url}/a.txt{SIGNED}"))

    said = [project.call(*words) for words in (("validate",), ("plan",), ("apply",), ("explain", "a.txt"))]
    said.append(project.call("explain", f"{site.url}/a.txt"))

    assert [ended.code for ended in said[:3]] == [0, 0, 0]
    assert b"apple" in project.outputs()["a.txt.md"]
    assert "docbatch fetches it" in said[4].out
    heard = "".join(str(request) + str(request.body) for request in vendor.requests)
    told = "".join(ended.out + ended.err for ended in said)
    assert "planted" not in heard + told
    assert b"planted" not in written(project)


def test_a_new_signature_of_the_same_document_sends_nothing(project: Project, site: Site) -> None:
    site.put(f"/a.txt{SIGNED}", "apple")
    listing(project, links(f"{site.url}/a.txt{SIGNED}"))
    project.applied()
    site.put(f"/a.txt{SIGNED}2", "apple")
    listing(project, links(f"{site.url}/a.txt{SIGNED}2"))

    assert "Nothing is due" in project.call("plan").out
    assert project.applied().processed == 0


def test_a_vendor_that_takes_links_is_given_the_link(
    project: Project, site: Site, vendor: ExtendEmulator
) -> None:
    link = site.put("/a.txt", "apple", '"1"')
    vendor.web[link] = b"apple"
    at_extend(project, vendor, links(link))

    first, asked = project.applied(), site.asked()
    again = project.applied()

    assert (first.processed, again.processed) == (1, 0)
    assert asked == site.asked() == ["HEAD /a.txt"]
    assert b"apple" in project.outputs()["a.txt.md"]
    assert not [request for request in vendor.requests if request.path == "/files/upload"]


def test_what_was_fetched_is_no_reference_for_a_vendor_that_takes_links(
    project: Project, site: Site, vendor: ExtendEmulator
) -> None:
    link = site.put("/a.txt", "apple", '"1"')
    vendor.web[link] = b"apple"
    listing(project, links(link))
    project.applied()
    at_extend(project, vendor, links(link))

    assert project.applied().processed == 1
    assert b"apple" in project.outputs()["a.txt.md"]


@pytest.mark.parametrize(("etag", "sent"), [('"2"', 1), (None, 0)])
def test_only_a_word_against_what_a_link_said_makes_it_another_document(
    project: Project, site: Site, vendor: ExtendEmulator, etag: str | None, sent: int
) -> None:
    link = site.put("/a.txt", "apple", '"1"')
    vendor.web[link] = b"apple"
    at_extend(project, vendor, links(link))
    project.applied()
    site.put("/a.txt", "apple", etag)

    assert project.applied().processed == sent


def test_a_site_that_answers_no_heads_is_asked_for_the_first_byte(
    project: Project, site: Site, vendor: ExtendEmulator
) -> None:
    link = site.put("/a.txt", "apple", '"1"', heads=False)
    vendor.web[link] = b"apple"
    at_extend(project, vendor, links(link))

    project.applied()

    assert [request.headers.get("range") for request in site.requests] == [None, "bytes=0-0"]


def test_ids_and_texts_are_planned_exactly_and_sent_as_they_are(
    project: Project, vendor: ExtendEmulator
) -> None:
    vendor._made(vendor.keys[KEY], "theirs.txt", b"apple")
    at_extend(project, vendor, "{file_ids: [file_1]}")
    planned = project.call("plan").out
    project.applied()
    at_extend(project, vendor, "{texts: {note: 'written here'}}")
    project.applied()

    assert "Will send 1 document" in planned
    assert b"apple" in project.outputs()["file_1.md"]
    assert b"written here" in project.outputs()["note.md"]
    assert project.applied().processed == 0


def test_columns_of_a_list_stand_in_paths_and_move_outputs_free_of_charge(
    project: Project, site: Site
) -> None:
    link = site.put("/a.txt", "apple", '"1"')
    project.write({"list.csv": f"url,team,name\n{link},red,first.txt\n"})
    source = "{urls_from: list.csv, allow_private: true}"
    listing(project, source, path="out/{{ doc.metadata.team }}/{{ doc.path }}.md")
    project.applied()
    project.write({"list.csv": f"url,team,name\n{link},blue,first.txt\n"})

    assert project.applied().processed == 0
    assert set(project.outputs()) == {"red/first.txt.md", "blue/first.txt.md"}


def test_a_file_cannot_pass_itself_off_as_a_reference(
    project: Project, vendor: ExtendEmulator, tmp_path: Path
) -> None:
    forged = b'{"file_id":"file_of_others"}'
    kind = b"application/vnd.docbatch.file-id"
    head = b"PK\x03\x04" + bytes(14) + len(kind).to_bytes(4, "little") * 2 + b"\x08\0\0\0mimetype"
    at_extend(project, vendor, "{root: in, include: '**/*'}")
    project.write({"in/a.json": forged, "in/b.odt": head + kind})

    project.call("apply")

    assert len([request for request in vendor.requests if request.path == "/files/upload"]) == 2


def test_a_link_is_explained_by_what_it_said(project: Project, site: Site) -> None:
    link = site.put("/a.txt", "apple", '"1"')
    listing(project, links(link))

    before = project.call("explain", link).out
    project.applied()
    after = project.call("explain", link).out

    assert "not looked at yet" in before
    assert "is done; it will not be sent" in after
    assert "docbatch fetches it; it counts by its bytes" in after
    assert 'ETag "1"' in after


@pytest.mark.full
def test_a_run_that_is_killed_while_it_looks_is_finished_by_the_next(project: Project, site: Site) -> None:
    site.pages["/a.txt"] = Document(b"apple", modified="Sun, 06 Nov 1994 08:49:37 GMT")
    listing(project, links(f"{site.url}/a.txt", site.put("/b.txt", "berry")))
    site.faults = {2: "kill_after"}
    process = project.start("apply")
    site.strike = killing(process.pid)
    process.communicate(timeout=60)

    assert process.returncode == -9
    assert project.run("apply").returncode == 0
    assert project.outputs() == {"a.txt.md": b"apple\n", "b.txt.md": b"berry\n"}
