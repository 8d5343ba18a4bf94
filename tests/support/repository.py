"""Real git repositories for tests."""

import os
import subprocess
from pathlib import Path

from coordinator.storage.paths import Layout

IDENTITY = {
    "GIT_AUTHOR_NAME": "Engineer",
    "GIT_AUTHOR_EMAIL": "engineer@example.com",
    "GIT_COMMITTER_NAME": "Engineer",
    "GIT_COMMITTER_EMAIL": "engineer@example.com",
}


class Repository:
    """A git repository with a first commit on `main`, and a coord project in it."""

    def __init__(self, root: Path, *, project: str = "", hash_name: str = "sha1") -> None:
        self.root = root
        self.layout = Layout(root / project)
        root.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main", f"--object-format={hash_name}")
        self.layout.coord.mkdir(parents=True)
        (self.layout.coord / ".gitignore").write_text("*\n")
        self.commit({"README.md": "A project.\n", "src/app.py": "".join(f"line {n}\n" for n in range(1, 21))})
        if project:
            self.commit({f"{project}/code.py": "one\n"})

    def git(self, *args: str, cwd: Path | None = None, check: bool = True) -> str:
        """Run git as the engineer does; what it printed."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        clean |= IDENTITY | {"GIT_CONFIG_GLOBAL": os.environ.get("GIT_CONFIG_GLOBAL", "/dev/null")}
        done = subprocess.run(
            ["git", *args], cwd=cwd or self.root, env=clean, check=False, capture_output=True, stdin=subprocess.DEVNULL
        )
        if check and done.returncode:
            raise AssertionError(f"git {args}: {os.fsdecode(done.stderr)}")
        return os.fsdecode(done.stdout).rstrip("\n")

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
