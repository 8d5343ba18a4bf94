"""What of a worktree is not committed, and what tells it from how it is later."""

from pathlib import Path

from coordinator.changes.diff import IN_NO_SUBMODULE
from coordinator.changes.git import Git
from coordinator.changes.lending import visitor


def not_committed(git: Git, tree: Path) -> tuple[str, ...]:
    """What of a worktree is not committed, each file as it is now; in strict mode its agent's user looks."""
    guest = visitor(tree)
    words, env = ((), None) if guest is None else (guest.words, guest.env)
    args = ("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", IN_NO_SUBMODULE)
    done = git.main.run(*args, cwd=tree, words=words, env=env)
    return tuple(stamped(tree, field_[3:].rstrip("/")) for field_ in done.fields)


def stamped(tree: Path, path: str) -> str:
    """A path with what tells its file from how it is later."""
    try:
        status = (tree / path).lstat()
    except OSError:
        return f"- {path}"
    return f"{status.st_mtime_ns}:{status.st_size}:{status.st_ino} {path}"


def size_of(path: Path) -> int:
    """Bytes; 0 for what is not there."""
    try:
        return path.lstat().st_size
    except OSError:
        return 0
