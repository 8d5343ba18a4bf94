"""What people and agents wait for loads no more than it needs."""

import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from support.project import Project

RUN_MAIN = """
from coordinator.cli.main import main
try:
    main()
except SystemExit as end:
    assert not end.code
"""
MOST = {
    "status": 106,
    "why 1": 109,
    "graph": 111,
    "agents --json": 108,
    "questions": 105,
    "log -n 5 --json": 104,
    "decide something": 116,
    "milestone": 127,
}
"""Modules of our own that a verb may load: each costs about a hundredth of a Python that does nothing."""
SLOW_HERE = {"click", "inspect", "dataclasses", "typing", "asyncio", "subprocess", "hashlib"}
"""Modules that take a fifth of a short command or more; who appends to the log needs the last."""


@pytest.mark.parametrize("line", MOST)
def test_a_short_command_loads_little(make: Callable[..., Project], line: str) -> None:
    made = make({1: []})
    made.coord("decide", "something")
    report = "\nprint(*__import__('sys').modules)"
    arguments = [sys.executable, "-c", RUN_MAIN + report, "-C", str(made.layout.root), *line.split()]
    done = subprocess.run(
        arguments, capture_output=True, text=True, timeout=60, check=False, env={**os.environ, **made.environment()}
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.splitlines()[-1].split())
    assert not loaded & (SLOW_HERE - {"hashlib"} if line.startswith("decide") else SLOW_HERE)
    ours = sorted(name for name in loaded if name.startswith("coordinator"))
    assert len(ours) <= MOST[line], ours
