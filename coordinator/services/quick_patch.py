"""Quick patch: a user-patch prompt for a specific issue with work that is done or under way."""

from collections.abc import Sequence

from coordinator.errors import UsageError
from coordinator.lazy.dataclass import dataclass, field
from coordinator.lazy.typing import Literal
from coordinator.model.plan import Plan
from coordinator.model.prompt import Priority
from coordinator.model.snapshot import Snapshot
from coordinator.services.inputs import about
from coordinator.services.interjection import PRIORITY, RUNNING, Interjection, plan_interjection
from coordinator.services.planning import known, waiting_dependents


@dataclass(frozen=True, slots=True)
class QuickPatch:
    """What the engineer saw, and wants instead."""

    title: str = field(metadata=about("What is to be corrected, in a few words.", hint="what is to be corrected"))
    fixes: tuple[int, ...] = field(
        metadata=about("The prompts whose work it corrects.", hint="name the prompts whose work it is")
    )
    went_wrong: str = field(default="", metadata=about("What went wrong.", prose=True, hint="what you saw"))
    feedback: str = field(
        default="", metadata=about("What you want instead.", prose=True, hint="what you want instead")
    )
    issues: tuple[str, ...] = field(
        default=(),
        metadata=about(
            "Specific issues.",
            command="A specific issue; may be repeated.",
            option="issue",
            hint="specific ones, one a line",
        ),
    )
    criteria: tuple[str, ...] = field(
        default=(),
        metadata=about(
            "Acceptance criteria.",
            command="An acceptance criterion; may be repeated.",
            option="criterion",
            hint="acceptance criteria, one a line",
        ),
    )
    before: tuple[int, ...] = field(
        default=(), metadata=about("Run before these prompts.", label="Run before", hint="nothing waits for it")
    )
    before_dependents: bool = field(
        default=False,
        metadata=about(
            "Run before whatever still depends on the patched work.",
            label="Hold others",
            choices=(("yes", "yes", "y"), ("no", "no", "n")),
        ),
    )
    """Those that have not started."""
    body: str | None = field(
        default=None,
        metadata=about(
            "The whole body in Markdown, instead of one made of the other words.",
            command="The whole body instead; - for standard input.",
            file=True,
            hint="made of the fields above",
        ),
    )
    running: Literal["finish", "kill"] | None = field(default=None, metadata=RUNNING)
    priority: Priority = field(default=Priority.HIGH, metadata={"about": PRIORITY["about"]._replace(option=None)})
    who: str = ""
    at: str = ""


def plan_patch(snapshot: Snapshot, request: QuickPatch) -> Plan:
    """Plan a user-patch that runs after the prompts it fixes; refusals are those of an interjection."""
    if not request.fixes:
        raise UsageError("a patch names the prompt it fixes", "--fixes N; for new work use `coord interject`")
    for number in request.fixes:
        known(snapshot, number)
    before = dict.fromkeys(request.before)
    if request.before_dependents:
        before.update(dict.fromkeys(waiting_dependents(snapshot, request.fixes)))
    return plan_interjection(
        snapshot,
        Interjection(
            title=request.title,
            after=request.fixes,
            before=tuple(before),
            body=request.body if request.body is not None else patch_body(request),
            fixes=request.fixes,
            priority=request.priority,
            running=request.running,
            reason=request.feedback or request.went_wrong,
            who=request.who,
            at=request.at,
        ),
        service="patch",
    )


def patch_body(request: QuickPatch) -> str:
    """The body of the patch prompt, in the sections that agents are told to look for."""
    fixed = ", ".join(f"{n:02d}" for n in request.fixes)
    parts = [("What Went Wrong", request.went_wrong), ("Engineer Feedback", request.feedback)]
    sections = [f"## {title}\n\n{text.strip()}\n" for title, text in parts if text.strip()]
    if request.issues:
        sections.append("## Specific Issues\n\n" + _items(request.issues))
    task = (
        f"Correct the work of prompt {fixed} as described above; a test that fails without the correction comes first."
    )
    sections.append("## Tasks\n\n" + _items((task if sections else f"Correct the work of prompt {fixed}.",)))
    criteria = request.criteria or (f"{request.title.strip()}: a test shows it.", "All other tests still pass.")
    sections.append("## Acceptance Criteria\n\n" + _items(criteria))
    return "\n".join(sections)


def _items(lines: Sequence[str]) -> str:
    return "".join(f"- {' '.join(line.split())}\n" for line in lines)
