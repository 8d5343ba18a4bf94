"""What people and agents wait for loads no more than it needs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.project import project

from coordinator.lazy.typing import NamedTuple

SLOW = {
    *("click", "typing", "dataclasses", "inspect", "logging", "asyncio", "argparse"),
    *("subprocess", "tempfile", "shutil", "threading", "selectors", "concurrent.futures", "random", "hashlib"),
    *("difflib", "yaml", "importlib.metadata", "socket", "ssl", "email", "http", "xml"),
    *("textual", "rich", "libtmux", "anthropic", "coordinator.assistant", "mcp"),
}
"""Modules that take a twentieth of a short command or more."""
GIT = frozenset({"subprocess", "threading", "selectors"})
DIFF = frozenset({"difflib"})
"""What starting a program takes."""


class Load(NamedTuple):
    """What a command may load."""

    most: int
    """Modules of our own: each costs about a fiftieth of a Python that does nothing."""
    slow: frozenset[str] = frozenset()


COMMANDS = {
    "status": Load(114),
    "status --json": Load(113),
    "why 1": Load(117),
    "graph": Load(118),
    "agents --json": Load(114),
    "questions": Load(59),
    "log -n 5 --json": Load(47),
    "milestone": Load(140),
    "milestone --json": Load(139),
    "milestone list": Load(126),
    "backlog": Load(127),
    "intent": Load(116),
    "intent show --json": Load(116),
    "validate": Load(129),
    "runs": Load(118),
    "artifacts": Load(137),
    "ledger": Load(137),
    "trust": Load(112),
    "review": Load(124),
    "clean --dry-run": Load(117, GIT),
    "decide something": Load(80),
    "ask something": Load(87),
    "answer nothing something": Load(104),
    "link https://forge.example/7 --as issue": Load(80),
    "pause": Load(125),
    "resume": Load(125),
    "tell 1 something": Load(113),
    "permit 1 --allow": Load(113),
    "agent done --summary something": Load(109, GIT),
    "interject --title X --after 1 --priority high --dry-run": Load(126, DIFF),
    "patch --title X --fixes 1 --dry-run": Load(127, DIFF),
    "edit 1 --set priority=high --dry-run": Load(129, DIFF),
    "kill 1 --requeue --dry-run": Load(126),
    "restart 1 --dry-run": Load(126),
    "cancel 1 --dry-run": Load(129, DIFF),
    "surgery --keep 1 --dry-run": Load(128),
    "undo --dry-run": Load(130, DIFF),
}
RUN_EACH = """
import os, sys
folder, out, *lines = sys.argv[1:]
for place, line in enumerate(lines):
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        continue
    for stream in (1, 2):
        os.dup2(os.open(f"{out}/{place}.{stream}", os.O_WRONLY | os.O_CREAT), stream)
    code = 1
    try:
        from coordinator.cli.main import main
        main(["-C", folder, *line.split()])
    except SystemExit as end:
        code = end.code
    with open(f"{out}/{place}", "w") as report:
        report.write("\\n".join([str(code), *sys.modules]))
    os._exit(0)
"""
"""Each command in a process that had loaded nothing before."""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, set[str]]]:
    """Exit code, and modules loaded, by command."""
    folder, out = tmp_path_factory.mktemp("made"), tmp_path_factory.mktemp("out")
    with project(folder, {1: []}) as made:
        made.coord("decide", "something")
        made.coord("intent", "set", "--goal", "something")
        words = [sys.executable, "-P", "-c", RUN_EACH, str(made.layout.root), str(out), *COMMANDS]
        subprocess.run(words, env={**os.environ, **made.environment()}, timeout=120, check=True)
    found = {}
    for place, line in enumerate(COMMANDS):
        code, *names = (out / f"{place}").read_text().split()
        said = Path(out / f"{place}.2").read_text()
        assert code in ("0", "1", "3"), (line, code, said)
        found[line] = (int(code), set(names))
    return found


@pytest.mark.parametrize("line", COMMANDS)
def test_a_short_command_loads_little(loaded: dict[str, tuple[int, set[str]]], line: str) -> None:
    _, names = loaded[line]
    assert names & SLOW <= COMMANDS[line].slow
    ours = sorted(name for name in names if name.startswith("coordinator"))
    assert len(ours) <= COMMANDS[line].most, ours


URLS = """
import sys
from coordinator.cli.main import read_urls_later
read_urls_later()
from pathlib import Path
assert "ipaddress" not in sys.modules
assert Path("/a b").as_uri() == "file:///a%20b"
import urllib.parse
from urllib.parse import urlsplit
assert urlsplit("https://forge.example/7").path == "/7"
assert urllib.parse.quote("a b") == "a%20b"
assert "ipaddress" in sys.modules
"""


def test_what_reads_addresses_is_loaded_by_who_uses_it() -> None:
    subprocess.run([sys.executable, "-c", URLS], check=True, timeout=60)
