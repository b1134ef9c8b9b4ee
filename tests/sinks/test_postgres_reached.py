"""How a PostgreSQL server is reached and what tables may be like there: certificates, many columns, names that need quotes."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from docbatch.core.errors import SinkError
from docbatch.sinks.kind import Opening
from docbatch.sinks.postgres import server as asked
from docbatch.sinks.postgres.options import PostgresSinkSpec
from docbatch.sinks.postgres.served_place import ServedPlace

from .arrangement import DELIVERED, PATHS, Arrangement, delivery
from .certificates import certificates
from .postgres_server import PostgresSchema, server


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked, "WAITS", (0.0,))


@pytest.fixture
def schema(postgres: Arrangement) -> PostgresSchema:
    assert postgres.schema is not None
    return postgres.schema


@pytest.fixture
def authority(tmp_path: Path, schema: PostgresSchema) -> Iterator[Path]:
    """Let the server have a certificate for localhost, and return the file of who signed it."""
    made, there = certificates("localhost"), server()
    there.keep("server.crt", made.certificate)
    there.keep("server.key", made.key)
    path = tmp_path / "authority.crt"
    path.write_bytes(made.authority)
    _set_ssl(schema, "on")
    yield path
    _set_ssl(schema, "off")


def _set_ssl(schema: PostgresSchema, value: str) -> None:
    schema.execute(f"ALTER SYSTEM SET ssl = {value}")
    schema.execute("SELECT pg_reload_conf()")
    assert server().settles(lambda: schema.execute("SHOW ssl") == [(value,)])


def _dsn(schema: PostgresSchema, authority: Path, host: str) -> str:
    return make_conninfo(schema.owner, host=host, sslmode="verify-full", sslrootcert=str(authority))


def test_a_server_is_known_by_the_authority_that_the_address_names(
    postgres: Arrangement, schema: PostgresSchema, authority: Path
) -> None:
    schema.dsn = _dsn(schema, authority, "localhost")
    postgres.deliver_all()

    assert postgres.content() == DELIVERED
    with psycopg.connect(schema.dsn) as client:
        assert client.pgconn.ssl_in_use


@pytest.mark.parametrize("case", ["another host", "another authority", "no file"])
def test_a_server_whose_certificate_does_not_fit_is_refused_with_what_to_correct(
    case: str, postgres: Arrangement, schema: PostgresSchema, authority: Path, tmp_path: Path
) -> None:
    if case == "another authority":
        authority.write_bytes(certificates("localhost").authority)
    named = tmp_path / "none.crt" if case == "no file" else authority
    schema.dsn = _dsn(schema, named, "127.0.0.1" if case == "another host" else "localhost")

    with pytest.raises(SinkError, match="certificate") as caught:
        postgres.deliver_all()

    assert "sslrootcert" in str(caught.value.hint)
    assert "results are safe in the spool" in str(caught.value.hint)
    assert schema.tables() == []


def test_a_table_may_have_a_thousand_columns_half_of_them_declared(
    postgres: Arrangement, schema: PostgresSchema
) -> None:
    names = [f"c{number}" for number in range(1000)]
    wide = ", ".join(f"{name} text" for name in names)
    schema.execute(f"CREATE TABLE documents (job text, path text, {wide}, PRIMARY KEY (job, path))")
    columns = dict.fromkeys(names[:500], "{{ row.text }}")
    receipts = list(postgres.open(columns=columns).deliver([delivery(path) for path in PATHS]))
    written = [(each.path, each.stamp) for each in receipts]  # type: ignore[union-attr]

    schema.execute("UPDATE documents SET c999 = 'mine'")
    assert list(postgres.open(columns=columns).check(written)) == []
    assert schema.execute("SELECT c499, c999 FROM documents WHERE path = 'a.pdf'") == [("a.pdf", "mine")]

    schema.execute("UPDATE documents SET c400 = 'edited' WHERE path = 'a.pdf'")
    assert [path for path, _ in postgres.open(columns=columns).check(written)] == [b"a.pdf"]


@pytest.mark.parametrize(
    "table", ['it\'s "quoted"', "50%s of %", "a.b", "Größe", "select", 'x"; DROP TABLE y; --']
)
def test_names_that_need_quotes_are_names_for_drift_and_prune_too(
    table: str, postgres: Arrangement, schema: PostgresSchema
) -> None:
    sink = postgres.open(table=table)
    receipts = list(sink.deliver([delivery(path) for path in PATHS]))
    written = [(each.path, each.stamp) for each in receipts]  # type: ignore[union-attr]
    assert schema.tables() == sorted(["docbatch_delivered", table])

    options = PostgresSinkSpec.model_validate(
        {"type": "postgres", "dsn": {"env": "PG_DSN"}, "schema": schema.name, "table": table}
    )
    opening = Opening("job", options, postgres.root, b"", postgres.trash, secret=lambda _: schema.dsn)
    place = ServedPlace.of(opening, f"postgres\n{options.identity}\nrows", None)
    assert place is not None
    assert list(place.check(written)) == []  # type: ignore[arg-type]
    assert list(place.strangers()) == []
    kept: dict[bytes, bytes] = {}
    assert place.take([b"a.pdf"], kept.update) == {}
    assert place.standing([b"a.pdf", b"b/c.pdf"]) == {b"b/c.pdf"}
    assert place.put_back([(path, partial(bytes, content)) for path, content in kept.items()]) == {}
    assert list(place.check(written)) == []  # type: ignore[arg-type]
