"""Real agent CLIs for tests: installed once into a cache folder by npm, in a home of their own for each test."""

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from coordinator.artifacts.files import Lock

PACKAGES = {"claude": "@anthropic-ai/claude-code@2.1.329", "codex": "@openai/codex@0.169.0"}
"""The versions that the captures are of."""


@cache
def installed_clis() -> Path:
    """The folder with the CLIs; the test is skipped where npm can't get them."""
    cache_folder = os.environ.get("COORD_TEST_AGENTS") or Path.home() / ".cache" / "coord-test-agents"
    folder = Path(cache_folder)
    binaries = folder / "node_modules" / ".bin"
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed: the real agent CLIs can't be tested here")
    folder.mkdir(parents=True, exist_ok=True)
    wanted = sorted(PACKAGES.values())
    with Lock(folder):
        mark = folder / "installed.json"
        if mark.is_file() and json.loads(mark.read_text()) == wanted and all((binaries / n).exists() for n in PACKAGES):
            return binaries
        install = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), *wanted]
        done = subprocess.run(install, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
        if done.returncode:
            pytest.skip(f"npm can't install the agent CLIs here: {done.stderr.strip()[-200:]}")
        mark.write_text(json.dumps(wanted))
    return binaries


def home(folder: Path, project: Path, url: str) -> dict[str, str]:
    """A home in which both CLIs are past their first-run dialogs for `project`; the environment to use it."""
    key = "dummy-key-of-a-test-of-coord"
    folder.mkdir()
    claude = {
        "hasCompletedOnboarding": True,
        "hasSeenAutoDefaultNotice": True,
        "customApiKeyResponses": {"approved": [key[-20:]], "rejected": []},
        "projects": {str(project): {"hasTrustDialogAccepted": True}},
    }
    (folder / ".claude.json").write_text(json.dumps(claude))
    (folder / ".codex").mkdir()
    (folder / ".codex" / "config.toml").write_text(
        f'model_provider = "fake"\nmodel = "gpt-5-codex"\ncheck_for_update_on_startup = false\n'
        f'[model_providers.fake]\nname = "fake"\nbase_url = "{url}/v1"\nwire_api = "responses"\n'
        f'env_key = "FAKE_MODEL"\n[projects.{json.dumps(str(project))}]\ntrust_level = "trusted"\n'
    )
    (folder / ".codex" / "auth.json").write_text(json.dumps({"OPENAI_API_KEY": key}))
    return {
        "HOME": str(folder),
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": key,
        "FAKE_MODEL": key,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "CLAUDE_CODE_MAX_RETRIES": "2",
        "LANG": "C.UTF-8",
    }
