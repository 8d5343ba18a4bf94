"""The conversation on the screen: how late its words are, and what scrolling a long answer costs a frame.

`coord` itself runs on a pseudo terminal; in the place of its voice is a pipe that the measurement writes into. Beside
each figure stands an app of Textual with one word in it, which shows another one that it reads from a pipe: measured in
turns, so that what else the machine does is in both.
"""

import contextlib
import json
import os
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from bench.painted import Painted
from bench.report import Row, print_rows
from bench.stage import Stage, stage

PROMPTS = 100
SAMPLES = 40
TOKENS = 20_000
STEPS = 150
"""Steps of scrolling, of a line and of a page in turns."""
REST = 0.05
"""Seconds between two words: each finds the screen at rest."""
Echo = Callable[[], float]
_SECTION = """\
## Part {n}

The **bucket** of `route {n}` is refilled with what has *passed* since the last request, and never with less than
nothing. A clock may step back, which has to be [looked at](https://example.org/{n}) before anything is compared.

- the first thing to be done about part {n}, with enough words to be wrapped once in a panel of this width and more
- the second

```python
def refill_{n}(self, now: float) -> None:
    passed = max(0.0, now - self.last)  # part {n}
    self.tokens = min(self.size, self.tokens + passed * {n}.5)
```

"""


def main() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="coord-bench-") as folder, stage(PROMPTS) as shown:
        with _echo(Path(folder)) as echo, _chat(shown, Path(folder)) as (screen, voice):
            rows = _words("first token over the wire → painted", screen, voice, echo, 30, ends=True)
            _answer(screen, voice)
            rows += _words(f"a word after {TOKENS:,} tokens → painted", screen, voice, echo, 50, ends=False)
            _say(voice, {"type": "turn_end"})
            rows += _scrolled(screen, echo)
        return rows


def _words(name: str, screen: Painted, voice: BinaryIO, echo: Echo, target: float, *, ends: bool) -> list[Row]:
    """From each word until the terminal has it; each the first of a turn, or all in one."""
    late, floor = [], []
    for _ in range(SAMPLES):
        floor.append(echo())
        screen.rest(REST)
        screen.forget()
        token = secrets.token_hex(5)
        start = time.perf_counter()
        _say(voice, {"type": "text", "delta": f"{token} "})
        late.append((screen.wait_for(token) - start) * 1e3)
        if ends:
            _say(voice, {"type": "turn_end"})
    p50, p95 = statistics.median(late), statistics.quantiles(late, n=20)[-1]
    of, least = "a word in an app with one", statistics.median(floor)
    return [Row(f"{name}, p50", p50, "ms", of, least), Row(f"{name}, p95", p95, "ms", of, least, target_value=target)]


def _answer(screen: Painted, voice: BinaryIO) -> None:
    """A long answer, in words as they come from a model."""
    text, n = "", 0
    while len(text) < TOKENS * 4:
        n += 1
        text += _SECTION.format(n=n)
    for at in range(0, len(text), 400):
        _say(voice, *({"type": "text", "delta": text[place : place + 4]} for place in range(at, at + 400, 4)))
        screen.rest(0.002)
    _say(voice, {"type": "text", "delta": "\n\nthe end of it\n\n"})
    screen.wait_for("the end of it")


def _scrolled(screen: Painted, echo: Echo) -> list[Row]:
    """From a key to the frame that it makes, over a long answer."""
    screen.press("\t")  # from the words to the text
    screen.rest(0.3)
    late, floor = [], []
    for step in range(STEPS):
        floor.append(echo())
        key = ("\x1b[A", "\x1b[5~", "\x1b[A", "\x1b[B")[step % 4]
        screen.rest(REST / 2)
        screen.forget()
        start = time.perf_counter()
        screen.press(key)
        screen.next()
        late.append((time.perf_counter() - start) * 1e3)
    p50, most = statistics.median(late), max(late)
    name, of = f"{TOKENS:,} tokens: a step of scrolling → painted", "a word in an app with one"
    return [
        Row(f"{name}, p50", p50, "ms", of, statistics.median(floor)),
        Row(f"{name}, the longest of {STEPS}", most, "ms", of, max(floor), target_value=50),
    ]


# ── tools


def _say(voice: BinaryIO, *messages: dict[str, str]) -> None:
    voice.write("".join(json.dumps(message) + "\n" for message in messages).encode())
    voice.flush()


@contextlib.contextmanager
def _chat(shown: Stage, folder: Path) -> Iterator[tuple[Painted, BinaryIO]]:
    """The conversation on the screen, opened and at rest, and the pipe that its voice reads from."""
    pipe = folder / "voice"
    os.mkfifo(pipe)
    program = (
        "from coordinator.client import chatting; "
        f"chatting.voice_command = lambda root: ['cat', {str(pipe)!r}]; "
        "from coordinator.cli.main import program; program()"
    )
    command = [sys.executable, "-c", program, "-C", str(shown.layout.root)]
    with Painted(command, shown.project.environment()) as screen:
        screen.wait_for(shown.title(1))
        screen.rest(2)
        screen.press("c")
        with open(pipe, "wb") as voice:
            _say(voice, {"type": "ready", "voice": "api", "model": "bench-model"})
            screen.wait_for("bench-model")
            screen.rest(2)
            yield screen, voice


@contextlib.contextmanager
def _echo(folder: Path) -> Iterator[Echo]:
    """An app with one word; what is given takes another one there, and tells how many milliseconds that took."""
    fifo = folder / "told"
    os.mkfifo(fifo)
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    with Painted([sys.executable, "-m", "bench.trivial", "echo", str(fifo)], environ) as app:
        app.wait_for("hello")
        with open(fifo, "wb", buffering=0) as pipe:

            def word() -> float:
                app.rest(REST / 5)
                app.forget()
                token = secrets.token_hex(5)
                start = time.perf_counter()
                pipe.write(f"{token}\n".encode())
                return (app.wait_for(token) - start) * 1e3

            yield word


if __name__ == "__main__":
    print_rows(main())
