"""Projects that came from elsewhere, for tests of what of them is trusted."""

import subprocess
from pathlib import Path

from support.command import Result, coord

from coordinator.model.trust import Ask
from coordinator.observe.trust import judgement
from coordinator.storage.paths import Layout

SUITE = "---\ncommand: {command}\n---\n"


def git(folder: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"git {words}: {done.stderr}"
    return done.stdout.strip()


def commit(folder: Path, message: str = "change", *, force: bool = False) -> str:
    git(folder, "add", "-A", *(["-f"] if force else []), ".coord")
    git(folder, "commit", "-qam", message)
    return git(folder, "rev-parse", "HEAD")


def clone(upstream: Path, to: str = "clone") -> Path:
    folder = upstream.parent / to
    git(upstream.parent, "clone", "-q", str(upstream), to)
    return folder


def interject(folder: Path) -> Result:
    return coord("interject", "--title", "More", "--yes", at=folder)


def asked(folder: Path) -> list[str]:
    """Paths that a human is asked about."""
    found = judgement(Layout(folder))
    return [one.path for one in found.contents] if isinstance(found, Ask) else []


def there_is(folder: Path) -> dict[Path, bytes]:
    """All files of a project, but for git's, and for what looking leaves."""
    files = (path for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts)
    return {path: path.read_bytes() for path in files if not path.name.startswith(("events.db-", ".coord-"))}


def trust(folder: Path) -> None:
    assert coord("trust", "--yes", at=folder).code == 0
    assert asked(folder) == []


def pull(there: Path) -> None:
    git(there, "pull", "-q", "--no-rebase")
