"""The servers that stand for vendors: where one is missing tests say so, and none outlives them."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from docbatch.testing.patience import comes_true
from tests.stores import azurite_server, gcs_server
from tests.stores.azurite_server import REQUIRED, azurite_bucket
from tests.stores.buckets import Bucket

STARTS = """
from tests.stores.azurite_server import azurite_bucket
with azurite_bucket() as bucket:
    print(bucket.endpoint, flush=True)
    input()
"""


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="children are found in /proc")
def test_a_server_ends_with_who_started_it_whatever_ended_that() -> None:
    with azurite_bucket():
        pass
    here = Path(__file__).parents[2]
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTS], cwd=here, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert starter.stdout is not None
    assert starter.stdout.readline().startswith("http://127.0.0.1:")
    children = Path(f"/proc/{starter.pid}/task/{starter.pid}/children").read_text().split()
    assert len(children) == 1

    starter.send_signal(signal.SIGKILL)
    starter.communicate()

    assert comes_true(lambda: _gone(int(children[0])))


def test_without_the_server_a_test_is_skipped_with_the_reason_unless_none_may_be(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(azurite_server, "HERE", tmp_path)
    monkeypatch.delenv(REQUIRED, raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"script/azurite|Node\.js"):
        azurite_server.endpoint()
    monkeypatch.setenv(REQUIRED, "all")
    with pytest.raises(AssertionError, match=r"script/azurite|Node\.js"):
        azurite_server.endpoint()


def test_ci_installs_what_stands_for_others_and_skips_nothing() -> None:
    run = (Path(__file__).parents[2] / ".ci" / "run").read_text()

    for name in ("azurite", "postgres"):
        assert f"\nscript/{name} &\n" in run
        assert f'\nwait "${name}"\n' in run
    assert f"{REQUIRED}=all" in run


def test_the_lock_names_no_registry() -> None:
    lock = (azurite_server.HERE / "package-lock.json").read_text()

    assert re.findall(r'"resolved": "(?!nothing")[^"]*"', lock) == []
    assert lock.count('"integrity"') > 100


def test_what_one_client_writes_the_other_reads(any_bucket: Bucket) -> None:
    any_bucket.put("a b/ü.bin", content := bytes(range(256)) + b"\r\n--x\r\n", {"customer": "acme"})
    any_bucket.store.write("b", content)

    assert any_bucket.store.read("a b/ü.bin") == content
    assert any_bucket.objects() == {"a b/ü.bin": content, "b": content}
    assert any_bucket.unfinished() == []
    any_bucket.remove("b")
    assert any_bucket.store.facts("b") is None


def test_lists_of_google_have_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gcs_server, "PAGE", 2)
    with gcs_server.gcs_bucket() as bucket:
        for number in range(5):
            bucket.put(f"{number}", b"x")

        assert [each["path"] for window in bucket.store.windows("", after="0") for each in window] == list(
            "1234"
        )
