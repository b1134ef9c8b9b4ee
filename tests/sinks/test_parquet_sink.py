"""What a data set of Parquet files promises beside what every sink does."""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from docbatch.core.errors import SinkError
from docbatch.core.models import Failure, FailureClass
from docbatch.core.results import Block, Cell, DocumentInfo, Page, Result
from docbatch.sinks.base import Delivery, Fault, Receipt, Sink
from docbatch.sinks.kind import Opening
from docbatch.sinks.parquet import sorted_rows
from docbatch.sinks.parquet.options import KIND, ParquetSinkSpec
from docbatch.sinks.parquet.part_names import MANIFEST, chosen_parts, part_name, part_of

from .arrangement import FakeAnswer, delivery, digest, failed

COLUMNS = {
    "word": "{{ row.metadata.word }}",
    "whole": {"value": "{{ row.metadata.whole }}", "type": "integer"},
    "part": {"value": "{{ row.metadata.part }}", "type": "number"},
    "truth": {"value": "{{ row.metadata.truth }}", "type": "boolean"},
    "day": {"value": "{{ row.metadata.day }}", "type": "date"},
    "moment": {"value": "{{ row.metadata.moment }}", "type": "timestamp"},
    "any": {"value": "{{ row.metadata }}", "type": "json"},
}
VALUES = {
    "word": "zwölf\0 '\"",
    "whole": -(1 << 63),
    "part": 0.1,
    "truth": True,
    "day": "2026-02-28",
    "moment": "2026-02-28T12:00:00.123456+02:00",
}


@dataclass(frozen=True)
class Told(FakeAnswer):
    """An answer with metadata, or with as many pages and tables as are wanted."""

    metadata: Mapping[str, Any] = field(default_factory=dict)
    pages: int = 0
    tables: int = 0

    def result(self, document: DocumentInfo) -> Result:
        cells = (Cell(row=0, column=0, text=self.body),)
        return (
            super()
            .result(document)
            .model_copy(
                update={
                    "metadata": dict(self.metadata),
                    "pages": [
                        Page(number=each, text=f"{self.body} {each}") for each in range(1, self.pages + 1)
                    ],
                    "tables": [Block(kind="table", text=self.body, cells=cells) for _ in range(self.tables)],
                }
            )
        )


def told(path: str, body: str | None = None, **said: Any) -> Delivery:
    answer = Told(body or path, **said)
    return replace(delivery(path, answer.body), output=b"", load=lambda: answer)


@dataclass(frozen=True)
class DataSet:
    folder: Path

    @property
    def out(self) -> Path:
        return self.folder / "out" / "set"

    @property
    def trash(self) -> Path:
        return self.folder / "trash"

    def open(self, job: str = "job", **options: Any) -> Sink:
        return KIND.open(
            Opening(
                job=job,
                options=ParquetSinkSpec.model_validate({"type": "parquet", "path": "x", **options}),
                root=self.folder / "out",
                output=b"set",
                trash=self.trash,
                context={"job": {"name": job}, "vars": {}},
            )
        )

    def deliver(self, deliveries: Iterable[Delivery], job: str = "job", **options: Any) -> str | None:
        """Deliver, require that nothing failed, and return the stamp."""
        sink = self.open(job, **options)
        assert [each for each in sink.deliver(deliveries) if isinstance(each, Fault)] == []
        return sink.stamp(b"")

    def rows(self, place: Path | None = None) -> list[dict[str, Any]]:
        found = [
            row
            for part in sorted((place or self.out).glob("*.parquet"))
            for row in pq.read_table(part, partitioning=None).to_pylist()
        ]
        return sorted(found, key=lambda row: (row["job"], row["path"], row.get("row")))

    def held(self, place: Path | None = None) -> list[tuple[str, str]]:
        return [(row["job"], row["path"]) for row in self.rows(place)]

    def inodes(self) -> dict[str, int]:
        return {path.name: path.stat().st_ino for path in self.out.glob("*.parquet")}

    def manifest(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.out / MANIFEST).read_bytes())
        return found

    def kept(self) -> list[Path]:
        return [path for path in sorted(self.trash.glob("*")) if path.name != "index.jsonl"]


@pytest.fixture
def at(tmp_path: Path) -> DataSet:
    return DataSet(tmp_path)


MANY = [f"{number}.pdf" for number in range(60)]


def test_every_type_is_read_back_alike_by_duckdb_pandas_and_polars(at: DataSet) -> None:
    at.deliver([told("a.pdf", metadata=VALUES), told("b.pdf")], columns=COLUMNS)
    moment = datetime(2026, 2, 28, 10, 0, 0, 123456, tzinfo=UTC)
    expected = ["job", "a.pdf", VALUES["word"], -(1 << 63), 0.1, True, date(2026, 2, 28), moment]
    names = ", ".join(("job", "path", *COLUMNS)).removesuffix(", any")
    pattern = f"{at.out}/*.parquet"

    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        # Its own Python types of times with zones need a package more.
        by_duckdb = connection.execute(
            f"SELECT {names.replace(', moment', ', epoch_us(moment)')} FROM '{pattern}' ORDER BY path"
        ).fetchall()
    assert list(by_duckdb[0]) == [*expected[:-1], int(moment.timestamp() * 1_000_000)]
    assert by_duckdb[1] == ("job", "b.pdf", *[None] * 6)

    pandas = pytest.importorskip("pandas")
    by_pandas = pandas.read_parquet(at.out, dtype_backend="pyarrow").sort_values("path")
    assert by_pandas[names.split(", ")].iloc[0].tolist() == [*expected[:-1], pandas.Timestamp(moment)]
    assert by_pandas[names.split(", ")].iloc[1].isna().sum() == 6

    polars = pytest.importorskip("polars")
    by_polars = polars.read_parquet(pattern).sort("path").select(names.split(", "))
    assert list(by_polars.row(0)) == expected
    assert by_polars.row(1) == ("job", "b.pdf", *[None] * 6)


def test_the_columns_are_of_the_types_that_are_declared_and_those_of_the_key_come_first(at: DataSet) -> None:
    at.deliver([told("a.pdf", pages=2)], rows="page", columns=COLUMNS)

    schema = pq.read_schema(next(at.out.glob("*.parquet")))
    assert [(field.name, str(field.type), field.nullable) for field in schema] == [
        ("job", "string", False),
        ("path", "string", False),
        ("row", "int64", False),
        ("word", "string", True),
        ("whole", "int64", True),
        ("part", "double", True),
        ("truth", "bool", True),
        ("day", "date32[day]", True),
        ("moment", "timestamp[us, tz=UTC]", True),
        ("any", "string", True),
        ("result_digest", "string", False),
    ]


def test_a_document_lies_in_the_part_that_its_path_hashes_to(at: DataSet) -> None:
    at.deliver(map(told, MANY), parts=4)

    assert sorted(at.inodes()) == [part_name(number, 4) for number in range(4)]
    for path in MANY:
        part = pq.read_table(at.out / part_name(part_of(path.encode(), 4), 4), partitioning=None)
        assert path in part.column("path").to_pylist()
    assert at.held() == sorted(("job", path) for path in MANY)


def test_one_document_that_changed_is_one_part_written(at: DataSet) -> None:
    at.deliver(map(told, MANY))
    before = at.inodes()

    at.deliver([told("7.pdf", "new")])

    assert [name for name, inode in at.inodes().items() if before[name] != inode] == [
        part_name(part_of(b"7.pdf", 8), 8)
    ]
    assert [row["text"] for row in at.rows() if row["path"] == "7.pdf"] == ["new"]
    assert at.held() == sorted(("job", path) for path in MANY)


def test_a_reader_sees_each_document_once_at_every_moment(
    at: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    at.deliver(map(told, MANY))
    seen = []
    monkeypatch.setattr(os, "rename", _looking(os.rename, lambda: seen.append(at.held())))

    at.deliver(told(path, "new") for path in MANY)

    assert len(seen) == 2 * (8 + 1)
    assert all(held == sorted(("job", path) for path in MANY) for held in seen)


def _looking(act: Callable[..., None], look: Callable[[], None]) -> Callable[..., None]:
    def looked(*arguments: Any, **options: Any) -> None:
        look()
        act(*arguments, **options)
        look()

    return looked


def test_receipts_come_as_parts_are_durable_and_the_last_ones_after_the_manifest(at: DataSet) -> None:
    seen = []
    for outcome in at.open().deliver(map(told, MANY)):
        assert isinstance(outcome, Receipt)
        assert ("job", outcome.path.decode()) in at.held()
        seen.append((at.out / MANIFEST).exists())

    assert (seen[0], seen[-1]) == (False, True)


def test_the_manifest_says_what_each_part_is(at: DataSet) -> None:
    at.deliver(map(told, MANY), parts=4)

    said = at.manifest()
    assert (said["format"], said["parts"], said["rows"]) == ("docbatch/parquet/v1", 4, "document")
    assert [each["name"] for each in said["columns"] if each["key"]] == ["job", "path"]
    assert sum(each["jobs"]["job"]["documents"] for each in said["files"]) == len(MANY)
    for each in said["files"]:
        content = (at.out / each["name"]).read_bytes()
        assert (each["size"], each["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        assert each["rows"] == pq.read_metadata(at.out / each["name"]).num_rows


def test_documents_without_rows_are_delivered_and_missed_when_their_part_is_gone(at: DataSet) -> None:
    stamp = at.deliver([told("none.pdf"), told("some.pdf", tables=2)], rows="table")
    expected = [(b"none.pdf", digest("none.pdf")), (b"some.pdf", digest("some.pdf"))]

    assert at.held() == [("job", "some.pdf")] * 2
    assert list(at.open(rows="table").verify(expected)) == []

    (at.out / part_name(part_of(b"none.pdf", 8), 8)).unlink()
    assert at.open(rows="table").stamp(b"") != stamp
    ((path, why),) = at.open(rows="table").verify(expected)
    assert (path, "is missing" in why) == (b"none.pdf", True)


def test_a_document_that_has_no_rows_any_more_keeps_none(at: DataSet) -> None:
    at.deliver([told("a.pdf", tables=2)], rows="table")
    at.deliver([told("a.pdf", "new")], rows="table")

    assert at.rows() == []
    assert list(at.open(rows="table").verify([(b"a.pdf", digest("new"))])) == []


def test_what_was_edited_is_told_of_the_documents_of_its_part_alone(at: DataSet) -> None:
    at.deliver(map(told, MANY))
    number = part_of(b"7.pdf", 8)
    part = at.out / part_name(number, 8)
    edited = pq.read_table(part, partitioning=None)
    pq.write_table(edited.set_column(7, "markdown", pa.array(["mine"] * len(edited))), part)

    found = [
        path.decode() for path, _ in at.open().verify((each.encode(), digest(each)) for each in sorted(MANY))
    ]

    assert found == [each for each in sorted(MANY) if part_of(each.encode(), 8) == number]
    at.deliver(map(told, found))
    assert at.held() == sorted(("job", path) for path in MANY)
    assert [pq.read_table(path).column("markdown")[0].as_py() for path in at.kept()] == ["mine"]


def test_one_byte_that_changed_within_a_part_is_noticed(at: DataSet) -> None:
    stamp = at.deliver([told("a.pdf", "a text of some length " * 9)])
    part = at.out / part_name(part_of(b"a.pdf", 8), 8)
    content = bytearray(part.read_bytes())
    place = content.index(b"job", 4)
    content[place : place + 3] = b"job"[::-1]
    part.write_bytes(content)

    assert at.open().stamp(b"") != stamp
    ((path, why),) = at.open().verify([(b"a.pdf", digest("a text of some length " * 9))])
    assert (path, "was changed" in why) == (b"a.pdf", True)


def test_a_document_with_several_rows_counts_once(at: DataSet) -> None:
    at.deliver([told("a.pdf", pages=3), told("b.pdf", pages=2)], rows="page", parts=1)

    (part,) = at.manifest()["files"]
    assert (part["rows"], part["jobs"]["job"]["documents"]) == (5, 2)


def test_a_result_that_is_another_is_told(at: DataSet) -> None:
    at.deliver([told("a.pdf")])

    assert list(at.open().verify([(b"a.pdf", digest("other"))])) == [
        (b"a.pdf", "its rows are of another result")
    ]
    assert list(at.open().verify([(b"b.pdf", digest("b.pdf"))])) == [(b"b.pdf", "its rows are missing")]


@pytest.mark.parametrize(
    "spoil", [Path.unlink, lambda path: path.write_text("{"), lambda path: path.write_bytes(b"\xff" * 9)]
)
def test_a_manifest_that_is_gone_or_spoiled_is_written_again_with_one_document(
    at: DataSet, spoil: Callable[[Path], object]
) -> None:
    stamp = at.deliver(map(told, MANY))
    before = at.manifest()
    spoil(at.out / MANIFEST)
    assert at.open().stamp(b"") != stamp

    ((path, why),) = at.open().verify((each.encode(), digest(each)) for each in sorted(MANY))
    assert "manifest" in why
    assert at.deliver([told(path.decode())]) == stamp

    assert _jobs_of_parts(at.manifest()) == _jobs_of_parts(before)


def _jobs_of_parts(manifest: Mapping[str, Any]) -> dict[str, Any]:
    return {each["name"]: (each["rows"], each["jobs"]) for each in manifest["files"]}


def test_a_folder_that_was_copied_is_as_it_was(at: DataSet, tmp_path: Path) -> None:
    at.deliver(map(told, MANY))
    for part in at.out.iterdir():
        os.utime(part)

    assert len(list(at.open().verify((each.encode(), digest(each)) for each in sorted(MANY)))) == 1
    assert at.kept() == []


def test_a_part_that_is_touched_while_it_is_about_to_be_written_stops_the_delivery(at: DataSet) -> None:
    at.deliver(map(told, MANY))

    def touching() -> Iterable[Delivery]:
        yield told("7.pdf", "new")
        (at.out / part_name(part_of(b"7.pdf", 8), 8)).unlink()

    with pytest.raises(SinkError, match="changed by somebody else"):
        list(at.open().deliver(touching()))

    # Its other documents are not at hand: a part without them would never be missed.
    assert not (at.out / part_name(part_of(b"7.pdf", 8), 8)).exists()


def test_another_number_of_parts_is_a_data_set_beside_which_stays_there(at: DataSet) -> None:
    at.deliver(map(told, MANY), parts=4)
    before = at.inodes()
    beside = at.folder / "out" / "set-2-parts"

    stamp = at.deliver(map(told, MANY), parts=2)

    assert at.inodes() == before
    assert at.held(beside) == sorted(("job", path) for path in MANY)
    assert sorted(path.name for path in beside.glob("*.parquet")) == [part_name(0, 2), part_name(1, 2)]
    for part in at.out.iterdir():
        part.unlink()
    assert at.open(parts=2).stamp(b"") == stamp


def test_the_number_of_parts_stays_what_the_first_run_made_it(at: DataSet) -> None:
    at.deliver([told("a.pdf")], parts=3)
    at.deliver(map(told, MANY))

    assert at.manifest()["parts"] == 3


def test_the_number_of_parts_follows_size_and_documents() -> None:
    assert [chosen_parts(0, number) for number in (1, 20_000, 40_001, 100_000, 10**9)] == [8, 8, 16, 32, 256]
    assert [chosen_parts(size << 20, 1) for size in (1, 512, 513, 1 << 20)] == [8, 8, 16, 256]


@pytest.mark.parametrize("parts", [None, 5])
def test_rows_that_outgrow_memory_go_through_the_project_s_folder(
    at: DataSet, parts: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    at.deliver(map(told, MANY), parts=parts)
    expected = at.rows()
    monkeypatch.setattr(sorted_rows, "_WINDOW_CHARACTERS", 3000)
    small = DataSet(at.folder / "small")
    small.folder.mkdir()

    small.deliver(map(told, MANY), parts=parts)
    small.deliver([told("none.pdf"), told("some.pdf", tables=2)], "tables", rows="document")

    assert [row for row in small.rows() if row["job"] == "job"] == expected
    assert [path.name for path in small.folder.iterdir()] == ["out"]


def test_a_full_disk_of_the_project_is_told_and_leaves_nothing(
    at: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    at.deliver(map(told, MANY))
    before = at.inodes()
    monkeypatch.setattr(sorted_rows, "_WINDOW_CHARACTERS", 0)

    class Full:
        def __init__(self, dir: Path) -> None:  # noqa: A002 - as the real one has it
            self.closed = False

        def tell(self) -> int:
            return 0

        def write(self, content: object) -> int:
            raise OSError(28, "No space left on device")

        def close(self) -> None:
            self.closed = True

    monkeypatch.setattr(sorted_rows, "TemporaryFile", Full)
    with pytest.raises(SinkError, match="no space left") as caught:
        at.deliver([told("7.pdf", "new")])

    assert "free space" in str(caught.value.hint)
    assert at.inodes() == before


def test_jobs_share_a_data_set_and_what_one_writes_is_nothing_to_the_other(at: DataSet) -> None:
    first = at.deliver(map(told, MANY), "a")
    second = at.deliver((told(path, f"{path} of b") for path in MANY), "b")

    assert at.open("a").stamp(b"") == first
    assert at.held() == sorted((job, path) for job in "ab" for path in MANY)
    at.deliver([told("7.pdf", "new")], "b")
    assert (at.open("a").stamp(b""), at.open("b").stamp(b"") == second) == (first, False)
    assert [row["text"] for row in at.rows() if row["path"] == "7.pdf"] == ["7.pdf", "new"]


def test_a_part_that_is_spoiled_is_missed_by_all_jobs_that_have_documents_in_it(at: DataSet) -> None:
    stamps = {job: at.deliver([told("7.pdf")], job) for job in "ab"}
    stamps["c"] = at.deliver(
        [told(next(path for path in MANY if part_of(path.encode(), 8) != part_of(b"7.pdf", 8)))], "c"
    )
    (at.out / part_name(part_of(b"7.pdf", 8), 8)).write_text("spoiled")

    at.deliver([told("7.pdf")], "a")

    assert at.held()[:1] == [("a", "7.pdf")]
    assert {job: at.open(job).stamp(b"") == stamp for job, stamp in stamps.items()} == {
        "a": True,
        "b": False,
        "c": True,
    }
    assert [why for _, why in at.open("b").verify([(b"7.pdf", digest("7.pdf"))])] == ["its rows are missing"]


def test_rows_follow_a_job_that_is_called_otherwise_and_no_part_changes_its_name(at: DataSet) -> None:
    at.deliver(map(told, MANY), "old")
    names = sorted(at.inodes())
    at.deliver([told("7.pdf", "own")], "new")

    at.open("new").take_over(["old"])
    at.open("new").take_over(["old"])

    assert at.held() == sorted(("new", path) for path in MANY)
    assert sorted(at.inodes()) == names
    assert [row["text"] for row in at.rows() if row["path"] == "7.pdf"] == ["own"]
    assert [json.loads(path.read_bytes())[0]["job"] for path in at.kept()] == ["old"]


def test_a_removed_document_goes_to_the_trash_and_leaves_what_others_have(at: DataSet) -> None:
    at.deliver([told("a.pdf", pages=2), told("b.pdf", pages=1)], "a", rows="page", parts=1)
    at.deliver([told("a.pdf", pages=1)], "b", rows="page", parts=1)

    at.open("a", rows="page").remove(b"a.pdf")
    assert at.held() == [("a", "b.pdf"), ("b", "a.pdf")]
    assert [len(json.loads(path.read_bytes())) for path in at.kept()] == [2]
    at.open("a", rows="page").remove(b"")
    assert at.held() == [("b", "a.pdf")]
    at.open("b", rows="page").remove(b"")
    assert not at.out.exists()


def test_files_of_somebody_else_are_refused_and_stay(at: DataSet) -> None:
    at.out.mkdir(parents=True)
    pq.write_table(pa.table({"mine": [1]}), at.out / "part-00000-of-00001.parquet")
    before = (at.out / "part-00000-of-00001.parquet").read_bytes()

    for act in (lambda: list(at.open().verify(iter(()))), lambda: at.deliver([told("a.pdf")])):
        with pytest.raises(SinkError, match="did not write"):
            act()

    assert [path.read_bytes() for path in at.out.iterdir()] == [before]


def test_a_link_in_the_place_of_a_part_is_not_written_through(at: DataSet, tmp_path: Path) -> None:
    at.deliver(map(told, MANY))
    victim = tmp_path / "victim"
    part = at.out / part_name(part_of(b"7.pdf", 8), 8)
    part.rename(victim)
    part.symlink_to(victim)
    before = victim.read_bytes()

    assert len(list(at.open().verify([(b"7.pdf", digest("7.pdf"))]))) == 1
    at.deliver(map(told, MANY))

    assert victim.read_bytes() == before
    assert at.held() == sorted(("job", path) for path in MANY)
    assert [path.is_symlink() for path in at.kept()] == [True]


def test_a_column_more_keeps_what_others_have_and_a_column_less_keeps_the_part_in_the_trash(
    at: DataSet,
) -> None:
    at.deliver([told("a.pdf")], "a", columns={"text": "{{ row.text }}"}, parts=1)
    at.deliver([told("b.pdf")], "b", columns={"text": "{{ row.text }}"}, parts=1)

    more = {"text": "{{ row.text }}", "size": {"value": "{{ row.size }}", "type": "integer"}}
    at.deliver([told("a.pdf")], "a", columns=more, parts=1)
    assert [(row["job"], row["text"], row["size"]) for row in at.rows()] == [
        ("a", "a.pdf", 1),
        ("b", "b.pdf", None),
    ]
    assert at.kept() == []
    ((_, why),) = at.open("b", columns={"text": "{{ row.text }}"}).verify([(b"b.pdf", digest("b.pdf"))])
    assert "other columns" in why

    at.deliver([told("a.pdf")], "a", columns={"size": more["size"]}, parts=1)
    assert [(row["job"], row["size"]) for row in at.rows()] == [("a", 1), ("b", None)]
    assert [pq.read_table(path).column("text").to_pylist() for path in at.kept()] == [["b.pdf", "a.pdf"]]


def test_rows_of_another_kind_that_another_job_has_are_refused(at: DataSet) -> None:
    at.deliver([told("a.pdf", pages=2)], "a", rows="page")

    with pytest.raises(SinkError, match="rows of job 'a' of another kind: page, not document"):
        at.deliver([told("a.pdf")], "b")
    at.deliver([told("a.pdf")], "a")
    assert at.held() == [("a", "a.pdf")]


def test_a_job_that_is_alone_may_have_another_kind_of_rows_later(at: DataSet) -> None:
    at.deliver([told("a.pdf", pages=2)])
    at.deliver([told("a.pdf", pages=2)], rows="page")

    assert [row["row"] for row in at.rows()] == [1, 2]


def test_a_value_that_cannot_be_cast_fails_its_document_alone(at: DataSet) -> None:
    columns = {"amount": {"value": "{{ row.text }}", "type": "integer"}}
    outcomes = list(at.open(columns=columns).deliver([told("a.pdf", "12"), told("b.pdf", "many")]))

    assert {each.path: type(each) for each in outcomes} == {b"a.pdf": Receipt, b"b.pdf": Fault}
    assert [row["amount"] for row in at.rows()] == [12]


def test_a_document_that_failed_has_a_row(at: DataSet) -> None:
    at.deliver(
        [failed("a.pdf", Failure(FailureClass.ENCRYPTED, code="locked", message="no password"), known=False)]
    )

    (row,) = at.rows()
    assert (row["outcome"], row["failure_code"], row["failure_message"]) == (
        "failed",
        "locked",
        "no password",
    )


def test_paths_and_texts_of_every_sort_are_told_apart(at: DataSet) -> None:
    odd = [b"\xff.pdf", b"%FF.pdf", "ä\u0301.pdf".encode(), b'it\'s "x".pdf', b"new\nline.pdf"]
    made = [replace(told("x", "half \ud83d \0 text"), path=path) for path in odd]

    at.deliver(made)
    at.deliver(made)

    assert len({row["path"] for row in at.rows()}) == len(at.rows()) == len(odd)
    assert {row["text"] for row in at.rows()} == {"half ? \0 text"}
    assert list(at.open().verify((path, made[0].result_digest) for path in sorted(odd))) == []


@pytest.mark.full
def test_a_value_of_300_megabytes_and_500_columns_are_written(at: DataSet) -> None:
    at.deliver([told("a.pdf", "x" * (300 << 20)), told("b.pdf")], columns={"text": "{{ row.text }}"})
    assert [len(row["text"]) for row in at.rows()] == [300 << 20, 5]
    at.deliver(
        [told("a.pdf")],
        "wide",
        columns={"text": "{{ row.text }}", **{f"c{each}": "{{ row.sha256 }}" for each in range(499)}},
    )
    assert len(at.rows()[0]) == 503
