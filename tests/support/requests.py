"""Any valid project, any request to a service, and what the service plans for it."""

from hypothesis import strategies as st
from support.build import attempt
from support.onpaper import Paper

from coordinator.errors import Refused, UsageError
from coordinator.model.plan import Plan
from coordinator.model.snapshot import Snapshot
from coordinator.model.step import StepState
from coordinator.services.edit import Edit
from coordinator.services.interjection import Interjection
from coordinator.services.quick_patch import QuickPatch
from coordinator.services.registry import SERVICES
from coordinator.services.restart import KillRequest, RestartRequest
from coordinator.services.surgery import Surgery

WORDS = st.text(max_size=30)
TITLES = st.one_of(st.just("Say it plainly"), WORDS)
SPELLINGS = (
    lambda d: f"dependencies: [{', '.join(map(str, d))}]",
    lambda d: f"dependencies:   [ {' ,'.join(map(str, d))} ]  # keep",
    lambda d: "dependencies:\n" + "".join(f"  - {n}\n" for n in d) if d else "dependencies: []",
    lambda d: f"'dependencies': [{', '.join(f'0{n}' for n in d)}]",
)


@st.composite
def papers(draw: st.DrawFn) -> Paper:
    """A valid project: prompts whose dependencies are smaller, a done prompt's dependencies being done as well."""
    paper = Paper()
    done: set[int] = set()
    for number in range(1, draw(st.integers(1, 8)) + 1):
        depends = draw(st.lists(st.integers(1, number - 1), max_size=3, unique=True)) if number > 1 else []
        status = draw(st.sampled_from(["pending", "pending", "in_progress", "failed", "done"]))
        if status == "done" and not done.issuperset(depends):
            status = "pending"
        if status == "done":
            done.add(number)
        kind = draw(st.sampled_from(["planned", "emergent"]))
        newline = draw(st.sampled_from(["\n", "\r\n"]))
        spelled = draw(st.sampled_from(SPELLINGS))(depends).rstrip("\n")
        lines = ["---", f"number: {number}", f"title: 'P {number}'", f"type: {kind}", f"status: {status}", spelled]
        text = "\n".join([*lines, "---", "## Tasks", "- a --- b", "## Acceptance Criteria", "- c", ""])
        paper.put(f"{number:02d}-{kind}-x.prompt.md", text.replace("\n", newline).encode())
        if status == "in_progress":
            paper.attempt(attempt(number, StepState.RUNNING))
    return paper


def numbers(highest: int, at_least: int = 0) -> st.SearchStrategy[tuple[int, ...]]:
    """Some prompts of a project; now and then one that is not there."""
    one = st.one_of(st.integers(1, highest), st.integers(1, highest), st.integers(1, highest + 1))
    return st.lists(one, min_size=at_least, max_size=2, unique=True).map(tuple)


def requests(highest: int) -> st.SearchStrategy[object]:
    running = st.sampled_from(["finish", "kill", None])
    number = st.integers(1, highest)
    some = numbers(highest)
    values = {
        "title": TITLES,
        "priority": st.sampled_from(["high", "low", "urgent"]),
        "dependencies": some.map(lambda chosen: ", ".join(map(str, chosen))),
        "number": st.just("99"),
        "x y": WORDS,
    }
    edits = st.sampled_from(sorted(values)).flatmap(lambda key: st.fixed_dictionaries({key: values[key]}))
    return st.one_of(
        st.builds(Interjection, TITLES, after=some, before=some, fixes=some, body=WORDS, running=running, reason=WORDS),
        st.builds(
            QuickPatch, TITLES, numbers(highest, 1), WORDS, WORDS, before_dependents=st.booleans(), running=running
        ),
        st.builds(
            Edit,
            number,
            edits,
            running=st.sampled_from([None, "finish", "steer", "restart"]),
            mark_user_patch=some,
            feedback=WORDS,
        ),
        st.builds(Surgery, keep=some, rationale=WORDS),
        st.builds(Surgery, eliminate=numbers(highest, 1), rationale=WORDS, kill_running=st.booleans()),
        st.builds(lambda n, what: Surgery(improve={n: what}), number, WORDS),
        st.builds(KillRequest, number, st.sampled_from(["requeue", "fail", "hold"]), WORDS),
        st.builds(RestartRequest, number, WORDS),
    )


def planned(snapshot: Snapshot, request: object) -> Plan | None:
    """The plan for a request; None when the service refuses it."""
    service = next(each for each in SERVICES.values() if each.request_type is type(request))
    try:
        return service.plan(snapshot, request)
    except (Refused, UsageError):
        return None
