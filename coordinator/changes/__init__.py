"""git: worktrees, diffs and the merge gate."""
