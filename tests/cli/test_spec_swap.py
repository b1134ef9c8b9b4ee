"""One job for all providers: nothing but `provider:` and `config:` is changed."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.emulators.extractpage.service import KEY as EXTRACT_KEY
from docbatch.emulators.extractpage.service import ExtractPage
from docbatch.emulators.llamacloud.service import KEY as LLAMA_KEY
from docbatch.emulators.llamacloud.service import LlamaCloud
from tests.cli.project import Project
from tests.cli.site import Site
from tests.providers.extend.project import KEY as EXTEND_KEY

JOB = """
apiVersion: docbatch/v1
name: job
source: {{root: in, include: "**/*.txt"}}
provider: {provider}
config: {config}
sink:
  - type: files
    path: "out/{{{{ doc.path }}}}.md"
    format: markdown
  - type: jsonl
    path: out/all.jsonl
---
apiVersion: docbatch/v1
name: listed
source: {{urls_from: links.csv, allow_private: true}}
provider: {provider}
config: {config}
sink:
  - type: files
    path: "out/{{{{ doc.metadata.team }}}}/{{{{ doc.name }}}}.md"
    format: text
"""
PROVIDERS = {
    "local": "{ocr: 'off'}",
    "extend": "{target: markdown}",
    "llamacloud": "{parameters: {tier: agentic, version: '2026-10-16'}}",
    "extractpage": "{}",
}


@pytest.fixture
def link(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Yield a link to a document, with the three services there, named by the environment only."""
    with ExitStack() as stack:
        site = stack.enter_context(Site())
        extend, llama = stack.enter_context(ExtendEmulator()), stack.enter_context(LlamaCloud())
        services = {
            "EXTEND": (extend.url, EXTEND_KEY),
            "LLAMA_CLOUD": (llama.url, LLAMA_KEY),
            "EXTRACT": (stack.enter_context(ExtractPage()).url, EXTRACT_KEY),
        }
        for name, (url, key) in services.items():
            monkeypatch.setenv(f"{name}_BASE_URL", url)
            monkeypatch.setenv(f"{name}_API_KEY", key)
        link = site.put("/cherry.txt", "cherry")
        extend.web[link] = b"cherry"
        yield link


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_same_job_runs_on_every_provider(project: Project, link: str, provider: str) -> None:
    project.write({"in/a.txt": "apple", "in/sub/b.txt": "berry", "links.csv": f"url,team\n{link},red\n"})
    project.write({"docbatch.yaml": "project: {id: testproject01}\n"})
    project.job(JOB.format(provider=provider, config=PROVIDERS[provider]))

    first, second = project.applied(), project.applied()

    outputs = project.outputs()
    assert (first.processed, second.processed) == (3, 0)
    assert set(outputs) == {"a.txt.md", "sub/b.txt.md", "red/cherry.txt.md", "all.jsonl"}
    assert b"apple" in outputs["a.txt.md"]
    assert b"cherry" in outputs["red/cherry.txt.md"]
    assert outputs["all.jsonl"].count(b"\n") == 2
