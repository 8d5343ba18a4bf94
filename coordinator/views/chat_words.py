"""What the coordinator's voice says besides words, and what came of it, each on a line. Pure."""

from collections.abc import Sequence

from coordinator.model.clock import wall
from coordinator.model.conversation import Proposal, Ready, Tool, Trouble, Usage
from coordinator.model.text import clip, plain


def trouble_words(trouble: Trouble) -> str:
    """Why a turn ended, on one line, with when to try again if that is known."""
    when = plain(wall(trouble.retry_at)) if trouble.retry_at else ""
    return plain(trouble.message).rstrip(".") + (f"; again from {when}" if when else "")


def ready_words(ready: Ready) -> str:
    """Who speaks, and what is missing if something is, on one line."""
    names = {"api": "the API", "claude": "Claude Code", "codex": "Codex"}
    name = names.get(ready.voice, "")
    model = plain(ready.model)
    who = f"{name}, {model}" if name and model else name or model
    return " · ".join(part for part in (who, plain(ready.missing)) if part)


def tool_words(tool: Tool) -> str:
    """What it looks at, on one line."""
    return plain(tool.about) or plain(tool.name).replace("_", " ")


def usage_words(used: Sequence[Usage]) -> str:
    """What the conversation used so far: `12.4k tokens, $0.08`; empty: nothing yet."""
    tokens = sum(one.input + one.output + one.cached for one in used)
    if not tokens:
        return ""
    costs = [one.cost for one in used if one.cost is not None]
    count = f"{tokens / 1000:.1f}k" if tokens >= 1000 else str(tokens)
    return f"{count} tokens" + (f", ${sum(costs):.2f}" if costs else "")


def proposer_words(ready: Ready | None) -> str:
    """How the log calls what proposed a plan."""
    name = plain(ready.model) or ready.voice if ready is not None else ""
    return f"coordinator ({clip(name, 60)})" if name else "coordinator"


def read_words(proposal: Proposal) -> str:
    """Whose words it had read before it proposed that; empty: nobody's."""
    return f"It had read: {', '.join(map(plain, proposal.read))}." if proposal.read else ""


def proposal_title(proposal: Proposal) -> str:
    """A proposal on one line: its own title, else its services."""
    return plain(proposal.title) or ", ".join(plain(step.service) for step in proposal.steps)
