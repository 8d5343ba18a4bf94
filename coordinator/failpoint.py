"""Points at which a test kills the loop, as a power cut or a `kill -9` would."""

import os

POINTS = (
    "warm-marked",
    "warm-made",
    "warm-ready",
    "dispatch-claimed",
    "takeover-branched",
    "takeover-switched",
    "warm-brought",
    "warm-taken",
    "dispatch-worktree",
    "dispatch-set-up",
    "dispatch-script",
    "dispatch-window",
    "step-written",
    "dispatch-running",
    "handoff-given",
    "handoff-noted",
    "settle-ended",
    "settle-recorded",
    "merge-landed",
    "merge-recorded",
    "mark-written",
    "kill-ended",
    "pause-stopped",
    "go-on-done",
    "close-recorded",
)
"""Every point, in the order in which a prompt passes them."""
_CHOSEN = os.environ.pop("COORD_FAILPOINT", "")  # taken out: an agent must not inherit it


def failpoint(name: str) -> None:
    """End this process by SIGKILL if `COORD_FAILPOINT` names this point."""
    if _CHOSEN and name == _CHOSEN:
        import signal

        os.kill(os.getpid(), signal.SIGKILL)
