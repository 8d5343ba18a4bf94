"""The hash chain: how a row becomes the bytes that its hash is taken over.

The canonical form of a row is a JSON array of its columns in the order of the table, without the hash itself:

    [seq, id, ts, run, iteration, actor_kind, actor, kind, subject, data, prev_hash]

written with no white space, every character outside ASCII as `\\uXXXX` in lower case (surrogate pairs above the basic
plane), `null` for a missing run or iteration, and `data` as the string that stands in the column, not as an object.
The hash is the SHA-256 of these bytes, in lower-case hex. The first row's `prev_hash` is 64 zeros.
"""

import json
from collections.abc import Callable

from coordinator.formats.digest import Hash, hasher

GENESIS = "0" * 64

Cell = str | int | None

_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), check_circular=False).encode
_SHA256 = hasher()


def row_hash(columns: tuple[Cell, ...], sha256: Callable[[bytes], Hash] = _SHA256) -> str:
    """Hash of a row, given its columns from `seq` to `prev_hash`; `sha256` is for who takes many."""
    return sha256(_encode(columns).encode("ascii")).hexdigest()
