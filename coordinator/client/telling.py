"""Tells the engineer's own addresses what waits, beside the desktop's notification; whoever tells waits for nothing."""

import os
import threading
from collections.abc import Callable
from queue import SimpleQueue

from coordinator.desktop import addresses
from coordinator.desktop.addresses import Addresses, can_tell, read_addresses
from coordinator.errors import CoordError
from coordinator.lazy import regex
from coordinator.model.problem import Problem
from coordinator.model.text import plain
from coordinator.secrets.redaction import redact
from coordinator.storage.paths import config_folder

FILE = "notify"
"""In the folder of the user's settings."""
_MISSING = "the package `apprise` is missing"
_INSTALL = "pip install 'coord[notify]'"
_TITLE, _TEXT = 100, 600
"""Characters that are told at most."""
_MOST_WAITING = 20
"""Words that are told later, while addresses are slow; what comes then is not told."""
_CALLS = regex.compile(r"<(?=[@!#])|(?<!\w)@(?=\w)")
_JOINER = "\u2060"
"""Holds no column, and keeps an agent's words from calling everybody in a room of chat."""


def own_addresses() -> Addresses:
    """The engineer's; none of them is ever shown. Raises CoordError."""
    return read_addresses(os.environ, config_folder() / FILE)


def telling(text: str, most: int) -> str:
    """A text as it may leave this machine: a line without secrets and control characters, `most` characters long."""
    text = _CALLS.sub(rf"\g<0>{_JOINER}", redact(plain(text)))
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


class Teller:
    """Tells all addresses, one thing after the other, in a thread of its own; a trouble is told once."""

    def __init__(self, failed: Callable[[CoordError], None], patience: float = addresses.PATIENCE) -> None:
        """`failed` is called from a thread; `patience`: seconds that one thing may take."""
        self._failed, self._sender = failed, addresses.Sender(patience)
        self._things: SimpleQueue[tuple[str, str]] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._said: set[str] = set()
        self._closed = False

    def tell(self, title: str, text: str) -> None:
        """Tell it soon; returns at once."""
        if self._things.qsize() >= _MOST_WAITING:
            return
        self._things.put((title, text))
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Nothing more is told of what fails."""
        self._closed = True

    def _work(self) -> None:
        while not self._closed:
            title, text = self._things.get()
            try:
                self._tell(title, text)
            except CoordError as error:
                if error.message not in self._said and not self._closed:
                    self._said.add(error.message)
                    self._failed(error)

    def _tell(self, title: str, text: str) -> None:
        own = own_addresses()
        if not own.values:
            return
        if not can_tell():
            raise CoordError(f"{_amount(own)} can't be told what waits: {_MISSING}", _INSTALL)
        missed = self._sender.send(own.values, telling(title, _TITLE), telling(text, _TEXT))
        if missed:
            message = f"{len(missed)} of {_amount(own)} could not be told what waits"
            raise CoordError(message, "`coord doctor --notify` tries each")


def examine_addresses(tries: bool, problems: list[Problem], notes: list[str]) -> None:
    """Say how many addresses there are and whether they can be told; with `tries`, tell each a word."""
    try:
        own = own_addresses()
    except CoordError as error:
        problems.append(_problem("unreadable", plain(error.message), plain(error.remedy)))
        return
    if not own.values:
        if tries:
            problems.append(_problem("no-address", "no address is told what waits", _where()))
    elif not can_tell():
        problems.append(_problem("missing-package", f"{_amount(own)} can't be told what waits: {_MISSING}", _INSTALL))
    else:
        many = "is" if len(own.values) == 1 else "are"
        notes.append(f"{_amount(own)} of {plain(own.source)} {many} told what waits")
        if tries:
            _try(own, problems, notes)


def _try(own: Addresses, problems: list[Problem], notes: list[str]) -> None:
    missed = addresses.Sender().send(own.values, "coord", "This address is told what waits for you.")
    for place in range(1, len(own.values) + 1):
        which = f"address {place} of {len(own.values)}"
        if place in missed:
            remedy = f"look at it in {plain(own.source)}, and whether this machine reaches it"
            problems.append(_problem("not-told", f"{which} could not be told", remedy))
        else:
            notes.append(f"{which} was told")


def _problem(code: str, message: str, remedy: str) -> Problem:
    return Problem("notify", 0, code, message, remedy)


def _where() -> str:
    return f"write them into {plain(str(config_folder() / FILE))} (mode 600), or into ${addresses.VARIABLE}"


def _amount(own: Addresses) -> str:
    return f"{len(own.values)} address" + ("" if len(own.values) == 1 else "es")
