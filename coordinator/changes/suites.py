"""Validation suites: the project's own checks, run on a merge result before it lands.

`.coord/suites/NAME.md` is a markdown file with `command:` and, if wanted, `timeout:` (seconds) in its frontmatter. The
command is the engineer's text and goes to `sh`; what it tests was written by an agent, so that it runs guarded: see
`coordinator.changes.guarded`.
"""

import os
import re
import threading
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from coordinator.changes.folders import Places
from coordinator.changes.guarded import run_guarded
from coordinator.errors import CoordError
from coordinator.formats.yaml_reader import YamlError, read_yaml
from coordinator.lazy import regex
from coordinator.lazy.dataclass import dataclass, field
from coordinator.lazy.typing import IO
from coordinator.model.text import plain
from coordinator.safefiles.regular import read_part

DEFAULT_TIMEOUT = 1800.0
"""Seconds."""
OUTPUT_LIMIT = 32 * 1024
"""Bytes of a suite's output that are kept: the last ones."""
_FILE_LIMIT = 64 * 1024
_NAME = regex.compile(r"[A-Za-z0-9][\w.-]{0,99}\Z")


@dataclass(frozen=True, slots=True)
class Suite:
    """A check as its file states it."""

    name: str
    command: str
    timeout: float = DEFAULT_TIMEOUT
    """Seconds."""


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """How a suite ended."""

    status: int
    """Exit status of its command; 128 + n for signal n."""
    output: str
    """The last 32 KiB of both its streams; untrusted text."""
    timed_out: bool = False
    digest: str = field(default="", compare=False)
    """SHA-256 of all of both streams, hex."""

    @property
    def green(self) -> bool:
        return self.status == 0 and not self.timed_out


def suite_names(places: Places) -> list[str]:
    """The names of all suites of the project."""
    try:
        return sorted(entry.removesuffix(".md") for entry in os.listdir(places.suites) if entry.endswith(".md"))
    except FileNotFoundError:
        return []


def read_suite(places: Places, name: str) -> Suite:
    """Read one suite by its name, as prompts use it. Raises CoordError when it isn't there or can't be run."""
    path = places.suites / f"{name}.md"
    where = f".coord/suites/{plain(name)}.md"
    if not _NAME.match(name):
        raise CoordError(f"{plain(name)!r} can't be the name of a validation suite", "name a file of .coord/suites/")
    try:
        data = read_part(path, _FILE_LIMIT)
    except OSError:
        known = ", ".join(suite_names(places)) or "none"
        raise CoordError(f"there is no validation suite {name} (known: {known})", f"write {where}") from None
    values = _frontmatter(data, where)
    command = values.get("command", "").strip()
    if not command:
        raise CoordError(f"{where} has no command", "add a line like `command: make test` to its frontmatter")
    return Suite(name, command, _seconds(values.get("timeout"), where))


def run_suite(
    suite: Suite, cwd: Path, env: Mapping[str, str] | None = None, words: tuple[str, ...] = ()
) -> SuiteResult:
    """Run a suite's command in a folder; whatever it started is killed when it ends, times out, or we die.

    `words` go in front of the command: what makes it run as another user.
    """
    if not cwd.is_dir():
        return SuiteResult(1, f"the project's folder {cwd.name} is not in the merge result")
    command = ["sh", "-c", suite.command]
    status, late, tail = run_guarded(command, cwd, env or {}, suite.timeout, _Tail, name="coord-suite", words=words)
    output = tail.text()
    return SuiteResult(status, output, late, tail.digest())


class _Tail(threading.Thread):
    """Keeps the end of what a process prints, and the digest of all of it."""

    def __init__(self, pipe: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self._pipe = pipe
        self._kept = bytearray()
        self._all = sha256()
        self.start()

    def run(self) -> None:
        while chunk := os.read(self._pipe.fileno(), 65536):
            self._kept += chunk
            self._all.update(chunk)
            del self._kept[:-OUTPUT_LIMIT]
        self._pipe.close()

    def digest(self) -> str:
        return self._all.hexdigest()

    def text(self) -> str:
        self.join(1.0)  # a process that left the group may hold the pipe for ever
        return bytes(self._kept).decode("utf-8", "replace")


def _frontmatter(data: bytes, where: str) -> dict[str, str]:
    match = re.match(rb"---\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", data, re.DOTALL)
    if match is None:
        raise CoordError(f"{where} has no frontmatter", "begin it with `---`, a `command:` line, and `---`")
    try:
        nodes = read_yaml(match[1].decode("utf-8"), first_line=2)
    except UnicodeDecodeError:
        raise CoordError(f"the frontmatter of {where} can't be read: it is not UTF-8", "correct it") from None
    except YamlError as error:
        raise CoordError(f"the frontmatter of {where} can't be read: {error.message}", error.remedy) from None
    return {node.key: node.value for node in nodes if isinstance(node.value, str)}


def _seconds(text: str | None, where: str) -> float:
    if text is None:
        return DEFAULT_TIMEOUT
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds <= 7 * 86400:
        raise CoordError(f"timeout of {where} is {plain(text)!r}", "give seconds, more than 0 and at most a week")
    return seconds
