"""Pigeon on loopback, to rehearse a project and to judge the provider. Its faults and its storage are the base's."""

import json
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import unquote

from docbatch.emulators.any_key import AnyKey
from docbatch.emulators.reading import Reading
from docbatch.emulators.server import Emulator, Payment, Request, Response

KEY, OTHER_KEY = "pigeon-key-one", "pigeon-key-of-another-account"
PAGE = 2


class PigeonEmulator(Emulator):
    """Each account sees its own. The list shows a batch once `lag` has passed."""

    def __init__(self, accounts: Mapping[str, str] | None = None) -> None:
        super().__init__()
        self.accounts = accounts or {KEY: "ours", OTHER_KEY: "theirs"}
        self.documents: dict[tuple[str, str], tuple[str, bytes]] = {}
        self.batches: dict[tuple[str, str], dict[str, Any]] = {}
        self.results: dict[tuple[str, str], bytes] = {}

    def route(self, request: Request) -> Response:  # noqa: PLR0911 - one for each endpoint
        account = self.accounts.get(request.headers.get("x-api-key", ""))
        if account is None:
            return Response.of({"error": "no such key"}, 401)
        match request.method, *request.segments:
            case "POST", "documents":
                identity = f"doc-{len(self.documents) + 1:05d}"
                self.documents[account, identity] = unquote(request.headers["x-name"]), request.body
                return Response.of({"id": identity}, 201)
            case "GET", "documents", identity if (account, identity) in self.documents:
                return Response.of({"id": identity})
            case "POST", "batches":
                return self._create(account, **request.json())
            case "GET", "batches":
                return self._list(account, request.param("marker") or "", request.param("after") or "")
            case "GET", "batches", identity if (account, identity) in self.batches:
                return Response.of(self.batches[account, identity])
            case "POST", "batches", identity, "cancel" if (account, identity) in self.batches:
                for row in self.batches[account, identity]["documents"]:
                    row["state"] = "stopped" if row["state"] == "working" else row["state"]
                return Response.of({})
            case "GET", "results", identity if (account, identity) in self.results:
                return Response(body=self.results[account, identity])
        return Response.of({"error": "not found"}, 404)

    def _create(self, account: str, marker: str, documents: list[dict[str, Any]], **_config: Any) -> Response:
        if any((account, each["id"]) not in self.documents for each in documents):
            return Response.of({"error": "a document is gone"}, 410)
        batch: dict[str, Any] = {
            "id": f"batch-{len(self.batches) + 1:05d}",
            "marker": marker,
            "made": self.clock(),
        }
        batch["documents"] = [{**each, "state": "working"} for each in documents]
        self.batches[account, batch["id"]] = batch
        for row in batch["documents"]:
            self._read(account, row, f"{batch['id']}-{row['id']}")
        return Response.of({"id": batch["id"]}, 201)

    def _read(self, account: str, row: dict[str, Any], result: str) -> None:
        """Have a document paid and read; the entry in the ledger says which, so that one paid twice is seen."""
        name, content = self.documents[account, row["id"]]

        def done(reading: Reading) -> None:
            self.results[account, result] = json.dumps(
                {"pages": [page.text for page in reading.pages]}
            ).encode()
            if row["state"] == "working":
                row.update({"state": "failed" if reading.failure else "done", "result": result})

        self.buy(name, Payment("parse", name), content, done)

    def _list(self, account: str, prefix: str, after: str) -> Response:
        known = [batch for (owner, _), batch in sorted(self.batches.items()) if owner == account]
        shown = [each for each in known if each["made"] + self.lag <= self.clock() and each["id"] > after]
        rows = [
            {"id": each["id"], "marker": each["marker"]}
            for each in shown
            if each["marker"].startswith(prefix)
        ]
        return Response.of({"batches": rows[:PAGE]})


def rehearsed(_extracting: Collection[str]) -> PigeonEmulator:
    """Return the service as `docbatch emulate` puts it on: it takes any key."""
    return PigeonEmulator(AnyKey("rehearsal"))
