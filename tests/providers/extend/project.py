"""Projects on an emulated Extend."""

from pathlib import Path

from docbatch.emulators.extend.service import ExtendEmulator
from docbatch.testing.matrix import HASTE
from tests.cli.project import Project

KEY = "sk_test_0123456789"
DOCUMENTS = {
    f"in/{name}.txt": f"the {name} document\fand its second page" for name in ("one", "two", "three")
}
OPERATIONS = ("parse", "extract", "classify", "split")
PROCESSORS = {"extract": "ex_one", "classify": "cl_one", "split": "spl_one"}

_PROJECT = """
project: {{id: testproject01}}
providers:
  extend:
    base_url: {url}
    api_key: {{file: key}}
    poll: {{initial: 0.05, max: 0.2}}
    recovery: {recovery}
    rates: {{requests_per_second: 2000}}
"""
_JOB = """
apiVersion: docbatch/v1
name: job
source: {source}
provider: extend
operation: {operation}
config: {config}
sink:
  - type: files
    path: "out/{{{{ doc.path }}}}.md"
    format: markdown
  - type: files
    path: "out/{{{{ doc.path }}}}.txt"
    format: text
  - type: files
    path: "json/{{{{ doc.path }}}}.json"
    format: json
"""


def extend_project(
    root: Path,
    vendor: ExtendEmulator,
    *,
    operation: str = "parse",
    config: str | None = None,
    grace: float = 0.6,
    then: str = "resend",
    recovery: str | None = None,
    documents: dict[str, str] = DOCUMENTS,
    source: str = '{root: in, include: "**/*"}',
) -> Project:
    """Write a project with one job over in/."""
    processor = PROCESSORS.get(operation)
    written = config or ("{}" if processor is None else f"{{processor: {{id: {processor}}}}}")
    project = Project(root)
    vendor.haste = HASTE
    wanted = recovery or f"{{grace: {grace}, then: {then}}}"
    settings = _PROJECT.format(url=vendor.url, recovery=wanted)
    project.write({"docbatch.yaml": settings, "key": KEY, **documents})
    project.job(_JOB.format(source=source, operation=operation, config=written))
    return project
