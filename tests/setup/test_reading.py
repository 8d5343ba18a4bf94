"""Files are read by functions that never wait, within a size: a look at the source of each module."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OWN = {
    "coordinator/safefiles/regular.py": "these functions themselves",
    "coordinator/client/demo_project.py": "what is packaged, and a project that it has just made",
    "coordinator/desktop/editor.py": "a file of its own, which the engineer's editor has just left",
    "coordinator/terminals/life.py": "/proc",
    "coordinator/agents/user.py": "/proc",
    "coordinator/processes/table.py": "/proc",
    "coordinator/processes/suspend.py": "/proc",
    "coordinator/terminals/foreign_server.py": "/proc",
    "coordinator/eventlog/identity.py": "/proc",
    "coordinator/storage/temp_files.py": "/proc",
    "coordinator/storage/files.py": "new files beside others, and folders",
    "coordinator/storage/locks.py": "locks: opened to read and write, at which nobody waits",
    "coordinator/changes/copying.py": "copies by descriptors of folders: follows no link, and waits at no pipe",
    "coordinator/changes/scripts.py": "the log of a script, which it writes: without waiting",
    "coordinator/changes/lock.py": "locks: opened to read and write, at which nobody waits",
    "coordinator/changes/agent_user.py": "folders",
    "coordinator/processes/local_socket.py": "folders",
    "coordinator/mcp_server/serve.py": "/dev/null",
    "coordinator/eventlog/wal_kqueue.py": "the log, where SQLite has opened it",
    "coordinator/eventlog/connection.py": "the log, to make it",
    "coordinator/changes/lending.py": "makes a repository that nobody is let into yet",
    "coordinator/changes/obstacles.py": "a pipe, without waiting: others wait at the other end",
    "coordinator/changes/submodules.py": "makes a folder of its own",
    "coordinator/changes/safekeeping.py": "objects of git and folders, without waiting",
    "coordinator/storage/runs.py": "writes into the lock that it holds, without waiting",
    "coordinator/changes/fast_forward_repair.py": "writes a note of its own",
    "coordinator/client/status_cache.py": "writes a note of its own, and looks at a lock",
    "coordinator/cli/main.py": "/dev/null",
    "coordinator/agents/registry.py": "its own modules",
    "coordinator/observe/compounding.py": "what is packaged",
    "coordinator/assistant/voice_cli.py": "writes into a folder that it has just made",
    "coordinator/assistant/voice_codex.py": "writes into a folder that it has just made",
    "coordinator/apply/permissions.py": "a pipe, without waiting: a hook waits at the other end",
}
"""Who opens files otherwise, and what."""
_BARE = {"read_text", "read_bytes", "write_text", "write_bytes"}


def opened(path: Path) -> list[int]:
    """Lines in which a file is opened by something else than `coordinator.safefiles.regular`."""
    lines = []
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        if isinstance(called, ast.Name) and called.id == "open":
            lines.append(node.lineno)
        elif isinstance(called, ast.Attribute):
            owner = called.value.id if isinstance(called.value, ast.Name) else ""
            mode = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
            with_mode = called.attr == "open" and isinstance(mode, str) and set(mode) <= set("rwaxbt+")
            if called.attr in _BARE or with_mode or (owner, called.attr) == ("os", "open"):
                lines.append(node.lineno)
    return lines


MODULES = sorted(path for part in ("coordinator", "tui") for path in (ROOT / part).rglob("*.py"))


def test_no_module_opens_files_but_by_the_functions_that_never_wait() -> None:
    found = {path.relative_to(ROOT).as_posix(): lines for path in MODULES if (lines := opened(path))}
    assert {name: lines for name, lines in found.items() if name not in OWN} == {}
    assert sorted(OWN.keys() - found.keys()) == [], "these open nothing any more: take them off the list"


@pytest.mark.parametrize(
    "line", ["open(p)", "os.open(p, 0)", "p.open('rb')", "p.read_text('utf-8')", "(a / b).read_bytes()"]
)
def test_a_bare_way_to_open_a_file_is_seen(tmp_path: Path, line: str) -> None:
    (tmp_path / "x.py").write_text(f"import os\n{line}\n")
    assert opened(tmp_path / "x.py") == [2]
