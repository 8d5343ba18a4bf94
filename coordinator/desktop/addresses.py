"""Addresses of the engineer's (ntfy, Slack, mail, …) that are told what waits. The one importer of `apprise`.

An address holds a token: none is ever part of an error, printed or logged. They come from the engineer alone, never
from a project.
"""

import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from coordinator.errors import CoordError
from coordinator.lazy.typing import NamedTuple
from coordinator.safefiles.regular import open_regular

VARIABLE = "COORD_NOTIFY"
PATIENCE = 15.0
"""Seconds that all addresses together may take to be told."""
_MOST = 20
_LIMIT = 64 * 1024
"""Bytes of the file."""


class Addresses(NamedTuple):
    """Where to tell, and where that is written."""

    values: tuple[str, ...]
    source: str
    """For people: a variable or a file."""


def read_addresses(environ: Mapping[str, str], file: Path) -> Addresses:
    """Those of the variable, where it is set, even to nothing; else those of the file. Raises CoordError."""
    text, source = environ.get(VARIABLE), f"${VARIABLE}"
    if text is None:
        text, source = _content(file), str(file)
    lines = (line for line in text.splitlines() if not line.lstrip().startswith("#"))
    values = tuple(dict.fromkeys(word for line in lines for word in line.split()))
    if len(values) > _MOST:
        raise CoordError(f"{source} names {len(values)} addresses: nobody is told", f"leave {_MOST} of them")
    return Addresses(values, source)


def _content(file: Path) -> str:
    try:
        fd = open_regular(file)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        reason = (error.strerror or "is no file").lower()
        raise CoordError(f"{file} can't be read, nobody is told: {reason}", "check the file and its mode") from error
    with os.fdopen(fd, "rb") as stream:
        if os.fstat(fd).st_mode & 0o077:
            raise CoordError(f"others may read or write {file}: nobody is told", f"chmod 600 {file}")
        return stream.read(_LIMIT).decode(errors="replace")


def can_tell() -> bool:
    """Whether the package that it takes is installed."""
    from importlib.util import find_spec

    return find_spec("apprise") is not None


class Sender:
    """Tells addresses, each in a thread of its own that nobody waits for longer than `patience` seconds."""

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._busy: dict[str, threading.Thread] = {}

    def send(self, addresses: Sequence[str], title: str, text: str) -> tuple[int, ...]:
        """Tell them all at once; the places, from 1 on, of those that could not be told.

        Blocks, for `patience` at most. Who still has the last thing to take is left out, and could not be told.
        """
        import time

        _load()  # takes its time, which no address has to answer for
        told: set[str] = set()
        begun = [address for address in addresses if not self._is_busy(address)]
        for address in begun:
            thread = threading.Thread(target=_send, args=(address, title, text, told), daemon=True)
            self._busy[address] = thread
            thread.start()
        end = time.monotonic() + self._patience
        for address in begun:
            self._busy[address].join(max(0.0, end - time.monotonic()))
        in_time = {address for address in begun if not self._is_busy(address)} & told
        return tuple(place for place, address in enumerate(addresses, 1) if address not in in_time)

    def _is_busy(self, address: str) -> bool:
        thread = self._busy.get(address)
        return thread is not None and thread.is_alive()


def _load() -> None:
    """Import what tells, and have it say nothing by itself: its warnings name addresses."""
    import logging
    import warnings

    import apprise

    logger = logging.getLogger(apprise.__name__)
    logger.propagate = False
    logger.setLevel(logging.CRITICAL + 1)
    warnings.filterwarnings("ignore", module="urllib3")


def _send(address: str, title: str, text: str, told: set[str]) -> None:
    import apprise

    # without a limit of its own: for that it has threads that a process waits for before it ends
    asset = apprise.AppriseAsset(app_id="coord", async_mode=False, service_timeout=0, storage_mode="memory")
    try:
        service = apprise.Apprise.instantiate(address, asset=asset)
        if service is None:
            return
        services = apprise.Apprise(asset=asset)
        services.add(service)
        if services.notify(title=title, body=text, body_format=apprise.NotifyFormat.TEXT):
            told.add(address)
    except Exception:  # a hundred services, each with errors of its own: what they say may hold the address
        return
