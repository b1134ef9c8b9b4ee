"""Which hosts are a vendor's own, and get credentials without being asked for twice."""

import pytest

from docbatch.stores.settings import StoreType, is_own_host


@pytest.mark.parametrize(
    ("store", "host"),
    [
        ("s3", "s3.amazonaws.com"),
        ("s3", "s3.eu-central-1.amazonaws.com"),
        ("s3", "s3-us-west-2.amazonaws.com"),
        ("s3", "s3-fips.dualstack.us-gov-west-1.amazonaws.com"),
        ("s3", "s3.dualstack.eu-west-1.amazonaws.com"),
        ("s3", "s3.cn-north-1.amazonaws.com.cn"),
        ("s3", "s3-accelerate.amazonaws.com"),
        ("s3", "docs.s3.eu-central-1.amazonaws.com"),
        ("s3", "bucket.vpce-1a2b3c4d-5e6f.s3.us-east-1.vpce.amazonaws.com"),
        ("s3", "docs-123456789012.s3-accesspoint.us-west-2.amazonaws.com"),
        ("s3", "s3express-use1-az4.us-east-1.amazonaws.com"),
        ("gcs", "storage.googleapis.com"),
        ("azure", "acme.blob.core.windows.net"),
        ("azure", "acme.blob.core.usgovcloudapi.net"),
    ],
)
def test_a_vendor_has_hosts_of_its_own(store: StoreType, host: str) -> None:
    assert is_own_host(store, host)


@pytest.mark.parametrize(
    ("store", "host"),
    [
        ("s3", "abcde12345.execute-api.eu-central-1.amazonaws.com"),
        ("s3", "s3-docs-1234.eu-central-1.elb.amazonaws.com"),
        ("s3", "ec2-192-0-2-1.compute-1.amazonaws.com"),
        ("s3", "amazonaws.com"),
        ("s3", "s3.eu-central-1.amazonaws.com.example"),
        ("s3", "nots3.amazonaws.com"),
        ("gcs", "storage.googleapis.com.example"),
        ("gcs", "notstorage.googleapis.com"),
        ("azure", "acme.blob.core.windows.net.example"),
        ("azure", "blob.core.windows.net"),
    ],
)
def test_hosts_of_its_customers_and_of_others_are_none(store: StoreType, host: str) -> None:
    assert not is_own_host(store, host)
