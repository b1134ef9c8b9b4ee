"""The loops that `vendors.py` compares docbatch with, as scripts a user might write: no state, no retries, no checks.

    python benchmarks/vendor_loops.py LOOP URL FOLDER [WIDTH]

LOOP is bare-extractpage, bare-llamacloud or sdk-llamacloud. Documents are read from FOLDER/in; a bare loop writes each
answer to FOLDER/out as it came, the SDK's the Markdown in it.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx

EXTRACT_KEY = "xp-benchmark"
LLAMA_KEY = "llx-benchmark"
PAUSE = 0.05
MOST_IN_A_DIRECTORY = 1000
PARTS = ["markdown", "text", "items", "metadata", "usage"]
PARAMETERS = {"product_type": "parse_v2", "tier": "agentic", "version": "2026-10-16"}


@dataclass(frozen=True)
class Bare:
    """`client` carries the key, `storage` does not."""

    client: "httpx.Client"
    storage: "httpx.Client"
    pool: ThreadPoolExecutor
    folder: Path

    def ask(self, method: str, path: str, **options: Any) -> Any:
        return self.client.request(method, path, **options).raise_for_status().json()

    def write(self, name: str, answer: bytes) -> None:
        (self.folder / "out" / name).write_bytes(answer)


@contextmanager
def bare(url: str, folder: Path, headers: dict[str, str], width: int) -> Iterator[Bare]:
    import httpx  # noqa: PLC0415 - the SDK's loop must not pay for it, nor this one for the SDK

    with (
        httpx.Client(base_url=url, headers=headers, timeout=60) as client,
        httpx.Client(timeout=60) as storage,
        ThreadPoolExecutor(width) as pool,
    ):
        yield Bare(client, storage, pool, folder)


def documents(folder: Path) -> list[Path]:
    return sorted((folder / "in").iterdir())


def portions(paths: Sequence[Path]) -> Iterator[Sequence[Path]]:
    for start in range(0, len(paths), MOST_IN_A_DIRECTORY):
        yield paths[start : start + MOST_IN_A_DIRECTORY]


def bare_extractpage(url: str, folder: Path, width: int) -> None:
    with bare(url, folder, {"X-API-KEY": EXTRACT_KEY}, width) as loop:

        def upload(path: Path) -> str:
            about = {"size_bytes": path.stat().st_size, "filename": path.name, "content_type": "text/plain"}
            made = loop.ask("POST", "/v1/files", json=about)
            kind = {"Content-Type": "text/plain"}
            sent = loop.storage.put(made["upload"]["url"], content=path.read_bytes(), headers=kind)
            sent.raise_for_status()
            return str(made["id"])

        def fetch(item: Any) -> None:
            answer = loop.client.get(f"/v1/batches/{batch}/items/{item['id']}/result")
            loop.write(item["id"], loop.storage.get(answer.headers["location"]).raise_for_status().content)

        files = list(loop.pool.map(upload, documents(folder)))
        source = {"type": "files", "file_ids": files}
        batch = loop.ask("POST", "/v1/batches", json={"source": source})["id"]
        while loop.ask("GET", f"/v1/batches/{batch}", params={"limit": 1})["completed_at"] is None:
            time.sleep(PAUSE)
        list(loop.pool.map(fetch, items_of(loop, batch)))


def items_of(loop: Bare, batch: str) -> Iterator[Any]:
    cursor: dict[str, str] = {}
    while True:
        page = loop.ask("GET", f"/v1/batches/{batch}", params={"limit": 500, **cursor})
        yield from page["items"]
        if page["next_cursor"] is None:
            return
        cursor = {"cursor": page["next_cursor"]}


def bare_llamacloud(url: str, folder: Path, width: int) -> None:
    with bare(url, folder, {"Authorization": f"Bearer {LLAMA_KEY}"}, width) as loop:

        def upload(path: Path, directory: str) -> None:
            form = {"unique_id": path.name, "display_name": path.name}
            where = f"/api/v1/beta/directories/{directory}/files/upload"
            with path.open("rb") as stream:
                file = {"upload_file": (path.name, stream, "text/plain")}
                loop.client.post(where, data=form, files=file).raise_for_status()

        def fetch(job: str) -> None:
            answer = loop.client.get(f"/api/v2/parse/{job}", params={"expand": PARTS})
            loop.write(job, answer.raise_for_status().content)

        configuration = {"name": "bare", "parameters": PARAMETERS}
        saved = loop.ask("POST", "/api/v1/beta/configurations", json=configuration)
        for paths in portions(documents(folder)):
            named = {"name": paths[0].name, "type": "ephemeral"}
            directory = loop.ask("POST", "/api/v1/beta/directories", json=named)["id"]
            list(loop.pool.map(upload, paths, [directory] * len(paths)))
            job = {"type": "parse_v2", "configuration_id": saved["id"]}
            request = {"source_directory_id": directory, "config": {"job": job}}
            list(loop.pool.map(fetch, jobs_of(loop, loop.ask("POST", "/api/v2/batches", json=request)["id"])))


def jobs_of(loop: Bare, batch: str) -> list[str]:
    while True:
        answer = loop.ask("GET", f"/api/v2/batches/{batch}", params={"expand": "results"})
        if answer["status"] == "COMPLETED":
            return [row["job_reference"]["id"] for row in answer["results"]]
        time.sleep(PAUSE)


def sdk_llamacloud(url: str, folder: Path, width: int) -> None:
    asyncio.run(_sdk_llamacloud(url, folder, width))


async def _sdk_llamacloud(url: str, folder: Path, width: int) -> None:
    from llama_cloud import AsyncLlamaCloud  # noqa: PLC0415 - the bare loop must not pay for it

    free = asyncio.Semaphore(width)
    async with AsyncLlamaCloud(api_key=LLAMA_KEY, base_url=url) as client:

        async def upload(path: Path, directory: str) -> None:
            async with free:
                file = (path.name, path.read_bytes(), "text/plain")  # noqa: ASYNC240 - as the SDK does it
                await client.beta.directories.files.upload(directory, upload_file=file, unique_id=path.name)

        async def fetch(job: str) -> None:
            async with free:
                answer = await client.parsing.get(job, expand=PARTS)
            pages: Any = answer.markdown.pages if answer.markdown else []
            (folder / "out" / f"{job}.md").write_text("\n\n".join(page.markdown for page in pages))

        parameters: Any = PARAMETERS
        saved = await client.configurations.create(name="sdk", parameters=parameters)
        for paths in portions(documents(folder)):
            directory = await client.beta.directories.create(name=paths[0].name, type="ephemeral")
            await asyncio.gather(*(upload(path, directory.id) for path in paths))
            job: Any = {"type": "parse_v2", "configuration_id": saved.id}
            batch = await client.batches.create(source_directory_id=directory.id, config={"job": job})
            found = await client.batches.get(batch.id, expand=["results"])
            while found.status != "COMPLETED":
                await asyncio.sleep(PAUSE)
                found = await client.batches.get(batch.id, expand=["results"])
            rows = [row.job_reference.id for row in found.results or [] if row.job_reference]
            await asyncio.gather(*map(fetch, rows))


LOOPS: dict[str, Callable[[str, Path, int], None]] = {
    "bare-extractpage": bare_extractpage,
    "bare-llamacloud": bare_llamacloud,
    "sdk-llamacloud": sdk_llamacloud,
}

if __name__ == "__main__":
    name, address, root, *others = sys.argv[1:]
    (Path(root) / "out").mkdir()
    LOOPS[name](address, Path(root), int(others[0]) if others else 8)
