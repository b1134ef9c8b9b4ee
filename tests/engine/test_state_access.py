"""How a state in a store is reached: its credentials, the hosts that get them, and the key of its encryption."""

import base64
import sys
from pathlib import Path

import pytest

from docbatch.core.errors import CredentialsError
from docbatch.engine.connections.state_stores.access import StateAccess
from docbatch.specs.project_file import load_project
from docbatch.specs.values import StateInStore

KEY = bytes(range(200, 232))
STORE = "{type: s3, bucket: docs, access_key: {env: LAKE_ID}, secret_key: {file: secret}}"


def state(
    root: Path, key: str = "{env: STATE_KEY}", store: str = STORE, *, untrusted: bool = False
) -> StateInStore:
    (root / "docbatch.yaml").write_text(
        f"project: {{id: pabcdef012345}}\nstores:\n  lake: {store}\n"
        f"state: {{store: lake, prefix: state/, encryption: {{key: {key}}}}}\n"
    )
    found = load_project(root, untrusted=untrusted).state_store
    assert found is not None
    return found


def refused(access: StateAccess) -> str:
    """Return what is told of a key that cannot be had."""
    with pytest.raises(CredentialsError) as error:
        access.key()
    return f"{error.value.message} ({error.value.hint})"


def printing(root: Path) -> str:
    """Return a reference to a command that leaves a file behind."""
    (root / "print_key.py").write_text(f"open('ran', 'w')\nprint('{KEY.hex()}')")
    return f"{{command: ['{sys.executable}', print_key.py]}}"


def test_credentials_are_looked_up_when_they_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    access = StateAccess(state(tmp_path), tmp_path)
    with pytest.raises(CredentialsError, match="store 'lake' needs the environment variable LAKE_ID"):
        access.settings()
    monkeypatch.setenv("LAKE_ID", "the-id")
    (tmp_path / "secret").write_text("the-secret\n")

    settings = access.settings()

    assert settings.identity == "s3://docs"
    assert settings.credentials == {"access_key_id": "the-id", "secret_access_key": "the-secret"}


def test_another_host_gets_none_but_where_both_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKE_ID", "the-id")
    (tmp_path / "secret").write_text("the-secret")
    foreign = STORE.replace("docs,", "docs, allow_host: true, endpoint: 'https://minio.example.com',")
    with pytest.raises(
        CredentialsError, match=r"store 'lake' would send its credentials to minio\.example\.com"
    ):
        StateAccess(state(tmp_path, store=foreign), tmp_path).settings()

    assert StateAccess(state(tmp_path, store=foreign), tmp_path, {"lake"}).settings().endpoint is not None
    with pytest.raises(CredentialsError, match="would send its credentials"):
        StateAccess(
            state(tmp_path, store=foreign.replace("allow_host: true, ", "")), tmp_path, {"lake"}
        ).settings()


@pytest.mark.parametrize(
    "text",
    [base64.b64encode(KEY).decode(), KEY.hex(), KEY.hex().upper(), f" {KEY.hex()}\n"],
)
def test_a_key_is_32_bytes_in_one_of_two_forms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("STATE_KEY", text)

    assert StateAccess(state(tmp_path), tmp_path).key() == KEY


@pytest.mark.parametrize(
    "text",
    [
        KEY.hex()[:-2],
        KEY.hex()[:-1] + "g",
        KEY.hex()[:-3] + " " + KEY.hex()[-2:],
        base64.b64encode(KEY[:31]).decode(),
        base64.b64encode(KEY + b"x").decode(),
        base64.b64encode(KEY).decode().rstrip("="),
        base64.b64encode(KEY).decode()[:-2] + "*=",
        base64.b64encode(KEY).decode().replace("=", "*="),
        "a phrase that somebody remembers",
    ],
)
def test_anything_else_is_no_key_and_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("STATE_KEY", text)

    told = refused(StateAccess(state(tmp_path), tmp_path))

    assert "the encryption key of the state is not 32 bytes in Base64 or hexadecimal" in told
    assert "openssl rand -base64 32" in told
    assert text[:12] not in told


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("{env: STATE_KEY}", "the state needs the environment variable STATE_KEY, which is not set"),
        ("{file: no/such}", "the state: the key file "),
        ("{file: empty}", "the encryption key of the state is empty or no key at all (file empty)"),
        ("{command: ['false']}", "the state: the key command 'false' failed, with exit code 1"),
    ],
)
def test_a_key_that_is_not_there_is_told_as_the_state_s(tmp_path: Path, key: str, said: str) -> None:
    (tmp_path / "empty").touch()

    assert said in refused(StateAccess(state(tmp_path, key), tmp_path))


def test_a_state_may_be_not_encrypted(tmp_path: Path) -> None:
    plain = StateInStore(state(tmp_path).store, "state/")

    assert StateAccess(plain, tmp_path).key() is None


def test_who_only_looks_runs_no_command(tmp_path: Path) -> None:
    declared = state(tmp_path, printing(tmp_path), STORE.replace("{env: LAKE_ID}", printing(tmp_path)))

    looking = StateAccess(declared, tmp_path, looks=True)

    assert "none is run for who only looks" in refused(looking)
    with pytest.raises(CredentialsError, match="none is run for who only looks"):
        looking.settings()
    assert not (tmp_path / "ran").exists()
    assert StateAccess(declared, tmp_path).key() == KEY


def test_nothing_is_looked_up_offline_or_of_a_project_that_is_not_trusted(tmp_path: Path) -> None:
    by_command = printing(tmp_path)

    offline = StateAccess(state(tmp_path, by_command), tmp_path, offline=True)
    untrusted = StateAccess(state(tmp_path, by_command, untrusted=True), tmp_path)

    for access in (offline, untrusted):
        assert "the state lies in store 'lake'" in refused(access)
        with pytest.raises(CredentialsError, match="not looked at"):
            access.settings()
    assert not (tmp_path / "ran").exists()
