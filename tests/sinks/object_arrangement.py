"""A sink whose outputs are objects of a bucket of their own, to be asked what the other kinds are asked."""

import json
from dataclasses import dataclass, field

from docbatch.naming.store_places import TRASH
from docbatch.sinks.base import Sink
from docbatch.sinks.kind import Bucket, Opening
from docbatch.stores.object_store import ObjectStore
from tests.stores.moto_server import MotoBucket

from .arrangement import OPTIONS, PLACES, Arrangement

FOLDER = "data/out"
TRASHED = f"data/{TRASH}/"


@dataclass
class ObjectArrangement(Arrangement):
    bucket: MotoBucket = field(kw_only=True)
    asked: list[str] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The object of a whole job, or that of the first document."""
        return f"{FOLDER}/{PLACES[self.kind]}"

    def open(self, *, job: str = "job", **options: object) -> Sink:
        kind = self.declared
        return kind.open(
            Opening(
                job=job,
                options=kind.options.model_validate({"type": self.kind, **OPTIONS[self.kind], **options}),
                root=self.folder,
                output=b"" if kind.per_document else PLACES[self.kind].encode(),
                trash=self.trash,
                bucket=Bucket(self._store, FOLDER),
            )
        )

    def _store(self) -> ObjectStore:
        return self.bucket.store

    def content(self) -> dict[str, str]:
        found = self.bucket.objects()
        if self.declared.per_document:
            own = {
                key.removeprefix(f"{FOLDER}/"): text for key, text in found.items() if key.startswith(FOLDER)
            }
            return {key.removesuffix(".md"): text.decode() for key, text in own.items()}
        results = [json.loads(line) for line in found.get(self.key, b"").splitlines()]
        return {result["document"]["path"]: result["markdown"] + "\n" for result in results}

    def trashed(self) -> list[str]:
        found = self.bucket.objects()
        return [text.decode() for key, text in found.items() if key.startswith(TRASHED)]

    def edit(self) -> None:
        self.bucket.put(self.key, b"edited by hand")

    def delete(self) -> None:
        self.bucket.client.delete_object(Bucket=self.bucket.name, Key=self.key)

    def hidden(self) -> list[str]:
        """Return what is neither an output nor in the trash, and uploads that were not completed."""
        found = self.bucket.client.list_multipart_uploads(Bucket=self.bucket.name).get("Uploads", [])
        keys = (key for key in self.bucket.objects() if not key.startswith((f"{FOLDER}/", TRASHED)))
        return [*keys, *(each["Key"] for each in found)]
