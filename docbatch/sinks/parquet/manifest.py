"""The manifest of a data set, `_manifest.json`: which parts belong to the last whole run, and what they hold.

It is written last. A run that was killed leaves the one of before; the parts it wrote already say themselves that they are whole.
It lies where others write, too, and is read as anybody's: what it says is believed of a part only as long as that bears the
stamp it had.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from docbatch.invocation import current

FORMAT = "docbatch/parquet/v1"
LARGEST = 64 << 20


class _Model(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class JobInPart(_Model):
    """What a job has in a part: documents, those without rows among them, and a digest of what they are.

    `project` is the id of the project whose job it is, empty where that has none.
    """

    documents: int = Field(ge=0)
    digest: str
    project: str = ""


class PartEntry(_Model):
    """A part as it was left. `stamp` is what the file system or the store says of it then."""

    name: str
    rows: int = Field(ge=0)
    size: int = Field(ge=0)
    sha256: str
    stamp: str
    jobs: Mapping[str, JobInPart]


class ManifestColumn(_Model):
    name: str
    type: str
    key: bool = False


class DataSetManifest(_Model):
    """`run` says which command wrote it, `written` when."""

    format: str = FORMAT
    parts: int = Field(ge=1)
    rows: str
    columns: tuple[ManifestColumn, ...]
    files: tuple[PartEntry, ...]
    run: str = ""
    written: str = ""

    @property
    def by_name(self) -> Mapping[str, PartEntry]:
        return {each.name: each for each in self.files}

    def told(self) -> bytes:
        """Return its text, as of this moment and this run."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return (
            self.model_copy(update={"run": current(), "written": now}).model_dump_json(indent=1).encode()
            + b"\n"
        )


def read_manifest(content: bytes | None) -> DataSetManifest | None:
    """Return what a manifest says, None where there is none that can be read."""
    if content is None or len(content) > LARGEST:
        return None
    try:
        found = DataSetManifest.model_validate_json(content)
    except ValidationError:
        return None
    return found if found.format == FORMAT else None
