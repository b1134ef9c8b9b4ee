"""Time `docbatch apply` over objects of a bucket that have not changed, beside a bare listing of it with the same library.

    python benchmarks/objects.py [--objects 200000] [--per-folder 1000] [--rounds 5] [--keep FOLDER]

A server of its own on loopback, in a process of its own, answers lists as S3 does: pages are made before anything is timed.
What a first run would have read of the objects is put into the state, and the first apply is done in this process with a
stand-in that answers at once, because only the second is measured. Each round runs the bare listing and the real command, one
after the other, both as whole processes with their start-up and with bytecode compiled as an installer does, and both over a
bucket with one object, which is their start-up; then the bare listing and a plan in one process, without start-up.
"""

import argparse
import hashlib
import multiprocessing
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from unchanged import Instant, sample_payload

from docbatch.engine.running.apply import Assignment, apply
from docbatch.providers import REGISTRY
from docbatch.providers.kind import Settings, Surroundings
from docbatch.providers.local import KIND, TRAITS
from docbatch.sources.cachefile import FORMAT
from docbatch.sources.object_listing import packed_status
from docbatch.specs.load import load_jobs, load_project
from docbatch.state import files
from docbatch.state.found_objects import FoundObject
from docbatch.state.store import Store

PAGE = 1000
ALONE = " over one object"
JOB = """apiVersion: docbatch/v1
name: small
source: {store: lake, prefix: in/, include: "**/*.txt"}
provider: local
sink: [{type: jsonl, path: out/all.jsonl}]
"""
SETTINGS = """project: {{id: benchmark0001}}
stores:
  lake: {{type: s3, bucket: docs, region: eu-central-1, endpoint: "http://127.0.0.1:{port}",
    access_key: {{env: BENCH_ID}}, secret_key: {{env: BENCH_SECRET}}}}
"""
BARE = """
import sys
from datetime import timedelta
from obstore.store import S3Store
store = S3Store("docs", endpoint=sys.argv[1], region="eu-central-1", access_key_id="a", secret_access_key="b",
    virtual_hosted_style_request=False, client_options={"allow_http": True})
print(sum(len(window) for window in store.list("in", chunk_size=1000)))
"""


def objects(number: int, per_folder: int) -> Iterator[tuple[str, bytes]]:
    """Yield keys in order, with contents."""
    for each in range(number):
        yield f"in/{each // per_folder:05}/file{each % per_folder:07}.txt", b"note number %d\n" % each


def _page(entries: list[tuple[str, bytes]], after: str) -> bytes:
    contents = "".join(
        f"<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
        f"<ETag>&quot;{hashlib.md5(content).hexdigest()}&quot;</ETag><Size>{len(content)}</Size>"
        "<StorageClass>STANDARD</StorageClass></Contents>"
        for key, content in entries
    )
    more = (
        f"<IsTruncated>true</IsTruncated><NextContinuationToken>{after}</NextContinuationToken>"
        if after
        else "<IsTruncated>false</IsTruncated>"
    )
    body = (
        '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Name>docs</Name><Prefix>in/</Prefix><KeyCount>{len(entries)}</KeyCount><MaxKeys>1000</MaxKeys>{more}{contents}</ListBucketResult>"
    ).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def serve(number: int, per_folder: int, port: int, ready: Connection) -> None:
    """Answer lists."""
    every = list(objects(number, per_folder))
    pages = [
        _page(every[start : start + PAGE], str(start // PAGE + 1) if start + PAGE < number else "")
        for start in range(0, number, PAGE)
    ]
    del every
    with socket.create_server(("127.0.0.1", port)) as server:
        ready.send(server.getsockname()[1])
        while True:
            connection, _ = server.accept()
            threading.Thread(target=_answer, args=(connection, pages), daemon=True).start()


def _answer(connection: socket.socket, pages: list[bytes]) -> None:
    asked = b""
    while piece := connection.recv(1 << 16):
        asked += piece
        while b"\r\n\r\n" in asked:
            head, _, asked = asked.partition(b"\r\n\r\n")
            query = parse_qs(urlsplit(head.split(b" ", 2)[1].decode()).query)
            connection.sendall(pages[int(query.get("continuation-token", ["0"])[0])])


def know(root: Path, number: int, per_folder: int, place: bytes) -> None:
    """Put into the state what reading all objects would have told."""
    folder = root / ".docbatch"
    files.prepare(folder)
    with Store.writable(folder) as store, store.write():
        store.found_objects.keep(
            [
                FoundObject(
                    place + b"/" + key.removeprefix("in/").encode(),
                    packed_status(len(content), hashlib.md5(content).hexdigest(), None, 0.0),
                    hashlib.sha256(content).hexdigest(),
                    "text/plain",
                )
                for key, content in objects(number, per_folder)
            ],
            FORMAT,
            {},
        )


def first_apply(root: Path, sample: bytes) -> None:
    Instant.payload = sample

    def connect(_settings: Settings, surroundings: Surroundings) -> Instant:
        return Instant(surroundings.incoming)

    stand_in = replace(KIND, traits=lambda _settings: replace(TRAITS, max_items=2000), connect=connect)
    project = load_project(root)
    with REGISTRY.added(stand_in, replacing=True):
        work = Assignment(load_jobs(project), root / ".docbatch", project.mark, stores=project.stores)
        outcome = apply(work, lambda _notice: None, lambda _report: True)
    assert outcome.exit_code == 0, outcome


def measure(buckets: dict[str, tuple[Path, str]], rounds: int) -> None:
    """Time both over each bucket, given by what is said of it, with its project and its server."""
    apply_all = [sys.executable, "-m", "docbatch", "apply"]
    commands = {}
    for said, (root, url) in buckets.items():
        commands[f"bare listing{said}"] = ([sys.executable, "-c", BARE, url], root)
        commands[f"docbatch apply{said}"] = (apply_all, root)
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in commands}
    with tempfile.TemporaryDirectory() as compiled:
        for command, root in commands.values():
            timed_apart(command, root, Path(compiled))
        for _ in range(rounds):
            for name, (command, root) in commands.items():
                found[name].append(timed_apart(command, root, Path(compiled)))
    bare = found["bare listing"]
    for name, runs in found.items():
        walls, cpus, peaks = zip(*runs, strict=True)
        ratio = [min(run[place] for run in runs) / min(run[place] for run in bare) for place in (0, 1)]
        print(
            f"{name}: wall {min(walls):.2f} s ({' '.join(f'{wall:.2f}' for wall in walls)}), CPU {min(cpus):.2f} s,"
            f" peak {max(peaks):.0f} MB; beside the bare listing: wall {ratio[0]:.2f}, CPU {ratio[1]:.2f}"
        )
    _print_without_start_up(
        {name: [min(run[place] for run in runs) for place in (0, 1)] for name, runs in found.items()}
    )


def _print_without_start_up(best: dict[str, list[float]]) -> None:
    ours, bare = (
        [best[name][place] - best[name + ALONE][place] for place in (0, 1)]
        for name in ("docbatch apply", "bare listing")
    )
    print(
        f"without start-up: docbatch apply wall {ours[0]:.2f} s, CPU {ours[1]:.2f} s; bare listing wall {bare[0]:.2f} s,"
        f" CPU {bare[1]:.2f} s; ratio wall {ours[0] / bare[0]:.2f}, CPU {ours[1] / bare[1]:.2f}"
    )


def timed_apart(command: list[str], cwd: Path, compiled: Path) -> tuple[float, float, float]:
    """Do what `timed` does in a small process: the peak of a large one would count for what it starts."""
    told = subprocess.run(
        [sys.executable, "-c", TIMED, str(cwd), str(compiled), *command],
        check=True,
        capture_output=True,
        text=True,
    )
    wall, cpu, peak = map(float, told.stdout.split())
    return wall, cpu, peak


TIMED = """
import os, subprocess, sys, time
cwd, compiled, *command = sys.argv[1:]
environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled}
environment.pop("PYTHONDONTWRITEBYTECODE", None)
began = time.perf_counter()
process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL, env=environment)
_, status, usage = os.wait4(process.pid, 0)
assert os.waitstatus_to_exitcode(status) == 0, command
print(time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000)
"""
INSIDE = """
import sys, time
from docbatch import open_project
from obstore.store import S3Store
store = S3Store("docs", endpoint=sys.argv[1], region="eu-central-1", access_key_id="a", secret_access_key="b",
    virtual_hosted_style_request=False, client_options={"allow_http": True})
bare, ours = [], []
for _ in range(int(sys.argv[2]) + 1):
    began = time.perf_counter()
    assert sum(len(window) for window in store.list("in", chunk_size=1000))
    bare.append(time.perf_counter() - began)
    began = time.perf_counter()
    assert not open_project().plan().has_changes
    ours.append(time.perf_counter() - began)
print("in one process, without start-up: bare listing", *(f"{each:.2f}" for each in bare[1:]), "s; docbatch plan",
    *(f"{each:.2f}" for each in ours[1:]), f"s; ratio of the best {min(ours[1:]) / min(bare[1:]):.2f}")
"""


def port_of(root: Path) -> int:
    """Return the port of an earlier run, which is a part of the bucket's identity; 0 for any."""
    settings = root / "docbatch.yaml"
    found = re.search(r"127[.]0[.]0[.]1:([0-9]+)", settings.read_text()) if settings.exists() else None
    return 0 if found is None else int(found[1])


def prepare(root: Path, number: int, per_folder: int, port: str) -> None:
    (root / "jobs").mkdir(parents=True, exist_ok=True)
    (root / "jobs" / "job.yaml").write_text(JOB)
    (root / "docbatch.yaml").write_text(SETTINGS.format(port=port))
    (job,) = load_jobs(load_project(root))
    assert job.source.folder is not None
    know(root, number, per_folder, job.source.folder.place)
    began = time.perf_counter()
    first_apply(root, sample_payload())
    print(f"first apply with the stand-in: {time.perf_counter() - began:.0f} s")
    apply_again = [sys.executable, "-m", "docbatch", "apply"]
    subprocess.run(apply_again, cwd=root, check=True, stdout=subprocess.DEVNULL)
    time.sleep(3)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--objects", type=int, default=200_000)
    parser.add_argument("--per-folder", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="use this folder, and what an earlier run left in it")
    options = parser.parse_args()
    os.environ |= {"BENCH_ID": "a", "BENCH_SECRET": "b"}
    root = (options.keep or Path(tempfile.mkdtemp(prefix="objects-"))).absolute()
    many, one = (served(each, number, options.per_folder) for each, number in _buckets(root, options.objects))
    try:
        print(f"{options.objects:,} objects in folders of {options.per_folder:,}")
        measure({"": (root, many[1]), ALONE: (root / "alone", one[1])}, options.rounds)
        subprocess.run([sys.executable, "-c", INSIDE, many[1], str(options.rounds)], cwd=root, check=True)
    finally:
        for server, _ in (many, one):
            server.kill()
        if options.keep is None:
            shutil.rmtree(root)


def _buckets(root: Path, number: int) -> Iterator[tuple[Path, int]]:
    yield root, number
    yield root / "alone", 1


def served(root: Path, number: int, per_folder: int) -> tuple[SpawnProcess, str]:
    """Return a server of so many objects and its address, with a project over them that has nothing to do."""
    ready, told = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(
        target=serve, args=(number, per_folder, port_of(root), told), daemon=True
    )
    server.start()
    url = f"http://127.0.0.1:{ready.recv()}"
    if not (root / "docbatch.yaml").exists():
        prepare(root, number, per_folder, url.rpartition(":")[2])
    return server, url


if __name__ == "__main__":
    main()
