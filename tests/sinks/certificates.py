"""An authority made on the spot, and a certificate that it signed for one host."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


class Certificates(NamedTuple):
    """PEM of the authority, and of a server's certificate and key."""

    authority: bytes
    certificate: bytes
    key: bytes


def certificates(host: str) -> Certificates:
    """Make a server's certificate for a host name, and who signed it."""
    root, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"authority {secrets.token_hex(4)}")])
    signed = _signed(named, named, root, root, x509.BasicConstraints(ca=True, path_length=0))
    server = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    given = _signed(server, named, key, root, x509.SubjectAlternativeName([x509.DNSName(host)]))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Certificates(signed.public_bytes(Encoding.PEM), given.public_bytes(Encoding.PEM), private)


def _signed(
    name: x509.Name,
    by: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
) -> x509.Certificate:
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(by, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
    return made.add_extension(extension, critical=False).sign(signer, hashes.SHA256())
