"""What a test killed, where, and what came of it: a line of JSON each, for the page that `make proof` writes."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Trial:
    """One kill. `came` says how the work stood when it was found; a trial that fails says so itself."""

    def __init__(self) -> None:
        self.came = "whole"


@contextmanager
def trial(what: str, *, at: str = "", phase: str = "") -> Iterator[Trial]:
    """Note a trial in the folder that COORD_PROOF names, if it does. `what` was killed at a kind of call or event.

    An assertion that fails in it counts as something lost.
    """
    made = Trial()
    lost = ""
    try:
        yield made
    except BaseException as error:
        lost = (str(error) or type(error).__name__).splitlines()[0][:200]
        raise
    finally:
        _note({"what": what, "at": at, "phase": phase, "came": made.came, "lost": lost})


def _note(values: dict[str, str]) -> None:
    folder = os.environ.get("COORD_PROOF", "")
    if folder:
        with (Path(folder) / f"{os.getpid()}.jsonl").open("a") as stream:
            stream.write(json.dumps(values) + "\n")
