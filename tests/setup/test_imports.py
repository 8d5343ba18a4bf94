"""What has to start fast, or to work without a screen, imports nothing that is slow or draws."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import coordinator
from coordinator.storage.paths import Layout

PACKAGE = Path(coordinator.__file__).parent
SLOW = {"textual", "rich", "anthropic", "apprise", "libtmux", "click", "yaml", "asyncio", "watchfiles", "sqlite_utils"}
"""Packages that `coord status` pays for only where it really needs them."""

RUN_MAIN = """
from coordinator.cli.main import main
try:
    main()
except SystemExit as end:
    assert not end.code
"""


def modules() -> list[str]:
    """Every module below the screen: `cli/screen.py` is the one door to it."""
    found = (path.relative_to(PACKAGE.parent).with_suffix("") for path in PACKAGE.rglob("*.py"))
    names = (".".join(path.parts).removesuffix(".__init__") for path in found if "_data" not in path.parts)
    elsewhere = () if sys.platform == "darwin" else ("coordinator.eventlog.wal_kqueue",)
    return sorted(name for name in names if name not in ("coordinator.cli.screen", *elsewhere))


def imported(code: str, *arguments: str) -> set[str]:
    """Top-level packages, and rooms of ours, that a fresh interpreter has imported after running `code`."""
    names = "{'.'.join(name.split('.')[: 1 + (name.split('.')[0] == 'coordinator')]) for name in sys.modules}"
    report = f"\nimport json, sys\nprint(json.dumps(sorted({names})))"
    done = subprocess.run(
        [sys.executable, "-c", code + report, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout.splitlines()[-1])
    return set(found)


def test_the_core_never_imports_textual() -> None:
    loaded = imported("import importlib\n" + "\n".join(f"importlib.import_module({name!r})" for name in modules()))
    assert "coordinator" in loaded
    assert not loaded & {"textual", "rich", "tui", "anthropic", "apprise"}


@pytest.mark.parametrize("part", sorted({name.split(".")[1] for name in modules() if name.count(".") > 1}))
def test_each_part_can_be_imported_by_itself(part: str) -> None:
    loaded = imported(f"import coordinator.{part}")
    assert not loaded & {"textual", "tui", "anthropic", "apprise"}


def test_the_screen_loads_nothing_of_the_voice() -> None:
    loaded = imported("import tui.app, coordinator.cli.verbs")
    assert "tui" in loaded
    assert not loaded & {"anthropic", "apprise", "httpx2", "coordinator.assistant"}


@pytest.mark.parametrize("arguments", [["status"], ["status", "--json"]])
def test_status_imports_nothing_slow(tmp_path: Path, arguments: list[str]) -> None:
    prompts = Layout(tmp_path).prompts
    prompts.mkdir(parents=True)
    (prompts / "01-planned-first.prompt.md").write_text("---\nnumber: 1\ntitle: First\n---\n## Tasks\n\n- one\n")
    loaded = imported(RUN_MAIN, "-C", str(tmp_path), *arguments)
    assert not loaded & {*SLOW, "coordinator.services"}
