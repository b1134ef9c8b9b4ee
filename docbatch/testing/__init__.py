"""A kit that judges a provider as docbatch judges its own: see docs/plugins-testing.md."""

try:
    import pytest  # noqa: F401 - said here, in words, before the first module that needs it
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        "docbatch.testing needs pytest, which comes with the extra: pip install 'docbatch[testing]'",
        name="pytest",
    ) from missing

from docbatch.emulators.server import Request
from docbatch.state.records import Frozen
from docbatch.testing.attempt import Vendor
from docbatch.testing.conformance import CrashMatrix, ProviderContract
from docbatch.testing.matrix import Matrix

__all__ = ["CrashMatrix", "Frozen", "Matrix", "ProviderContract", "Request", "Vendor"]
