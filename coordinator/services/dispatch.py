"""Pause and resume: whether the loop starts anything new, as a plan that is confirmed, joined and undone."""

import json

from coordinator.errors import Refused
from coordinator.lazy.dataclass import dataclass, field
from coordinator.lazy.typing import Any
from coordinator.model.plan import Plan
from coordinator.model.snapshot import Snapshot
from coordinator.services.inputs import about
from coordinator.services.planning import PlanBuilder

LOOP = ".coord/loop.json"
"""Where it stands what is asked of the loop."""


@dataclass(frozen=True, slots=True)
class PauseRequest:
    reason: str = field(default="", metadata=about("Why; goes to the log.", prose=True, hint="why; goes to the log"))
    who: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class ResumeRequest:
    reason: str = field(default="", metadata=about("Why; goes to the log.", prose=True, hint="why; goes to the log"))
    who: str = ""
    at: str = ""


def plan_pause(snapshot: Snapshot, request: PauseRequest) -> Plan:
    """Plan that nothing new starts; agents go on. Refused where that is so already."""
    return _plan(snapshot, request, "pause", "paused", "pause dispatch: nothing new starts, running agents finish")


def plan_resume(snapshot: Snapshot, request: ResumeRequest) -> Plan:
    """Plan that the loop starts what is ready. Refused where it may already, and where a milestone is stuck."""
    if snapshot.milestone.status == "stuck":
        raise Refused("the milestone is stuck; whether it goes on is yours to say", "coord resume has it go on")
    return _plan(snapshot, request, "resume", "running", "resume dispatch: what is ready starts")


def _plan(snapshot: Snapshot, request: PauseRequest | ResumeRequest, service: str, state: str, summary: str) -> Plan:
    before = snapshot.documents.get(LOOP)
    asked = _asked(before)
    if asked.get("state", "running") == state:
        raise Refused(f"dispatch is {state} already", "`coord status` shows what the loop does")
    asked |= {"state": state, "by": request.who, "at": request.at, "reason": " ".join(request.reason.split())}
    builder = PlanBuilder(snapshot, service)
    builder.document(LOOP, before, json.dumps(asked, ensure_ascii=False, indent=1).encode("utf-8", "replace") + b"\n")
    if service == "resume" and not snapshot.loop.alive:
        builder.warnings.append("no loop runs now: `coord loop` starts one")
    return builder.build(summary, reason=request.reason)


def _asked(document: bytes | None) -> dict[str, Any]:
    """What stands there; what can't be read asks for something that is neither of both, and is written anew."""
    try:
        found = {} if document is None else json.loads(document)
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, dict) else {"state": ""}
