"""The provider is judged as docbatch judges its own."""

from pigeon import VENDOR

from docbatch.testing import CrashMatrix, ProviderContract


class TestContract(ProviderContract):
    vendor = VENDOR


class TestCrashes(CrashMatrix):
    vendor = VENDOR
