"""Real tools that keep tasks: installed once into a cache folder by npm, as the agent CLIs are."""

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest
from support.agent_clis import _alone

PACKAGES = ("backlog.md@1.52.0", "task-master-ai@0.43.1")


@cache
def installed_tools() -> Path:
    """The folder with the programs; the test is skipped where npm can't get them."""
    cache_folder = os.environ.get("COORD_TEST_AGENTS") or Path.home() / ".cache" / "coord-test-agents"
    folder = Path(f"{cache_folder}-tasks")
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed: the real tools can't be tested here")
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        mark = folder / "installed.json"
        if not mark.is_file() or json.loads(mark.read_text()) != list(PACKAGES):
            install = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), *PACKAGES]
            done = subprocess.run(install, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
            if done.returncode:
                pytest.skip(f"npm can't install the tools here: {done.stderr.strip()[-200:]}")
            mark.write_text(json.dumps(list(PACKAGES)))
    return folder / "node_modules" / ".bin"
