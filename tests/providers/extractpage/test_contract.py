"""The promises that every provider makes, kept by this one."""

from docbatch.testing import ProviderContract
from tests.providers.extractpage.test_matrix import vendor


class TestContract(ProviderContract):
    vendor = vendor()
