"""Telling one version of a file from the next: SHA-256, from wherever it loads fastest."""

import importlib
from collections.abc import Callable

from coordinator.lazy.typing import Protocol


class Hash(Protocol):
    """A hash that is under way."""

    def update(self, data: bytes, /) -> None: ...

    def hexdigest(self) -> str: ...


def hasher(count: int = 1) -> Callable[[bytes], Hash]:
    """A SHA-256 constructor for about `count` files: OpenSSL is 4 × as fast, but takes 2 ms to load."""
    for name in ("hashlib",) if count > 400 else ("_sha2", "_sha256", "hashlib"):
        try:
            found: Callable[[bytes], Hash] = importlib.import_module(name).sha256
        except ImportError:
            continue
        return found
    raise AssertionError("every Python has hashlib")


_sha256 = hasher()


def sha256(data: bytes) -> str:
    """The fingerprint of a version: SHA-256, hex."""
    return _sha256(data).hexdigest()
