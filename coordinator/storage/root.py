"""Where a project begins. Apart from everything else, since the quickest command pays for nothing more."""

import os

COORD = ".coord"
POINTER = ".coord-project"
"""In a folder of worktrees that lies elsewhere: names the root of the project that they are of."""


def find_root(start: str) -> str | None:
    """The root of the project that `start` lies in, walking up; None when there is none.

    From within an agent's worktree that is the main project, not the copy of `.coord` that the worktree may contain.
    """
    folder = os.path.abspath(start)
    inside = folder.find(f"{os.sep}{COORD}{os.sep}worktrees{os.sep}")
    if inside >= 0:
        folder = folder[:inside] or os.sep
    while True:
        above, name = os.path.split(folder)
        told = _told(above) if "-" in name and (name.startswith("gate-") or name.replace("-", "").isdecimal()) else ""
        if told:
            return told
        if os.path.isdir(os.path.join(folder, COORD)):
            return folder
        if above == folder:
            return None
        folder = above


def _told(place: str) -> str:
    """The project whose worktrees lie in a folder, as this user, or root, wrote down there; empty for any other."""
    path = os.path.join(place, POINTER)
    try:
        if os.lstat(path).st_uid not in (0, os.geteuid()):
            return ""
        from coordinator.safefiles.regular import read_line

        root = read_line(path)
    except OSError:
        return ""
    return root if os.path.isabs(root) and os.path.isdir(os.path.join(root, COORD)) else ""
