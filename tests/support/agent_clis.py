"""Real agent CLIs for tests: installed once into a cache folder by npm, in a home of their own for each test."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from support.wait import wait_until

from coordinator.storage.files import Lock

PACKAGES = {
    "claude": "@anthropic-ai/claude-code@2.1.329",
    "codex": "@openai/codex@0.169.0",
    "gemini": "@google/gemini-cli@0.61.0",
    "opencode": "opencode-ai@1.18.33",
}
"""The versions that the captures are of."""
PLUGIN = "@opencode-ai/plugin@1.18.33"
"""What OpenCode wants to be there for plugins."""


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process installs, and the others wait for as long as that takes."""
    lock = Lock(folder)
    wait_until(lambda: lock.acquire(wait=False), timeout=600, message="the agent CLIs to be installed")
    try:
        yield
    finally:
        lock.release()


@cache
def installed_clis() -> Path:
    """The folder with the CLIs; the test is skipped where npm can't get them."""
    cache_folder = os.environ.get("COORD_TEST_AGENTS") or Path.home() / ".cache" / "coord-test-agents"
    folder = Path(cache_folder)
    binaries = folder / "node_modules" / ".bin"
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed: the real agent CLIs can't be tested here")
    folder.mkdir(parents=True, exist_ok=True)
    wanted = sorted([*PACKAGES.values(), PLUGIN])
    with _alone(folder):
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
    """A home in which all CLIs are past their first-run dialogs for `project`; the environment to use it."""
    key = "dummy-key-of-a-test-of-coord"
    folder.mkdir()
    _claude(folder, project, key)
    _codex(folder, project, url, key)
    _gemini(folder, project)
    _opencode(folder, url, key)
    return {
        "HOME": str(folder),
        "ANTHROPIC_BASE_URL": url,
        "ANTHROPIC_API_KEY": key,
        "FAKE_MODEL": key,
        "GOOGLE_GEMINI_BASE_URL": url,
        "GEMINI_API_KEY": key,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "CLAUDE_CODE_MAX_RETRIES": "2",
        "OPENCODE_DISABLE_AUTOUPDATE": "1",
        "OPENCODE_DISABLE_MODELS_FETCH": "1",
        "LANG": "C.UTF-8",
    }


def _claude(folder: Path, project: Path, key: str) -> None:
    values = {
        "hasCompletedOnboarding": True,
        "hasSeenAutoDefaultNotice": True,
        "customApiKeyResponses": {"approved": [key[-20:]], "rejected": []},
        "projects": {str(project): {"hasTrustDialogAccepted": True}},
    }
    (folder / ".claude.json").write_text(json.dumps(values))


def _codex(folder: Path, project: Path, url: str, key: str) -> None:
    (folder / ".codex").mkdir()
    (folder / ".codex" / "config.toml").write_text(
        f'model_provider = "fake"\nmodel = "gpt-5-codex"\ncheck_for_update_on_startup = false\n'
        f'[model_providers.fake]\nname = "fake"\nbase_url = "{url}/v1"\nwire_api = "responses"\n'
        f'env_key = "FAKE_MODEL"\n[projects.{json.dumps(str(project))}]\ntrust_level = "trusted"\n'
    )
    (folder / ".codex" / "auth.json").write_text(json.dumps({"OPENAI_API_KEY": key}))


def _gemini(folder: Path, project: Path) -> None:
    (folder / ".gemini").mkdir()
    values = {
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False},
        "privacy": {"usageStatisticsEnabled": False},
    }
    (folder / ".gemini" / "settings.json").write_text(json.dumps(values))
    (folder / ".gemini" / "trustedFolders.json").write_text(json.dumps({str(project): "TRUST_FOLDER"}))


def _opencode(folder: Path, url: str, key: str) -> None:
    """Its configuration, with the packages that it would else get by npm before it loads a plugin."""
    own = folder / ".config" / "opencode"
    own.mkdir(parents=True)
    limits = {"context": 200_000, "output": 8_000}
    model = {"name": "Fake", "tool_call": True, "limit": limits, "cost": {"input": 3, "output": 15}}
    options = {"baseURL": f"{url}/v1", "apiKey": key}
    values = {
        "model": "fake/fake-model",
        "small_model": "fake/fake-model",
        "share": "disabled",
        "provider": {"fake": {"npm": "@ai-sdk/anthropic", "options": options, "models": {"fake-model": model}}},
    }
    (own / "opencode.json").write_text(json.dumps(values))
    package, _, version = PLUGIN.rpartition("@")
    wanted = {"dependencies": {package: version}}
    (own / "package.json").write_text(json.dumps(wanted))
    (own / "package-lock.json").write_text(
        json.dumps({"name": "opencode", "lockfileVersion": 3, "packages": {"": wanted}})
    )
    (own / "node_modules").symlink_to(installed_clis().parent)
