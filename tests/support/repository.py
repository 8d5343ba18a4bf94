"""Real git repositories for tests."""

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from coordinator.storage.paths import Layout

IDENTITY = {
    "GIT_AUTHOR_NAME": "Engineer",
    "GIT_AUTHOR_EMAIL": "engineer@example.com",
    "GIT_COMMITTER_NAME": "Engineer",
    "GIT_COMMITTER_EMAIL": "engineer@example.com",
}

NO_SETTINGS = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
"""Keeps git from the settings of the machine and of its people."""
_SETTINGS = ("-c", "maintenance.auto=false", "-c", "gc.auto=0")


def _git(args: Sequence[str], cwd: Path, env: Mapping[str, str], check: bool = True) -> str:
    done = subprocess.run(
        ["git", *_SETTINGS, *args], cwd=cwd, env=env, check=False, capture_output=True, stdin=subprocess.DEVNULL
    )
    if check and done.returncode:
        raise AssertionError(f"git {args}: {os.fsdecode(done.stderr)}")
    return os.fsdecode(done.stdout).rstrip("\n")


@cache
def _committed(hash_name: str) -> tuple[tuple[str, ...], tuple[tuple[str, int, bytes], ...]]:
    """What a repository with its first commit is made of: folders, and files with mode and content."""
    with tempfile.TemporaryDirectory(prefix="coord-repository-") as folder:
        root = Path(folder)
        _commit_first(root, hash_name)
        found = sorted(root.rglob("*"))
        folders = tuple(str(path.relative_to(root)) for path in found if path.is_dir())
        files = tuple(
            (str(path.relative_to(root)), path.stat().st_mode & 0o777, path.read_bytes())
            for path in found
            if path.is_file() and path.suffix != ".sample"
        )
        return folders, files


def _commit_first(root: Path, hash_name: str) -> None:
    files = {"README.md": "A project.\n", "src/app.py": "".join(f"line {n}\n" for n in range(1, 21))}
    (root / "src").mkdir()
    for name, text in files.items():
        (root / name).write_text(text)
    env = {"PATH": os.environ["PATH"], **NO_SETTINGS, **IDENTITY}
    _git(("init", "--quiet", "--initial-branch=main", f"--object-format={hash_name}"), root, env)
    _git(("add", "--", *files), root, env)
    _git(("commit", "--quiet", "-m", "Work"), root, env)


def _copy(root: Path, hash_name: str) -> None:
    """Make a repository with its first commit: a git that makes it anew takes ten times as long."""
    folders, files = _committed(hash_name)
    root.mkdir(parents=True, exist_ok=True)
    for name in folders:
        os.mkdir(root / name)
    for name, mode, content in files:
        file = os.open(root / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        os.write(file, content)
        os.close(file)


class Repository:
    """A git repository with a first commit on `main`, and a coord project in it."""

    def __init__(self, root: Path, *, project: str = "", hash_name: str = "sha1") -> None:
        self.root = root
        self.layout = Layout(root / project)
        _copy(root, hash_name)
        self.git("update-index", "--refresh")  # it names the files that were copied
        self.layout.coord.mkdir(parents=True)
        (self.layout.coord / ".gitignore").write_text("*\n")
        if project:
            self.commit({f"{project}/code.py": "one\n"})

    def git(self, *args: str, cwd: Path | None = None, check: bool = True) -> str:
        """Run git as the engineer does; what it printed."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        clean |= IDENTITY | NO_SETTINGS
        clean["GIT_CONFIG_GLOBAL"] = os.environ.get("GIT_CONFIG_GLOBAL", "/dev/null")
        return _git(args, cwd or self.root, clean, check)

    def write(self, files: dict[str, str], cwd: Path | None = None) -> None:
        for name, text in files.items():
            path = (cwd or self.root) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def commit(self, files: dict[str, str], message: str = "Work", cwd: Path | None = None) -> str:
        """Write files and commit exactly them; the commit's id."""
        self.write(files, cwd)
        self.git("add", "--force", "--", *files, cwd=cwd)
        self.git("commit", "--quiet", "--allow-empty", "-m", message, cwd=cwd)
        return self.git("rev-parse", "HEAD", cwd=cwd)

    def head(self, ref: str = "main") -> str:
        return self.git("rev-parse", "--verify", "--quiet", ref, check=False)

    def tree(self, ref: str = "main") -> str:
        return self.git("rev-parse", f"{ref}^{{tree}}")

    def status(self, cwd: Path | None = None) -> str:
        return self.git("status", "--porcelain", cwd=cwd)

    def suite(self, name: str, command: str, timeout: float | None = None) -> None:
        limit = f"timeout: {timeout}\n" if timeout else ""
        self.write({f"{name}.md": f"---\ncommand: {command!r}\n{limit}---\n"}, cwd=self.layout.suites)
