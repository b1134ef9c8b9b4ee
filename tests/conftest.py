"""What holds for every test."""

import gc
import os
import resource
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.first_state import built_once

pytest.register_assert_rewrite("tests.fake")
pytest_plugins = ["docbatch.testing.plugin"]


# No test judges by a clock, and what an example takes is that of a busy machine.
settings.register_profile("full", max_examples=100, deadline=None)
settings.register_profile("short", max_examples=20, deadline=None)


@pytest.fixture(autouse=True)
def _own_memory() -> Iterator[None]:
    """Take back what a worker's code that ran in this process has limited: no worker goes on after its document as tests do."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.fixture(autouse=True, scope="session")
def _first_state() -> Iterator[None]:
    with built_once():
        yield


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name cases of bytes by their place: workers must collect the same names, and bytes may hold a time."""
    return argname if isinstance(val, bytes) and not (val.isascii() and val.decode().isprintable()) else None


def pytest_configure(config: pytest.Config) -> None:
    """Try fewer examples where the long forms are left out."""
    gc.disable()
    settings.load_profile("short" if config.option.markexpr == "not full" else "full")
    # Where a collector is named for the tests themselves, commands they run would send it theirs.
    for name in [each for each in os.environ if each.startswith("OTEL_")]:
        del os.environ[name]
    # Started in the background of a shell, tests would pass on to the commands they run that Ctrl-C is ignored.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Collect garbage from here on, and never look through thousands of tests for it: they stay until the end."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()
