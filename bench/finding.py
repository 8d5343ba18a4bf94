"""From a key to what it finds among 1,000 prompts: filtering while one types, and going to a number.

`coord` itself on a pseudo terminal; beside it stands an app of Textual that shows the key that was pressed.
"""

import os
import statistics
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter

from bench.painted import Painted
from bench.report import Row, print_rows
from bench.stage import Stage, stage

PROMPTS = 1_000
ROUNDS = 12
REST = 0.05
"""Seconds between two keys: each finds the screen at rest."""
MOST = 50.0
"""Milliseconds that a key may take."""
WORDS = "many 7"
"""What is typed; one more letter each time leaves other prompts out."""


def main() -> list[Row]:
    with stage(PROMPTS) as shown, Painted(shown.coord(), shown.project.environment()) as screen:
        screen.wait_for(shown.title(1))
        screen.rest(3)
        filtered = [ms for _ in range(ROUNDS) for ms in _filter(screen)]
        jumped = [_jump(screen, number) for number in _numbers()]
    floor = _floor()
    rows = _rows(f"a key of a filter → painted, {PROMPTS:,} prompts", filtered, floor)
    return rows + _rows(f"a number and enter → painted, {PROMPTS:,} prompts", jumped, floor)


def _filter(screen: Painted) -> Iterator[float]:
    """Type a filter letter by letter; the border says what is left, once the rows are those that fit."""
    _late(screen, "/", lambda: screen.wait_for("keep"))
    for end in range(1, len(WORDS) + 1):
        text = WORDS[:end]
        if not text.endswith(" "):
            yield _late(screen, text[-1], lambda text=text: screen.wait_for(f"{text}: "))  # type: ignore[misc]
        else:
            screen.press(" ")
    screen.press("\x1b")
    screen.rest(0.4)  # an escape alone is told from the beginning of another key by a wait


def _jump(screen: Painted, number: int) -> float:
    """Go to a prompt that is out of sight; only the last key is measured."""
    for digit in str(number):
        screen.press(digit)
    return _late(screen, "\r", lambda: screen.wait_for(Stage.title(number)))


def _numbers() -> Iterator[int]:
    """Far from each other, each with more digits than name a panel."""
    return (100 + (index * 371) % 850 for index in range(ROUNDS * 2))


def _late(screen: Painted, key: str, painted: Callable[[], float]) -> float:
    """Milliseconds from a key until the terminal has what it asks for."""
    screen.rest(REST)
    screen.forget()
    start = perf_counter()
    screen.press(key)
    return (painted() - start) * 1e3


def _floor() -> float:
    """Milliseconds until an app with one word shows the key that was pressed; the median."""
    words = [sys.executable, "-m", "bench.trivial", "keys"]
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    with Painted(words, environ) as app:
        app.wait_for("hello")
        return statistics.median(_late(app, key, lambda key=key: app.wait_for(f"<{key}>")) for key in "abcdefghij" * 3)  # type: ignore[misc]


def _rows(name: str, late: list[float], floor: float) -> list[Row]:
    p50, p95 = statistics.median(late), statistics.quantiles(late, n=20)[-1]
    of = "a key in an app with one word"
    return [Row(f"{name}, p50", p50, "ms", of, floor), Row(f"{name}, p95", p95, "ms", of, floor, target_value=MOST)]


if __name__ == "__main__":
    print_rows(main())
