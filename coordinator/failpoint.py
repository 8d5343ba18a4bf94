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
    "task-committed",
    "changes-found",
    "changes-committed",
    "changes-taken-back",
    "seal-told",
    "artifact-published",
    "ledger-noted",
    "turn-taken",
    "route-decided",
    "route-written",
    "route-told",
    "pipeline-handed-off",
    "settle-ended",
    "settle-recorded",
    "merge-landed",
    "merge-recorded",
    "mark-written",
    "kill-ended",
    "pause-stopped",
    "go-on-done",
    "phase-recorded",
    "close-recorded",
)
"""Every point, in the order in which a prompt passes them."""
_CHOSEN, _, _TIMES = os.environ.pop("COORD_FAILPOINT", "").partition(":")  # taken out: no agent must inherit it
_passed: list[str] = []


def failpoint(name: str) -> None:
    """End this process by SIGKILL if `COORD_FAILPOINT` names this point; `settle-ended:3`: when it comes third."""
    if _CHOSEN and name == _CHOSEN:
        _passed.append(name)
        if len(_passed) < int(_TIMES or 1):
            return
        import signal

        os.kill(os.getpid(), signal.SIGKILL)
