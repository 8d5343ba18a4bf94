"""The hook that agent CLIs call about themselves: a few lines of shell, given at launch, nothing of the user's changed.

It appends what it is told to `status.jsonl` of the attempt, and understands none of it: decoding is for whoever reads.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from coordinator.lazy import regex
from coordinator.lazy.dataclass import dataclass
from coordinator.lazy.typing import Any
from coordinator.model.clock import timestamp
from coordinator.safefiles.regular import replace_file

STATUS = "status.jsonl"
LINE_LIMIT = 3800
"""Bytes of a payload that are kept, of longer ones head and tail: lines this short are appended in one piece."""

_SCRIPT = """\
#!/bin/sh
# Notes what the agent's CLI says of itself. Written by coord. First word: note, ask (waits for the answer), line.
dir={directory}
umask 077
copy="$dir/.hook.$$"
if [ "$#" -gt 1 ]; then printf '%s' "$2" >"$copy"; else cat >"$copy"; fi
if [ "$1" = line ]; then
  mv -f "$copy" "$dir/{line}"
  echo coord
  exit 0
fi
payload=$(cat "$copy")
[ "$(wc -c <"$copy")" -le {limit} ] || payload=$(head -c {head} "$copy"; tail -c {tail} "$copy")
rm -f "$copy"
ask=
if [ "$1" = ask ]; then
  ask=$$
  trap 'rm -f "$dir/ask-$ask"; exit 0' TERM HUP INT
  mkfifo "$dir/ask-$ask" || ask=
fi
printf '{{"at":"%s","ask":"%s","hook":%s}}\\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$ask" \\
  "$(printf '%s' "$payload" | tr '\\n' ' ')" >>"$dir/{status}"
[ -n "$ask" ] || exit 0
IFS= read -r answer <"$dir/ask-$ask" || :
rm -f "$dir/ask-$ask"
printf '%s\\n' "$answer"
"""
LINE = "statusline.json"
"""What the CLI gave to its status line last, where it has one."""

_FRAME = regex.compile(rb'\{"at":"([^"]{0,40})","ask":"([0-9]{0,20})","hook":(.*)\}\s*', re.DOTALL)
_FIELD = regex.compile(r'"(\w{1,40})":\s*("(?:[^"\\]|\\.){0,2000}"|\[\]|\[|true|false|-?\d+)')


@dataclass(frozen=True, slots=True)
class HookLine:
    """One line that the hook wrote."""

    at: float
    """Unix seconds, whole."""
    payload: Mapping[str, Any]
    """What the CLI said; of a line that was cut, the plain fields that are left."""
    ask: str = ""
    """Names the pipe `ask-NAME` at which the hook waits for a decision; empty when it does not wait."""


def write_hook(directory: Path) -> Path:
    """Write the hook of an attempt into its directory."""
    from shlex import quote

    path = directory / "hook.sh"
    tail = LINE_LIMIT // 4
    script = _SCRIPT.format(
        directory=quote(str(directory)),
        status=STATUS,
        line=LINE,
        limit=LINE_LIMIT,
        head=LINE_LIMIT - tail,
        tail=tail,
    )
    replace_file(path, os.fsencode(script))
    return path


def hook_command(hook: Path, way: str) -> str:
    """The hook as a command line for a shell."""
    from shlex import quote

    return f"sh {quote(str(hook))} {way}"


def hook_line(line: bytes) -> HookLine | None:
    """Read a line of `status.jsonl`; None when no hook wrote it."""
    match = _FRAME.fullmatch(line)
    at = timestamp(match[1].decode("ascii", "replace")) if match else 0.0
    if match is None or not at:
        return None
    text = match[3].decode("utf-8", "replace")
    try:
        payload = json.loads(text)
    except (ValueError, RecursionError):
        payload = dict(_whole_fields(text))
    return HookLine(at, payload if isinstance(payload, dict) else {}, match[2].decode())


def _whole_fields(text: str) -> Iterator[tuple[str, Any]]:
    """The simple fields of a JSON text that was cut; the first of a name counts, for the CLI's own come first."""
    seen = set()
    for match in _FIELD.finditer(text):
        if match[1] in seen:
            continue
        seen.add(match[1])
        try:
            yield match[1], ["…"] if match[2] == "[" else json.loads(match[2])
        except ValueError:
            continue
