"""A small service that no project has: a module, and one line of the registry."""

import sys

from coordinator.lazy.dataclass import dataclass, field
from coordinator.model.plan import Plan
from coordinator.model.snapshot import Snapshot
from coordinator.services.inputs import about
from coordinator.services.planning import PlanBuilder, check_title, known
from coordinator.services.registry import Service


@dataclass(frozen=True, slots=True)
class Rename:
    number: int = field(metadata=about("The prompt to rename."))
    title: str = field(metadata=about("Its new title.", hint="another title"))
    reason: str = field(default="", metadata=about("Why; goes to the log.", prose=True))
    who: str = ""


def plan_rename(snapshot: Snapshot, request: Rename) -> Plan:
    prompt, title = known(snapshot, request.number), check_title(request.title)
    builder = PlanBuilder(snapshot, "rename")
    builder.set_values(request.number, {"title": title}, title=title)
    return builder.build(f"rename {prompt.label} to {title}", reason=request.reason)


LINE = Service(
    "rename",
    "toy.Rename",
    "toy.plan_rename",
    "offers.prompt",
    "Rename a prompt.",
    "Give a prompt another title; its file keeps its name.",
    "Give a prompt another title",
)
sys.modules["coordinator.services.toy"] = sys.modules[__name__]
