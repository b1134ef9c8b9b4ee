"""Which addresses a vendor's answer may lead to: a table of what is public, and of what only looks like it."""

from ipaddress import ip_address

import pytest

from docbatch.providers.http.addresses import is_public

PUBLIC = (
    "1.1.1.1",
    "52.216.0.1",
    "100.63.255.255",
    "100.128.0.1",
    "168.63.129.15",
    "172.32.0.1",
    "192.0.1.1",
    "223.255.255.254",
    "2606:4700:4700::1111",
    "2a00:1450:4001:81b::200e",
    "2001:4860:4860::8888",
    "::ffff:1.1.1.1",
    "64:ff9b::1.1.1.1",
    "2002:101:101::1",
)
NOT_PUBLIC = (
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::1.1.1.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:192.0.0.192",
    "::ffff:0:127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::168.63.129.16",
    "64:ff9b:1::1",
    "64:ff9b:1::1.1.1.1",
    "100::1",
    "2001::1",
    "2001:0:102:304::f5ff:fffe",
    "2001:2::1",
    "2001:10::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:a9fe:a9fe::1",
    "2002:c0a8:1::1",
    "2a00:1450::5efe:10.0.0.1",
    "2a00:1450::200:5efe:127.0.0.1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
)


@pytest.mark.parametrize("text", PUBLIC)
def test_an_address_of_the_open_internet_is_public(text: str) -> None:
    assert is_public(ip_address(text))


@pytest.mark.parametrize("text", NOT_PUBLIC)
def test_an_address_of_a_network_of_ones_own_is_not_whatever_it_is_wrapped_in(text: str) -> None:
    assert not is_public(ip_address(text))
