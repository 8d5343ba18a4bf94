"""Strict mode: whom work is handed to, so that what agents wrote runs as their user and not as the engineer."""

from coordinator.agents.user import AgentUser, as_user, find_users, user_environment
from coordinator.changes.lending import Guest
from coordinator.storage.config import Config


def guest_of(user: AgentUser | None) -> Guest | None:
    """The user as the merge gate and worktrees take it; None outside of strict mode."""
    if user is None:
        return None
    return Guest(user.uid, user.gid, as_user(user, ()), user_environment(user))


def gate_guest(config: Config) -> Guest | None:
    """Strict mode: who runs what agents wrote when no agent is to be at it. CoordError where that can't be had."""
    return guest_of(find_users(config.agent_user).gate) if config.agent_user else None
