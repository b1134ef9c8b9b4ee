"""What listening needs, and what is said when it is not there."""

import contextlib
import importlib.util
import json
import socket

import pytest

from docbatch.core.keys import identity_config
from docbatch.core.models import Operation
from docbatch.emulators.llamacloud.service import LlamaCloud
from docbatch.engine.administration.webhook_connections import find_webhook_connections
from docbatch.providers.llamacloud.options import CONFIGS, EXECUTION_ONLY
from docbatch.specs.load import load_project
from tests.cli.project import Project
from tests.providers.llamacloud.project import Bench

SECRET = "planted-secret-0123456789"
NAMED = """
project: {id: pabcdef012345}
providers:
  extend: {webhook_secret: [{env: NEW}, {file: old}]}
  abroad: {type: extend}
  llamacloud: {webhook_secret: {file: old}}
"""


@pytest.fixture(autouse=True)
def no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EXTEND_WEBHOOK_SECRET", "LLAMA_CLOUD_WEBHOOK_SECRET", "NEW"):
        monkeypatch.delenv(name, raising=False)


def test_secrets_come_from_the_project_or_from_the_usual_variable(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEW", "new")
    monkeypatch.setenv("EXTEND_WEBHOOK_SECRET", "usual")
    project.write({"docbatch.yaml": NAMED, "old": "old\n"})

    found = find_webhook_connections(load_project(project.root))

    assert {receiver.connection: receiver.secrets for receiver in found} == {
        "extend": ("new", "old"),
        "abroad": ("usual",),
        "llamacloud": ("old",),
    }
    assert not [receiver for receiver in found if "old" in repr(receiver) or "usual" in repr(receiver)]


@pytest.mark.parametrize(
    ("settings", "code", "said"),
    [
        (None, 64, "docbatch init"),
        ("project: {id: pabcdef012345}", 12, "set EXTEND_WEBHOOK_SECRET or LLAMA_CLOUD_WEBHOOK_SECRET"),
        (NAMED, 12, "connection 'extend' needs the environment variable NEW, which is not set"),
        (NAMED.replace("{env: NEW}, ", ""), 12, "the webhook secret of connection 'extend' is empty"),
        (NAMED.replace("[{env: NEW}, {file: old}]", "{file: none}"), 12, "none cannot be read"),
    ],
)
def test_without_a_secret_nothing_listens(
    project: Project, settings: str | None, code: int, said: str
) -> None:
    (project.root / "docbatch.yaml").unlink()
    project.write({"old": " \n", **({} if settings is None else {"docbatch.yaml": settings})})

    refused = project.call("listen", "--port", "0")

    assert refused.code == code
    assert said in refused.err
    assert not (project.root / ".docbatch" / "inbox").exists()


def test_a_port_in_use_is_named(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXTEND_WEBHOOK_SECRET", SECRET)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = project.call("listen", "--port", str(port))

    assert refused.code == 1
    assert f"cannot listen on 127.0.0.1, port {port}: Address already in use" in refused.err
    assert SECRET not in refused.out + refused.err


def test_an_inbox_that_is_no_folder_is_named(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXTEND_WEBHOOK_SECRET", SECRET)
    project.write({".docbatch/inbox": "a file"})

    refused = project.call("listen", "--port", "0")

    assert refused.code == 1
    assert "inbox: what webhooks say cannot be kept there: File exists" in refused.err
    assert refused.out == ""


def test_a_missing_server_says_what_to_install(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "uvicorn" else plain(name))

    refused = project.call("listen")

    assert refused.code == 1
    assert "pip install 'docbatch[listen]'" in refused.err


def test_a_batch_at_llamacloud_names_who_is_told_and_changing_that_costs_nothing() -> None:
    config = {"configuration_id": "cfg-PARSE_AGENTIC", "webhook_configuration_ids": ["whc-1"]}
    with LlamaCloud() as vendor, contextlib.closing(Bench(vendor)) as bench:
        bench.sent(bench.provider(), bench.batch("one", config=config))
        requests = [each.json() for each in vendor.sent("POST") if each.path == "/api/v2/batches"]

    assert [each["webhook_configuration_ids"] for each in requests] == [["whc-1"]]
    assert set(identity_config(config, EXECUTION_ONLY)) == {"configuration_id"}
    CONFIGS[Operation.PARSE].model_validate_json(json.dumps(config))
