"""Where a project begins. Apart from everything else, since the quickest command pays for nothing more."""

import os

COORD = ".coord"


def find_root(start: str) -> str | None:
    """The root of the project that `start` lies in, walking up; None when there is none.

    From within an agent's worktree that is the main project, not the copy of `.coord` that the worktree may contain.
    """
    folder = os.path.abspath(start)
    inside = folder.find(f"{os.sep}{COORD}{os.sep}worktrees{os.sep}")
    if inside >= 0:
        folder = folder[:inside] or os.sep
    while not os.path.isdir(os.path.join(folder, COORD)):
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above
    return folder
