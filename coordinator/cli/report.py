"""How a command speaks: results on stdout, what went wrong and how to go on on stderr."""

import json
import os
import sys
from collections.abc import Iterable

from coordinator.errors import CoordError
from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.text import json_plain, plain, plain_lines

if TYPE_CHECKING:
    from coordinator.model.event import Event

_ACTOR_STYLES = {"human": "green", "agent": "blue", "system": "dim"}
_STYLES = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
}


def fail(error: CoordError) -> int:
    """Print one line what and one line how to go on; return the exit code."""
    print(f"{style('coord:', 'red', stream=sys.stderr)} {plain(error.message)}", file=sys.stderr)
    if error.remedy:
        print(f"  {plain(error.remedy)}", file=sys.stderr)
    return error.exit_code


def emit(value: object) -> None:
    """Print a JSON document for programs."""
    sys.stdout.write(json_text(value))


def json_text(value: object) -> str:
    """A JSON document as text: indented where a person looks at it."""
    return json_plain(json.dumps(value, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None)) + "\n"


def json_line(value: object) -> str:
    """A JSON value on one line, without its line break: of many, each can be read alone."""
    return json_plain(json.dumps(value, ensure_ascii=False))


def say(text: str = "") -> None:
    """Print text for people; whatever control characters it carries are made harmless."""
    for line in plain_lines(text):
        print(line)


def style(text: str, *names: str, stream: object = None) -> str:
    """Colour safe text for a terminal; unchanged for a pipe, a file, or where NO_COLOR is set."""
    target = sys.stdout if stream is None else stream
    if not colours(target) or not any(names):
        return text
    return f"\x1b[{';'.join(_STYLES[n] for n in names)}m{text}\x1b[0m"


def colours(stream: object) -> bool:
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return bool(getattr(stream, "isatty", lambda: False)())


def styled(parts: Iterable[tuple[str, str]]) -> None:
    """Print one line made of (text, style name or empty) parts; the texts may be untrusted."""
    print("".join(style(plain(text), name) if name else plain(text) for text, name in parts).rstrip())


def event_line(event: "Event") -> str:
    """An event as one line of columns: when (local time), who, a word for what, and the point of it."""
    from coordinator.model.clock import wall
    from coordinator.model.text import clip, width
    from coordinator.views.event_text import describe

    line = describe(event)
    actor = clip(line.actor, 14)
    actor += " " * (14 - width(actor))
    clock = wall(event.ts)
    aside = f"  {style(line.aside, 'dim')}" if line.aside else ""
    who = style(actor, _ACTOR_STYLES.get(event.actor_kind, ""))
    return f"{style(clock, 'dim')}  {who}  {line.word:<10}  {line.text}{aside}"
