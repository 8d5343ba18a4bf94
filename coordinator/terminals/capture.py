"""Reading panes: what to ask tmux for, and how its answer becomes a screen."""

import itertools
import os
from collections.abc import Iterable

from coordinator.lazy import regex
from coordinator.lazy.dataclass import dataclass
from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.pane_screen import Screen
from coordinator.terminals.errors import TerminalError
from coordinator.terminals.screen import parse

if TYPE_CHECKING:
    from coordinator.terminals.server import Terminals

HEADER = "#{pane_width} #{pane_height} #{cursor_x} #{cursor_y} #{cursor_flag}"
"""Printed before a capture in the same message, hence true of it."""
OPTIONS = ("-e", "-N")
"""Colours, and blanks at the end of a line: they may have a background."""

_BATCH = 60
"""Panes of one message: tmux takes 16 KB."""
_GONE = regex.compile(r"can't find pane: (%[0-9]+)")


@dataclass(frozen=True, slots=True)
class Header:
    """Size and cursor of a pane at the moment of its capture."""

    width: int
    height: int
    cursor: tuple[int, int] | None

    def screen(self, capture: bytes) -> Screen:
        return parse(capture, self.width, self.height, self.cursor)


def parse_header(line: bytes) -> Header:
    """Read a line printed by `HEADER`; ValueError if it is none."""
    width, height, x, y, shown = (int(word) for word in line.split())
    return Header(width, height, (x, y) if shown else None)


def read_panes(terminals: "Terminals", panes: Iterable[str]) -> dict[str, Screen]:
    """Read many panes by one process for each 60 of them; panes that are gone are left out.

    Raises TerminalError when tmux can't be asked at all.
    """
    screens: dict[str, Screen] = {}
    wanted = iter(panes)
    while batch := list(itertools.islice(wanted, _BATCH)):
        screens.update(_read_batch(terminals, batch))
    return screens


def _read_batch(terminals: "Terminals", panes: list[str]) -> dict[str, Screen]:
    while panes:
        seal = os.urandom(8).hex()  # what a program printed can't be taken for the head of the next pane
        words: list[str] = []
        for pane in panes:
            words += [";", "display-message", "-p", "-t", pane, f"{seal} #{{pane_id}} {HEADER}"]
            words += [";", "capture-pane", *OPTIONS, "-p", "-t", pane]
        try:
            return dict(_split(terminals.run(*words[1:]), seal))
        except TerminalError as error:
            gone = _GONE.search(error.message)
            if gone is None or gone[1] not in panes:
                raise
            panes = [pane for pane in panes if pane != gone[1]]
    return {}


def _split(printed: bytes, seal: str) -> Iterable[tuple[str, Screen]]:
    for part in printed.split(seal.encode() + b" ")[1:]:
        head, _, capture = part.partition(b"\n")
        pane, _, line = head.partition(b" ")
        yield pane.decode(), parse_header(line).screen(capture)
