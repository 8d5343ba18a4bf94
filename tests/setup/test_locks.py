"""The locks hold the whole closure, pinned with hashes, and agree with pyproject.toml."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUN = PYPROJECT["project"]["dependencies"] + PYPROJECT["dependency-groups"]["build"]
DEV = RUN + PYPROJECT["dependency-groups"]["dev"]


def locked(name: str) -> dict[str, str]:
    """Name → version, of entries that carry at least one hash."""
    text = (ROOT / name).read_text().replace("\\\n", " ")
    found = {}
    for line in text.splitlines():
        entry = re.fullmatch(r"([a-z0-9-]+)==(\S+)( ; [^-]+)?(\s+--hash=sha256:[0-9a-f]{64})+", line.rstrip())
        assert entry is not None, f"{name}: {line[:100]}"
        found[entry[1]] = entry[2]
    return found


@pytest.mark.parametrize(("lock", "wanted"), [("requirements.lock", RUN), ("requirements-dev.lock", DEV)])
def test_what_pyproject_pins_is_locked_at_that_version(lock: str, wanted: list[str]) -> None:
    versions = locked(lock)
    pins = dict(pin.split("==") for pin in wanted)
    assert {name: versions.get(name) for name in pins} == pins


def test_the_tests_run_on_what_users_get() -> None:
    run, dev = locked("requirements.lock"), locked("requirements-dev.lock")
    assert {name: dev.get(name) for name in run} == run
