"""The key of an encrypted state: what is derived from it, and whether it is the one that a state was written with."""

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

from docbatch.core.errors import CredentialsError, GuardRefused, UsageError
from docbatch.state.remote.sealed_text import altered

LENGTH = 32
"""Bytes of a key, of AES-256 and of what is derived."""
_NONCE = 12
_ID = 8
_NEXT = "nothing was sent or changed; "


@dataclass(frozen=True, slots=True)
class StateKey:
    """Keys for one project, derived from one by HKDF (RFC 5869): one for names, one for contents.

    `id` is derived as well, and stands where everybody may read it: it tells a wrong key from what was altered, and says
    nothing about the key.
    """

    id: str
    names: bytes = field(repr=False)
    contents: bytes = field(repr=False)

    @classmethod
    def of(cls, secret: bytes, project: str) -> "StateKey":
        """Derive what is needed of a key of `LENGTH` random bytes. Raises UsageError without the extra."""
        return cls(
            _derived(secret, project, "id")[:_ID].hex(),
            _derived(secret, project, "names"),
            _derived(secret, project, "contents"),
        )

    def digest(self, content: bytes) -> str:
        """Return a digest that nobody without the key can tell from that of another content."""
        return hmac.new(self.names, content, hashlib.sha256).hexdigest()

    def encrypted(self, name: str, content: bytes) -> bytes:
        """Encrypt what is to stand under a name by AES-256-GCM: a nonce, drawn anew for each, then the rest.

        Bound to the name, so that objects cannot be exchanged. NIST SP 800-38D allows 2^32 of one key with drawn nonces.
        """
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - an extra

        nonce = secrets.token_bytes(_NONCE)
        return nonce + AESGCM(self.contents).encrypt(nonce, content, name.encode())

    def decrypted(self, name: str, stored: bytes) -> bytes:
        """Return what was encrypted under a name. Raises AlteredState where it is anything else."""
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - an extra
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - an extra

        try:
            return AESGCM(self.contents).decrypt(stored[:_NONCE], stored[_NONCE:], name.encode())
        except (InvalidTag, ValueError):
            raise altered(name, "it was not encrypted as what it stands for") from None


def read_secret(text: str) -> bytes:
    """Return the key that a text gives, as 64 hexadecimal digits or in Base64. Raises CredentialsError."""
    stripped = text.strip()
    for read in (bytes.fromhex, _from_base64):
        try:
            found = read(stripped)
        except ValueError:
            continue
        if len(found) == LENGTH:
            return found
    raise CredentialsError(
        f"the encryption key of the state is not {LENGTH} bytes in Base64 or hexadecimal",
        hint=_NEXT
        + f"make one with: openssl rand -base64 {LENGTH}; without the key that was used, what is encrypted cannot be read any more",
    )


def require_key(said: str | None, key: StateKey | None) -> None:
    """Refuse a key that a state was not written with. `said` is what stands there: the id of its key, None without one.

    Raises CredentialsError, GuardRefused.
    """
    given = None if key is None else key.id
    if said == given:
        return
    if said is None:
        raise GuardRefused(
            "the state in the store is not encrypted, and this project gives it a key",
            hint=_NEXT
            + "take 'encryption' out of docbatch.yaml, or give the state another prefix and move it there",
        )
    if given is None:
        raise CredentialsError(
            "the state in the store is encrypted, and this project gives no key for it",
            hint=_NEXT + "name the key in docbatch.yaml, as in 'state: {encryption: {key: env:NAME}}'",
        )
    raise CredentialsError(
        f"the state in the store is encrypted with another key: with {said}, and this is {given}",
        hint=_NEXT + "give the key which it was written with",
    )


def _derived(secret: bytes, project: str, purpose: str) -> bytes:
    if len(secret) != LENGTH:
        raise ValueError(f"a key of {LENGTH} bytes is needed")
    try:
        from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415 - an extra
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: PLC0415 - an extra
    except ImportError:
        raise UsageError(
            "a state cannot be encrypted without the extra 'encryption'",
            hint="pip install 'docbatch[encryption]', then run the same command again",
        ) from None
    # A project cannot bear a line feed: what is derived for one is derived for no other.
    info = f"docbatch/state/1\n{purpose}\n{project}".encode()
    return HKDF(algorithm=SHA256(), length=LENGTH, salt=None, info=info).derive(secret)


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError from None
