"""The least that an app of Textual can be: what the screen is measured beside. `python -m bench.trivial NAME`.

`hello` shows a word, `clock` a time that changes every second, `echo FIFO` the newest line of a named pipe, `keys` the
key that was pressed.
"""

import sys
import threading
import time

from textual.app import App, ComposeResult
from textual.events import Key
from textual.widgets import Static


class Trivial(App[None]):
    """One word."""

    def compose(self) -> ComposeResult:
        yield Static("hello", markup=False)

    def show(self, text: str) -> None:
        self.query_one(Static).update(text)


class Clock(Trivial):
    """The time, every second."""

    def on_mount(self) -> None:
        self.set_interval(1.0, lambda: self.show(time.strftime("%H:%M:%S")))


class Keys(Trivial):
    """The key that was pressed last."""

    def on_key(self, event: Key) -> None:
        self.show(f"<{event.character}>")


class Echo(Trivial):
    """What it is told."""

    def on_mount(self) -> None:
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with open(sys.argv[2]) as told:
            for line in told:
                self.call_from_thread(self.show, line.strip())


if __name__ == "__main__":
    {"hello": Trivial, "clock": Clock, "echo": Echo, "keys": Keys}[sys.argv[1]]().run()
