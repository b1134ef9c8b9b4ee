"""Time `docbatch apply` over new documents in a bucket that moto serves, beside the same files on this disk.

    python benchmarks/from_bucket.py [--objects 5000] [--size 50000] [--rounds 3] [--threads 8]

Three legs by turns, each a process of its own with start-up: the files from disk through the local engine, the objects
through it, and a bare loop that lists the bucket with the same library and reads every object once, as docbatch does. moto is
a process of its own, in Python: it shares the processors with what is measured. The bare loop shows what it can give, and
both legs one after the other, the disk's and the loop's, what an apply from this bucket can come to that adds nothing of
its own. Every apply begins without a state; outputs are files on this disk.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from docbatch.stores.object_store import ObjectStore
from docbatch.stores.settings import StoreSettings

SERVE = """
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print("http://%s:%d" % server.get_host_and_port(), flush=True)
input()
"""
PROJECT = """project: {{id: benchmark0001}}
stores:
  lake: {{type: s3, bucket: docs, region: us-east-1, endpoint: "{url}", access_key: {{env: LAKE}}, secret_key: {{env: LAKE}}}}
"""
JOB = """apiVersion: docbatch/v1
name: bench
source: {source}
provider: local
sink: [{{type: files, path: "out/{{{{ doc.path }}}}.md"}}]
"""
SOURCES = {
    "disk": '{{root: {folder}, include: "**"}}',
    "bucket": '{{store: lake, prefix: in/, include: ["**"]}}',
}
VARIABLES = {"LAKE": "benchmark"}


def settings(url: str) -> StoreSettings:
    credentials = {"access_key_id": "benchmark", "secret_access_key": "benchmark"}
    return StoreSettings("lake", "s3", "docs", url, "us-east-1", path_style=True, credentials=credentials)


def fill(folder: Path, url: str, objects: int, size: int, threads: int) -> None:
    """Write the same documents to a folder and to a bucket, no two alike."""
    import boto3  # noqa: PLC0415

    client = boto3.client(
        "s3",
        endpoint_url=url,
        aws_access_key_id="benchmark",
        aws_secret_access_key="benchmark",
        region_name="us-east-1",
    )
    client.create_bucket(Bucket="docs")
    store = ObjectStore(settings(url))

    def write(number: int) -> None:
        line = f"document {number} says what documents say, in lines of some words\n"
        content = (line * (size // len(line) + 1)).encode()[:size]
        name = f"{number:06d}.txt"
        (folder / name).write_bytes(content)
        store.write(f"in/{name}", content)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(write, range(objects)))


def bare(url: str, threads: int) -> int:
    """List the bucket and read every object; return how many there are."""
    store = ObjectStore(settings(url))
    keys = [(each["path"], each["e_tag"]) for window in store.windows("in/") for each in window]
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda each: store.read(each[0], etag=each[1]), keys))
    return len(keys)


def applied(root: Path, url: str, source: str, objects: int) -> float:
    """Return the seconds of an apply that begins with nothing."""
    shutil.rmtree(root, ignore_errors=True)
    (root / "jobs").mkdir(parents=True)
    (root / "docbatch.yaml").write_text(PROJECT.format(url=url))
    (root / "jobs" / "bench.yaml").write_text(JOB.format(source=source))
    seconds = timed([sys.executable, "-m", "docbatch", "apply", "--yes"], root)
    written = sum(1 for _ in (root / "out").rglob("*.md"))
    assert written == objects, f"{written} of {objects} outputs"
    return seconds


def timed(command: list[str], folder: Path) -> float:
    began = time.perf_counter()
    subprocess.run(
        command, cwd=folder, env={**os.environ, **VARIABLES}, stdout=subprocess.DEVNULL, check=True
    )
    return time.perf_counter() - began


def measure(folder: Path, url: str, options: argparse.Namespace) -> None:
    documents = folder / "documents"
    documents.mkdir()
    fill(documents, url, options.objects, options.size, options.threads)
    loop = [sys.executable, __file__, "--bare", url, "--threads", str(options.threads)]
    found: dict[str, list[float]] = {"disk": [], "bucket": [], "bare loop": []}
    for number in range(options.rounds):
        for name, source in SOURCES.items():
            written = source.format(folder=documents)
            found[name].append(applied(folder / f"{name}{number}", url, written, options.objects))
        found["bare loop"].append(timed(loop, folder))
    best = {name: min(times) for name, times in found.items()}
    for name, times in found.items():
        shown = " ".join(f"{each:.1f}" for each in times)
        print(f"{name:>9}: best {best[name]:.1f} s ({shown}), {options.objects / best[name]:.0f} a second")
    ratios = [disk / bucket for disk, bucket in zip(found["disk"], found["bucket"], strict=True)]
    print(
        f"bucket at {statistics.median(ratios):.0%} of the disk's throughput, {best['disk'] / best['bucket']:.0%} by the best"
    )
    reachable = best["disk"] + best["bare loop"]
    print(
        f"disk and bare loop one after the other: {reachable:.1f} s, {best['disk'] / reachable:.0%} of the disk's throughput;"
        f" the bucket comes to {reachable / best['bucket']:.0%} of that"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--objects", type=int, default=5000)
    parser.add_argument("--size", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--bare", metavar="URL", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.bare:
        bare(options.bare, options.threads)
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [sys.executable, "-c", SERVE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as moto,
    ):
        assert moto.stdout is not None
        try:
            measure(Path(folder), moto.stdout.readline().strip(), options)
        finally:
            moto.kill()


if __name__ == "__main__":
    main()
