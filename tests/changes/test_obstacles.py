"""Pipes and devices where git reads: those in its own folders go, what is somebody's stays."""

import os
from pathlib import Path

from support.repository import Repository

from coordinator.changes.obstacles import find_obstacle, remove_obstacles


def test_a_link_to_the_null_device_is_no_obstacle(tmp_path: Path) -> None:
    root = Repository(tmp_path / "r").root
    (root / ".git/info").mkdir(exist_ok=True)
    (root / ".git/info/exclude").unlink(missing_ok=True)
    (root / ".git/info/exclude").symlink_to(os.devnull)
    assert find_obstacle(root) == ""
    remove_obstacles(root)
    assert (root / ".git/info/exclude").is_symlink()


def test_pipes_go_where_git_alone_keeps_files_and_stay_elsewhere(tmp_path: Path) -> None:
    root = Repository(tmp_path / "r").root
    gone = [root / ".git" / name for name in ("refs/heads/pipe", "packed-refs", "worktrees/x/locked")]
    stays = [root / ".gitignore", root / "pipe", root / ".git/tool.pipe", root / ".git/hooks/pipe"]
    for path in (*gone, *stays):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        os.mkfifo(path)
    (root / ".git/refs/heads/endless").symlink_to("/dev/zero")
    remove_obstacles(root)
    assert [path for path in (*gone, *stays) if os.path.lexists(path)] == stays
    assert not os.path.lexists(root / ".git/refs/heads/endless")
    assert (root / ".git/HEAD").is_file()
