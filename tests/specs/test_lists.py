"""Lists of links: what they may look like, what is wrong with them, and what each document is called."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from docbatch.core.errors import SpecError
from docbatch.specs.load import load_jobs, load_project
from docbatch.specs.values import Job

JOB = """
apiVersion: docbatch/v1
name: a
source: {urls_from: LIST}
sink: [{type: files, path: 'out/{{ doc.metadata.team | default("none") }}/{{ doc.path }}.md'}]
"""
LINK = "https://example.com/a.pdf"


def load(folder: Path, name: str, content: str | bytes, spec: str = JOB) -> Job:
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    (folder / "job.yaml").write_text(spec.replace("LIST", name))
    (job,) = load_jobs(load_project(folder), [folder / "job.yaml"])
    return job


def listed(folder: Path, name: str, content: str) -> dict[str, str]:
    """Return the links of a list by the paths they get."""
    listing = load(folder, name, content).source.listing
    assert listing is not None
    return {document.path.decode(): document.value for document in listing.documents}


def metadata(folder: Path, name: str, content: str) -> list[Mapping[str, str]]:
    listing = load(folder, name, content).source.listing
    assert listing is not None
    return [document.metadata for document in listing.documents]


def problems(folder: Path, name: str, content: str | bytes, spec: str = JOB) -> list[str]:
    with pytest.raises(SpecError) as caught:
        load(folder, name, content, spec)
    return [str(problem).removeprefix(f"{folder}/") for problem in caught.value.problems]


def test_a_text_has_a_link_a_line_and_remarks(tmp_path: Path) -> None:
    assert listed(tmp_path, "a.txt", f"# ours\n\n  {LINK}\r\n#https://example.com/b.pdf\n") == {
        "example.com/a.pdf": LINK
    }


def test_columns_beside_url_and_name_are_metadata(tmp_path: Path) -> None:
    table = f'\ufeffteam,url,name,note\n"red, or blue",{LINK},x/one.pdf,\n'
    lines = f'{{"url": "{LINK}", "name": "x/one.pdf", "team": 5, "last": null}}\n'

    assert listed(tmp_path, "a.csv", table) == {"x/one.pdf": LINK}
    assert metadata(tmp_path, "a.csv", table) == [{"team": "red, or blue"}]
    assert metadata(tmp_path, "a.jsonl", lines) == [{"team": "5"}]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", "", "a.csv:1: the list has no column url (its first line names the columns, url among them)"),
        ("a.csv", "link\nx\n", "a.csv:1: the list has no column url (its first line names the columns, url among them)"),
        ("a.csv", "url,url\n", "a.csv:1: the column 'url' is there twice (give each column a name of its own)"),
        ("a.csv", f"url,b\n{LINK}\n", "a.csv:2: this line has 1 columns, where the first has 2 (put a value with a comma in it in quotes)"),
        ("a.csv", f'url\n{LINK}\n"open\n', "a.csv:3: this is not CSV: unexpected end of data"),
        ("a.csv", "url,b\n,c\n", "a.csv:2: the column url is empty here (write a link into it, or remove the line)"),
        ("a.jsonl", "[]\n", 'a.jsonl:1: this line is no JSON object (write as in {"url": "https://example.com/a.pdf"})'),
        pytest.param("a.jsonl", '{"url": ' + "[" * 100_000, 'a.jsonl:1: this line is no JSON object (write as in {"url": "https://example.com/a.pdf"})', id="deep"),
        ("a.jsonl", '{"url": ["a"]}', "a.jsonl:1: the column 'url' holds neither text nor a number (write one value for each column)"),
        ("a.jsonl", '{"url": "https://a/\\ud800"}', "a.jsonl:1: the link has a space, a control character or a bracket in it (percent-encode it)"),
        ("a.txt", "https://a:secret-of-mine@b/c\n", "a.txt:1: a link with a user or password in it is refused (such a document is better kept as a file)"),
        ("a.txt", "x" * 200_000, "a.txt:1: the line has more than 120,000 bytes (write one document a line)"),
        ("a.csv", 'url\n"' + "x\n" * 200, "a.csv:102: one row takes more than 100 lines (is a quotation mark never closed?)"),
        ("a.txt", b"https://a/\xff", "a.txt:1: this is not UTF-8 text (save the file as UTF-8)"),
        ("a.xlsx", "", "a.xlsx: what form the list has cannot be told (name it *.txt, *.csv, *.jsonl after what is in it)"),
        ("a.csv", f"url,name\n{LINK},../up\n", 'a.csv:2: the name cannot be a path: it has the part ".." (write as in folder/name.pdf)'),
        ("a.csv", f"url,name\n{LINK},one\n{LINK}?b=1,one\n", "a.csv:3: the name 'one' is that of line 2 as well (give one of them another name)"),
        ("a.csv", f"url,team\n{LINK},red\n{LINK},blue\n", "a.csv:3: this link is listed in line 2 as well, with other columns (remove one, or say in the column `name` of a list (urls_from:) what each is to be called)"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_list_is_said_with_its_line(
    tmp_path: Path, name: str, content: str | bytes, said: str
) -> None:
    assert problems(tmp_path, name, content) == [said]


def test_a_list_that_is_not_there_is_said(tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text(JOB.replace("LIST", "none.csv"))
    with pytest.raises(SpecError, match=r"none\.csv: the file cannot be read: No such file"):
        load_jobs(load_project(tmp_path), [tmp_path / "job.yaml"])


def test_a_column_that_a_path_needs_is_there_for_every_document(tmp_path: Path) -> None:
    spec = JOB.replace(' | default("none")', "")

    (said,) = problems(tmp_path, "a.csv", f"url,team\n{LINK},red\n{LINK}?b=1,\n", spec)
    assert said.startswith(
        "a.csv:3: the column 'team' is empty here, and a sink's path needs it (fill it, or"
    )
    assert problems(tmp_path, "a.csv", f"url,teams\n{LINK},red\n", spec) == [
        "job.yaml:5:28: sink[0].path: no document has doc.metadata.team (did you mean teams?)"
    ]


@pytest.mark.parametrize(
    ("links", "paths"),
    [
        (["https://Example.COM/A/b%20c.pdf"], ["example.com/A/b c.pdf"]),
        (["https://example.com/", "https://example.com/a/"], ["example.com/a/index", "example.com/index"]),
        (["https://example.com:8443/ä.pdf"], ["example.com_8443/ä.pdf"]),
        (["https://example.com/%2e%2e/%2Fetc%00"], ["example.com/%2E%2E/%2Fetc%00"]),
        (["https://../.docbatch/a"], ["%2E%2E/%2Edocbatch/a"]),
        (["https://example.com/a.pdf?sig=1"], ["example.com/a.pdf"]),
    ],
)
def test_a_document_is_called_by_host_and_path_of_its_link(
    tmp_path: Path, links: list[str], paths: list[str]
) -> None:
    assert sorted(listed(tmp_path, "a.txt", "\n".join(links))) == paths


@pytest.mark.parametrize(
    "pair",
    [
        ("https://example.com/a.pdf?id=1", "https://example.com/a.pdf?id=2"),
        ("https://example.com/a.pdf", "https://example.com/A.pdf"),
        ("https://example.com/a", "https://example.com/a/b"),
        ("https://example.com/a//b", "https://example.com/a/b"),
    ],
)
def test_documents_that_would_be_called_alike_are_told_apart_whatever_their_order(
    tmp_path: Path, pair: tuple[str, str]
) -> None:
    found = listed(tmp_path, "a.txt", "\n".join(pair))

    assert len(found) == 2
    assert found == listed(tmp_path, "a.txt", "\n".join(reversed(pair)))
    assert any("~" in path for path in found)


def test_paths_stay_short_enough_for_file_systems(tmp_path: Path) -> None:
    long, deep = "https://example.com/" + "x" * 3000 + ".pdf", "https://example.com/" + "d/" * 1500 + "a.pdf"
    for path in listed(tmp_path, "a.txt", f"{long}\n{deep}"):
        assert len(path.encode()) < 1000
        assert max(len(name.encode()) for name in path.split("/")) <= 255
        assert path.endswith(".pdf")


def test_the_same_link_twice_is_one_document(tmp_path: Path) -> None:
    assert len(listed(tmp_path, "a.txt", f"{LINK}\n{LINK}#page=2\n")) == 1


def test_a_signature_is_in_no_message_and_no_name(tmp_path: Path) -> None:
    link = f"{LINK}?X-Amz-Signature=secret-of"
    said = problems(tmp_path, "a.txt", f"{link}-one\n{link}-two\n")
    job = load(tmp_path, "a.txt", f"{link}-one\n")

    assert "secret-of" not in "".join(said) + repr(job)
