"""What a state in a store costs runners: seconds, bytes and requests of a run with nothing to do, on a warm machine and a fresh one, and after an edit.

    python benchmarks/disposable_runners.py [--documents 200000] [--keep FOLDER] [--delay MILLISECONDS]

Every stage is the real command in a process of its own, with the embedded engine, over S3 as `moto` serves it in another process.
A loopback proxy before the store counts requests and bytes of both directions, and delays each request as a network would. A fresh
machine is the same folder without `.docbatch`; its own look at the documents, of which it has no digests, is told apart by a run over a
state on the disk with the same documents and no cache.
"""

import argparse
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

DOCUMENTS_PER_FOLDER = 1000
_REQUEST = re.compile(rb"(?:^|\r\n)(GET|PUT|POST|DELETE|HEAD) /\S* HTTP/1\.1\r\n")
PROJECT = """project: {{id: pbenchmark012345}}
{state}
"""
STATE = """stores:
  lake: {{type: s3, bucket: lake, region: us-east-1, endpoint: "{endpoint}", access_key: {{env: LAKE_KEY}}, secret_key: {{env: LAKE_SECRET}}}}
state: {{store: lake, prefix: state/}}
"""
JOB = """apiVersion: docbatch/v1
name: job
source: {root: in, include: "**/*.txt"}
provider: local
sink: [{type: jsonl, path: out/all.jsonl}]
"""


class CountingProxy:
    """Passes bytes on to a server, and counts them and the requests among them."""

    def __init__(self, port: int, delay: float) -> None:
        self._port = port
        self._delay = delay
        self._lock = threading.Lock()
        self.requests = Counter[str]()
        self.sent = self.received = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def take(self) -> tuple[Counter[str], int, int]:
        """Return what was counted since the last time: requests by method, bytes to the store and from it."""
        with self._lock:
            found = self.requests, self.sent, self.received
            self.requests, self.sent, self.received = Counter(), 0, 0
        return found

    def _accept(self) -> None:
        while True:
            client, _ = self._server.accept()
            server = socket.create_connection(("127.0.0.1", self._port))
            for each in (client, server):
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._pass, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self._pass, args=(server, client, False), daemon=True).start()

    def _pass(self, source: socket.socket, to: socket.socket, is_request: bool) -> None:
        try:
            while content := source.recv(1 << 16):
                found = [each.decode() for each in _REQUEST.findall(content)] if is_request else []
                with self._lock:
                    self.requests.update(found)
                    if is_request:
                        self.sent += len(content)
                    else:
                        self.received += len(content)
                if found and self._delay:
                    time.sleep(self._delay)
                to.sendall(content)
        except OSError:
            pass
        finally:
            for each in (source, to):
                each.close()


@dataclass(frozen=True)
class Machine:
    """One folder, as runners are given it one after the other."""

    root: Path
    proxy: CountingProxy

    def apply(self, name: str, *arguments: str) -> None:
        self.proxy.take()
        began = time.monotonic()
        before = os.times()
        done = subprocess.run(
            [sys.executable, "-m", "docbatch", *(arguments or ("apply", "--yes"))],
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "LAKE_KEY": "key", "LAKE_SECRET": "secret"},
        )
        after = os.times()
        wall = time.monotonic() - began
        if done.returncode:
            sys.exit(f"{name}: exit code {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        requests, sent, received = self.proxy.take()
        cpu = after.children_user + after.children_system - before.children_user - before.children_system
        asked = ", ".join(f"{count} {method}" for method, count in sorted(requests.items())) or "none"
        print(
            f"| {name} | {wall:.1f} s | {cpu:.1f} s | {asked} | {sent / 1e6:.3f} MB | {received / 1e6:.3f} MB |",
            flush=True,
        )


def write_documents(folder: Path, number: int) -> None:
    for index in range(number):
        place = folder / f"{index // DOCUMENTS_PER_FOLDER:04}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{index:07}.txt").write_text(f"document {index}")


def store_server() -> tuple["subprocess.Popen[bytes]", int]:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    server = subprocess.Popen(
        [str(Path(sys.executable).with_name("moto_server")), "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.1)
        else:
            break
    return server, port


def make_bucket(endpoint: str) -> None:
    import boto3  # noqa: PLC0415 - a client that is not ours

    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        region_name="us-east-1",
    )
    client.create_bucket(Bucket="lake")


def measure(root: Path, documents: int, proxy: CountingProxy) -> None:
    write_documents(root / "in", documents)
    (root / "jobs").mkdir()
    (root / "jobs/job.yaml").write_text(JOB)
    machine = Machine(root, proxy)
    print(f"\n{documents} documents, load {os.getloadavg()[0]:.1f}\n")
    print(
        "| run | by the clock | of the processor | requests | to the store | from it |\n|---|---|---|---|---|---|",
        flush=True,
    )
    (root / "docbatch.yaml").write_text(PROJECT.format(state=""))
    machine.apply("on the disk: first apply")
    machine.apply("on the disk: nothing to do")
    (root / ".docbatch/cache.db").unlink()
    machine.apply("on the disk: nothing to do, no digests of documents")
    (root / "docbatch.yaml").write_text(PROJECT.format(state=STATE.format(endpoint=proxy.endpoint)))
    machine.apply("taken into the store", "state", "migrate")
    machine.apply("nothing to do, the copy begun anew")
    machine.apply("nothing to do, warm")
    machine.apply("plan, warm", "plan")
    edited = root / "in/0000/0000007.txt"
    edited.write_text("edited")
    machine.apply("one edit, warm")
    machine.apply("nothing to do behind it, warm")
    shutil.rmtree(root / ".docbatch")
    machine.apply("nothing to do, fresh")
    edited.write_text("edited again")
    machine.apply("one edit, warm again")
    shutil.rmtree(root / ".docbatch")
    edited.write_text("edited a third time")
    machine.apply("one edit, fresh")
    size = sum(path.stat().st_size for path in (root / ".docbatch").glob("state.db*"))
    print(f"\nstate.db {size / 1e6:.1f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--documents", type=int, default=200_000)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--delay", type=float, default=0.0, metavar="MILLISECONDS")
    chosen = parser.parse_args()
    server, port = store_server()
    try:
        make_bucket(f"http://127.0.0.1:{port}")
        proxy = CountingProxy(port, chosen.delay / 1000)
        if chosen.keep is not None:
            chosen.keep.mkdir(parents=True)
            measure(chosen.keep, chosen.documents, proxy)
        else:
            with tempfile.TemporaryDirectory() as folder:
                measure(Path(folder), chosen.documents, proxy)
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
