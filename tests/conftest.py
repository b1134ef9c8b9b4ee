"""What holds for every test."""

import signal

import pytest

pytest.register_assert_rewrite("tests.fake")
pytest_plugins = ["docbatch.testing.plugin"]


def pytest_configure() -> None:
    """Started in the background of a shell, tests would pass on to the commands they run that Ctrl-C is ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
