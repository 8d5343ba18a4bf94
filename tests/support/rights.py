"""The rights of the design, cell by cell; written down a second time, so that a slip in one shows."""

ROLES = ("planner", "executor", "verifier", "specialist", "stage", "coordinator", "")

TABLE = {
    "intent.set": {"human"},
    "milestone.status": {"human"},
    "question.answered": {"human"},
    "change.approved": {"human"},
    "change.rejected": {"human"},
    "change.commented": {"human", "system"},
    "permission.answered": {"human"},
    "agent.told": {"human", "system"},
    "trust.given": {"human"},
    "milestone.created": {"human"},
    "criterion.accepted": {"human"},
    "witness.asked": {"human"},
    "attachment.removed": {"human"},
    "decision.recorded": {"human", *ROLES},
    "artifact.produced": {"human", *ROLES},
    "question.asked": {"human", *ROLES},
    "question.assumed": {"human", *ROLES},
    "attachment.added": {"human", *ROLES},
    "prompt.created": {"human", "planner"},
    "prompt.edited": {"human", "planner"},
    "prompt.cancelled": {"human", "planner"},
    "plan.applied": {"human", "planner"},
    "plan.undone": {"human"},
    "feedback.filed": {"human", "specialist", "system"},
    "feedback.planned": {"human", "planner", "system"},
    "feedback.waived": {"human"},
    "verdict.given": {"human", "verifier"},
    "planner.decided": {"human", "planner"},
    "phase.reported": {"stage"},
    "learning.curated": {"human", "planner"},
    "learning.noted": {"human", "planner", "executor", "verifier", "specialist", "stage"},
    "handoff.given": {"human", "planner", "executor", "verifier", "specialist", "stage"},
}
"""Kind → who; kinds that are not here are for the system alone."""
