"""The verbs of the command: where each is defined, and the line that help shows."""

import importlib
import keyword

from coordinator.lazy.typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

VERBS: dict[str, tuple[str, str]] = {
    "init": ("start", "Prepare this project for coord."),
    "demo": ("start", "Watch a scripted project run to the end."),
    "doctor": ("start", "Check tmux, git, the agents and this project."),
    "validate": ("views", "Check every prompt file and the graph."),
    "status": ("views", "Where everything stands."),
    "graph": ("views", "The dependency graph."),
    "why": ("views", "Why a prompt does not run yet."),
    "context": ("context", "What an agent is told."),
    "agents": ("views", "The agents and what they are at."),
    "attach": ("views", "Go to an agent's own window."),
    "log": ("log", "The event log: read, follow, verify, export."),
    "permit": ("permit", "Allow or deny what an agent asks to do."),
    "tell": ("permit", "Send a message to a running agent."),
    "chat": ("chat", "Talk with the coordinator in this terminal."),
    "loop": ("loop", "Run the loop in this terminal."),
    "run": ("run", "Take a specification to DONE."),
    "pipeline": ("pipeline", "Have several agents work on one task, one after the other."),
    "pause": ("loop", "Start nothing new; running agents finish."),
    "stop": ("loop", "End the loop; running agents finish."),
    "resume": ("loop", "Go on after a pause."),
    "clean": ("clean", "Clear what ended work left, if it holds nothing."),
    "import": ("importing", "Make prompts of the tasks of another tool."),
    "export": ("export", "Tell other tools' files what became of their work; or copy them."),
    "undo": ("services", "Take back what was applied last."),
    "ask": ("questions", "Ask the human a question."),
    "assume": ("questions", "Go on with an answer of your own, for now."),
    "answer": ("questions", "Answer a question."),
    "questions": ("questions", "The questions, open ones first."),
    "decide": ("questions", "Record a decision on the log."),
    "milestone": ("milestone", "The milestone on one page; reopen it, or close it."),
    "backlog": ("backlog", "What milestones left undone; take it over."),
    "witnesses": ("criteria", "What shows that the success criteria are met."),
    "accept": ("criteria", "Say that a criterion is met, where no command can show it."),
    "feedback": ("feedback", "What was found, and what becomes of it."),
    "learnings": ("guidance", "What was learned, and what agents noted since."),
    "compound": ("compound", "What slipped through, and what would catch the next one."),
    "flows": ("guidance", "What the roles are told, and the specialists that there are."),
    "pipelines": ("guidance", "How several agents work on one prompt, one after the other."),
    "runs": ("runs", "The runs: outcome, time and cost; one of them in detail."),
    "artifacts": ("made", "What pipelines made, and who sealed it."),
    "ledger": ("made", "The acceptance criteria of pipelines, and who says what of each."),
    "link": ("records", "Attach an issue, change, file, page or memory record."),
    "artifact": ("records", "Record a file that was made, with its fingerprint."),
    "trust": ("trust", "Show what would run here, and let it."),
    "strict": ("strict", "Run agents as a user who can't touch the log: setup, status."),
    "serve": ("serve", "Show the screen in a browser."),
    "mcp": ("mcp", "Speak with agents over MCP."),
    "agent": ("agent", "What agents call to hand off their work."),
}
_OWN = {"review": "review", "intent": "intent"}
"""Services with a command of their own → the module that defines it."""


def verbs() -> dict[str, tuple[str, str]]:
    """Verb → module of this package that defines it, and its line of help."""
    from coordinator.services.registry import SERVICES

    made = {name: service for name, service in SERVICES.items() if name not in VERBS}
    return VERBS | {name: (_OWN.get(name, "services"), service.line) for name, service in made.items()}


def find(verb: str) -> "Any":
    """What a verb is declared as; None when there is no such verb."""
    module = VERBS[verb][0] if verb in VERBS else verbs().get(verb, ("", ""))[0]
    if not module:
        return None
    defined = importlib.import_module(f"coordinator.cli.{module}")
    is_made = module == "services" and verb not in VERBS
    named = f"{verb}_" if keyword.iskeyword(verb) else verb.replace("-", "_")
    return defined.command_of(verb) if is_made else getattr(defined, named)
