"""What an action would act on, why it can't act now, and how it is called there. Pure."""

from collections.abc import Callable

from coordinator.lazy.dataclass import dataclass, replace
from coordinator.model.own_command import OwnCommand
from coordinator.model.snapshot import Agent, AgentState, LoopState, Snapshot
from coordinator.services.offers import Offered, flow_why_not
from coordinator.services.registry import SERVICES
from coordinator.views.attention import needs


@dataclass(frozen=True, slots=True)
class Context:
    """What an action would act on, at this moment."""

    snapshot: Snapshot | None = None
    selected: int | None = None
    """Number of the selected prompt."""
    agent: Agent | None = None
    """The agent whose window is shown."""
    panel: str = ""
    """Id of the focused panel."""
    search: str = ""
    """What the events are searched for."""
    maximized: bool = False
    marked: int = 0
    """How many prompts and agents are marked."""
    commands: tuple[OwnCommand, ...] = ()
    """Those of the project's own."""


Reason = str
"""Why an action can't act now, as a sentence for a toast; empty when it can."""


def or_marked(when: Callable[[Context], Reason]) -> Callable[[Context], Reason]:
    """Why an action can't act that acts on what is marked, if something is."""
    return lambda context: "" if context.marked else when(context)


def of_marked(verb: str, context: Context) -> str:
    """`kill all 3`; the verb alone where nothing is marked."""
    if not context.marked:
        return verb
    return f"{verb} marked" if context.marked == 1 else f"{verb} all {context.marked}"


def nothing_chosen(context: Context) -> Reason:
    return not_loaded(context) or ("" if target_of(context) is not None else "Select a prompt, or mark several.")


def no_target(context: Context) -> Reason:
    return not_loaded(context) or ("" if target_of(context) is not None else "Select a prompt.")


def no_agent(context: Context) -> Reason:
    if context.agent is not None and context.agent.window:
        return ""
    if context.selected is None:
        return "Select a prompt that an agent works on."
    return f"No agent has a window for {context.selected:02d}; there is nothing to attach to."


def only_shown(context: Context) -> Reason:
    """Nothing is done to the agent in focus: it is in a window that coord did not open."""
    agent = context.agent
    if agent is None or not agent.adopted or context.panel not in ("agents", "window"):
        return ""
    return f"coord did not start {agent.name}, and writes nothing to it. Attach to it to do that yourself."


def target_of(context: Context) -> int | None:
    """The prompt that services act on: that of the agent in focus, else the selected one."""
    if context.panel in ("agents", "window") and context.agent is not None and context.agent.prompt is not None:
        return context.agent.prompt
    known = context.snapshot.prompts if context.snapshot is not None else {}
    return context.selected if context.selected in known else None


def flow_of(context: Context) -> Agent | None:
    """The agent in focus, if it works through a flow: what ends agents acts on it, and on no prompt."""
    agent = context.agent if context.panel in ("agents", "window") else None
    return agent if agent is not None and agent.flow else None


_OF_AGENTS = ("kill", "restart")
"""Services that end what an agent does, wherever it runs."""


def offered(context: Context, service: str) -> Offered:
    """What a service is offered for, and why not otherwise."""
    if context.snapshot is None:
        return Offered(why_not=not_loaded(context))
    flow = flow_of(context) if service in _OF_AGENTS else None
    if flow is not None:
        return Offered(why_not=flow_why_not(context.snapshot, flow, service))
    # A review is of what is selected, whoever is in focus.
    number = context.selected if service == "review" else target_of(context)
    found = SERVICES[service].offers(context.snapshot, number)
    theirs = only_shown(context) if service in _OF_AGENTS else ""
    return found._replace(why_not=theirs) if theirs else found


def no_agents(context: Context) -> Reason:
    return "" if context.snapshot is not None and context.snapshot.everybody else "No agent was started in this run."


def no_question(context: Context) -> Reason:
    if context.snapshot is not None and context.snapshot.questions:
        return ""
    return "No question was asked yet."


def no_need(context: Context) -> Reason:
    if context.snapshot is not None and needs(context.snapshot):
        return ""
    return "Nothing waits for you."


def no_problems(context: Context) -> Reason:
    if context.snapshot is not None and context.snapshot.problems:
        return ""
    return "Every file is fine."


def no_distrust(context: Context) -> Reason:
    if context.snapshot is not None and context.snapshot.asks is not None:
        return ""
    return "This project is trusted, and nothing of it is new."


def not_loaded(context: Context) -> Reason:
    return "" if context.snapshot is not None else "The project is still being read."


def nothing_applied(context: Context) -> Reason:
    return not_loaded(context) or ("" if context.snapshot and context.snapshot.head else "Nothing was applied yet.")


def not_alive(context: Context) -> Reason:
    if context.snapshot is not None and context.snapshot.loop.alive:
        return ""
    return "No loop is running."


def asks_permission(context: Context) -> Agent | None:
    """The agent whose question is to be answered: the one that is shown, else the first that asks."""
    agents = context.snapshot.agents if context.snapshot is not None else ()
    asking = [agent for agent in agents if agent.state is AgentState.PERMISSION]
    shown = [agent for agent in asking if context.agent is not None and agent.id == context.agent.id]
    return next(iter(shown or asking), None)


def permit_label(context: Context) -> str:
    if context.marked:
        return of_marked("permit", context)
    agent = asks_permission(context)
    return f"permit {agent.at}".rstrip() if agent is not None else "permit"


def no_permission(context: Context) -> Reason:
    if asks_permission(context) is not None:
        return ""
    return only_shown(context) or "No agent asks for permission."


def no_pipeline(context: Context) -> Reason:
    number, snapshot = target_of(context), context.snapshot
    if number is None or snapshot is None:
        return "Select a prompt that a pipeline works on."
    attempt = snapshot.steps[number].attempt
    begun = number in snapshot.pipelines or (attempt is not None and attempt.pipeline)
    return "" if begun else f"No pipeline of {number:02d} has begun."


def tell_label(context: Context) -> str:
    if context.marked:
        return of_marked("tell", context)
    agent = context.agent
    return f"tell {agent.at}".rstrip() if agent is not None else "tell"


def nobody_to_tell(context: Context) -> Reason:
    if context.agent is not None and context.agent.adopted:
        return only_shown(replace(context, panel="window"))
    if context.agent is None or context.agent.state.ended:
        return "The agent that is shown has ended."
    return _READS_NOTHING.get(context.agent.state, "")


_READS_NOTHING = {
    AgentState.PAUSED: "It is paused, and reads nothing: answer the question about its budget first.",
    AgentState.PERMISSION: "It asks for leave, and would take a message for the answer: answer that first.",
}
"""Why an agent that lives can't be told anything."""


def nothing_happened(context: Context) -> Reason:
    if context.snapshot is not None and context.snapshot.head:
        return ""
    return "Nothing happened yet: there is nothing to replay."


def no_search(context: Context) -> Reason:
    return "" if context.search else "Nothing is being searched for."


def nothing_to_run(context: Context) -> Reason:
    """A loop that has done everything is not to be paused: it waits for new prompts as it is."""
    if context.snapshot is None:
        return not_loaded(context)
    loop = context.snapshot.loop
    if loop.alive and loop.asked == "running" and loop.state in (LoopState.FINISHED, LoopState.IDLE):
        return f"There is nothing to run: {loop.reason}. What you add starts by itself."
    return ""


def loop_label(context: Context) -> str:
    if context.snapshot is None or not context.snapshot.loop.alive:
        return "start loop"
    return "pause loop" if context.snapshot.loop.asked == "running" else "resume loop"


def attach_label(context: Context) -> str:
    return f"attach {context.agent.at}".rstrip() if context.agent is not None else "attach"


def zoom_label(context: Context) -> str:
    return "unzoom" if context.maximized else "zoom"
