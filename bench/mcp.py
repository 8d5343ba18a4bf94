"""How soon `coord mcp` answers an agent CLI that starts it, beside a Python that does nothing and the package alone."""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench.report import Row, print_rows

ROUNDS = 15
NOTHING = [sys.executable, "-c", "pass"]
ALONE = """\
import asyncio
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
async def main():
    server = Server("alone")
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())
asyncio.run(main())
"""
"""The least that a server with the package can be."""
_CLIENT = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}
GREETING = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": _CLIENT}).encode() + b"\n"


def main() -> list[Row]:
    """Each round runs all, so that a busy moment of the machine hits all; medians of wall time."""
    with tempfile.TemporaryDirectory() as folder:
        coordinates = Path(folder, ".coord")
        coordinates.mkdir()
        thin = [sys.executable, "-m", "coordinator.cli.main", "-C", folder, "mcp"]
        _first_answer(thin)  # starts the server; it ends by itself
        _first_answer(thin)
        rounds = [
            (_first_answer(thin), _first_answer([sys.executable, "-c", ALONE]), _ended(NOTHING), _ended(thin))
            for _ in range(ROUNDS)
        ]
    first, alone, nothing, ended = (statistics.median(column) for column in zip(*rounds, strict=True))
    pass_ = "python -c pass"
    return [
        Row("coord mcp, its thin end alone", ended, "ms", pass_, nothing, target_ratio=6),
        Row("… its first answer", first, "ms", pass_, nothing, target_ratio=8, target_value=150),
        Row("… the same", first, "ms", "the package alone", alone, target_ratio=0.25),
    ]


def _first_answer(argv: Sequence[str]) -> float:
    """From the start of a process to its first answer."""
    begun = time.perf_counter()
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdin
    assert process.stdout
    with process:
        process.stdin.write(GREETING)
        process.stdin.flush()
        if b'"result"' not in process.stdout.readline():
            raise SystemExit(f"no answer: {argv}")
        taken = time.perf_counter() - begun
        process.stdin.close()
    return taken * 1000


def _ended(argv: Sequence[str]) -> float:
    """From the start of a process that is told nothing to its end."""
    begun = time.perf_counter()
    subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
    return (time.perf_counter() - begun) * 1000


if __name__ == "__main__":
    print_rows(main())
