"""Strict mode: whom work is handed to, so that what agents wrote runs as their user and not as the engineer."""

from coordinator.agents.user import AgentUser, as_user, user_environment
from coordinator.changes.lending import Guest


def guest_of(user: AgentUser | None) -> Guest | None:
    """The user as the merge gate and worktrees take it; None outside of strict mode."""
    if user is None:
        return None
    return Guest(user.uid, user.gid, as_user(user, ()), user_environment(user))
