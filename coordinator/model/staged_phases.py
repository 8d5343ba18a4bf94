"""The stages of `staged` and their phases: names, order, and the flow that each is told. Pure."""

from coordinator.lazy.typing import NamedTuple

PLAN, IMPLEMENT, TEST, FINAL = "PLAN", "IMPLEMENT", "TEST", "FINAL"
STAGES = (PLAN, IMPLEMENT, TEST, FINAL)
"""In the order in which they run."""
SKIP = "skip_stages"
"""Of a prompt's frontmatter: stages that it leaves out."""


class Phase(NamedTuple):
    """A part of a stage."""

    stage: str
    id: str
    """`2.1`."""
    name: str
    """For people, and for its agent."""
    key: str
    """Of its settings, in those of its stage."""
    flow: str
    """What its agent is told; empty: a rule does it, without an agent."""

    @property
    def path(self) -> str:
        """`IMPLEMENT/2.2`."""
        return f"{self.stage}/{self.id}"


BRAINSTORM = Phase(PLAN, "1.1", "brainstorm", "brainstorm", "staged-brainstorm")
WRITE_PLAN = Phase(PLAN, "1.2", "write plan", "writePlan", "staged-write-plan")
REVIEW_PLAN = Phase(PLAN, "1.3", "review plan", "planReview", "staged-review-plan")
CLASSIFY = Phase(IMPLEMENT, "2.0", "classify", "classify", "")
TASKS = Phase(IMPLEMENT, "2.1", "implement", "tasks", "staged-task")
SIMPLIFY = Phase(IMPLEMENT, "2.2", "simplify", "simplify", "staged-simplify")
REVIEW = Phase(IMPLEMENT, "2.3", "review", "implementReview", "staged-review")
PLAN_TESTS = Phase(TEST, "3.1", "plan tests", "testPlan", "staged-plan-tests")
WRITE_TESTS = Phase(TEST, "3.2", "write tests", "writeTests", "staged-write-tests")
REVIEW_TESTS = Phase(TEST, "3.3", "review tests", "testReview", "staged-review-tests")
DOCUMENT = Phase(FINAL, "4.0", "documentation", "documentUpdates", "staged-document")
FINAL_REVIEW = Phase(FINAL, "4.1", "final review", "finalReview", "staged-final-review")
EXTENSIONS = Phase(FINAL, "4.2", "extensions", "extensions", "staged-extensions")
COMPLETION = Phase(FINAL, "4.3", "completion", "completion", "staged-completion")
PHASES = (
    BRAINSTORM,
    WRITE_PLAN,
    REVIEW_PLAN,
    CLASSIFY,
    TASKS,
    SIMPLIFY,
    REVIEW,
    PLAN_TESTS,
    WRITE_TESTS,
    REVIEW_TESTS,
    DOCUMENT,
    FINAL_REVIEW,
    EXTENSIONS,
    COMPLETION,
)
"""In the order in which they run."""
FIX = "fix"
"""The task of a review's phase that mends what it found."""
FIX_FLOW = "staged-fix"


def phase_of(id_: str) -> Phase | None:
    """The phase with an id such as `2.1`."""
    return next((phase for phase in PHASES if phase.id == id_), None)


class Place(NamedTuple):
    """Where a turn stands: its phase, the task in it, and which turn of that it is."""

    phase: Phase
    task: str
    """`T3`, or `fix`; empty: the phase itself."""
    turn: int
    """1, 2, 3, …"""

    @property
    def station(self) -> str:
        """The same for every turn: `IMPLEMENT/2.1/T3`."""
        return f"{self.phase.path}/{self.task}" if self.task else self.phase.path

    @property
    def reports(self) -> bool:
        """Its agent reports what it came to, beside its hand-off; that of a task only hands off."""
        return self.phase is not TASKS

    @property
    def path(self) -> str:
        """`IMPLEMENT/2.1/T3.2`, `PLAN/1.2.2`; of the first turn its station."""
        return self.station if self.turn == 1 else f"{self.station}.{self.turn}"


def place_of(path: str) -> Place | None:
    """What a turn's path tells; None for what is none of this pipeline's."""
    stage, phase_id, task, *more = [*path.split("/"), "", ""]
    if any(more):
        return None
    turn = 1
    if task:
        task, turn = _turn(task, ".")
    elif phase_id.count(".") > 1:
        phase_id, turn = _turn(phase_id, ".")
    phase = phase_of(phase_id)
    found = Place(phase, task, turn) if phase is not None and phase.stage == stage else None
    return found if found is not None and found.path == path and "." not in found.task else None


def commits_nothing(path: str) -> bool:
    """Whether a turn is a task, whose files are committed for it: others are at work beside it in the same worktree."""
    place = place_of(path)
    return place is not None and not place.reports


def _turn(text: str, mark: str) -> tuple[str, int]:
    head, _, tail = text.rpartition(mark)
    number = int(tail) if tail.isascii() and tail.isdigit() and len(tail) < 10 else 0
    return (head, number) if head and number > 1 else (text, 1)
