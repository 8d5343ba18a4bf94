"""The graph for other tools: JSON, Mermaid, Graphviz. Titles are untrusted; they are quoted for each."""

from collections.abc import Callable

from coordinator.model.loop_state import startable
from coordinator.model.snapshot import Snapshot
from coordinator.model.text import plain
from coordinator.views.prompt_row import Facts, Tone

_FILLS = {
    Tone.DONE: "#dcefdc",
    Tone.RUNNING: "#d6e4ff",
    Tone.REVIEW: "#eadcf8",
    Tone.ATTENTION: "#ffe9b8",
    Tone.NEXT: "#ffffff",
    Tone.WAITING: "#f1f2f6",
    Tone.FAILED: "#ffd9de",
    Tone.BLOCKED: "#ffe2cc",
    Tone.CANCELLED: "#e4e5ea",
}
"""Light backgrounds for black text; the state is written in the node as well."""


def document(snapshot: Snapshot) -> dict[str, object]:
    """What `coord graph --json` prints: its keys are a contract, more may be added."""
    graph = snapshot.graph
    return {
        "nodes": [
            {
                "number": number,
                "title": snapshot.prompts[number].title,
                "type": snapshot.prompts[number].type.value,
                "status": snapshot.prompts[number].status.value,
                "step": snapshot.steps[number].state.value,
                "priority": snapshot.prompts[number].priority.value,
            }
            for number in graph.nodes
        ],
        "edges": [list(edge) for edge in graph.edges],
        "order": list(graph.order),
        "ready": list(startable(graph, snapshot.prompts, snapshot.steps, snapshot.questions)),
        "layers": [list(layer) for layer in graph.layers],
        "cycles": [list(cycle) for cycle in graph.cycles],
        "dangling": [[number, missing] for number, some in graph.dangling.items() for missing in some],
    }


def mermaid(snapshot: Snapshot) -> str:
    """A Mermaid flowchart, top down, one node a prompt."""
    lines = ["flowchart TD"]
    lines += _nodes(snapshot, lambda number, text, tone: f'  p{number}["{_mermaid_text(text)}"]:::{tone.value}')
    lines += [f"  p{before} --> p{after}" for before, after in snapshot.graph.edges]
    lines += [f"  m{missing}[/{missing:02d} is missing/] -.-> p{number}" for number, missing in _missing(snapshot)]
    lines += [f"  classDef {tone.value} fill:{fill},color:#111111,stroke:#666666" for tone, fill in _FILLS.items()]
    return "\n".join(lines) + "\n"


def dot(snapshot: Snapshot) -> str:
    """A Graphviz digraph, top down, one node a prompt."""
    lines = ["digraph coord {", '  node [shape=box, style="rounded,filled", fontname="sans-serif"];']
    lines += _nodes(
        snapshot,
        lambda number, text, tone: f'  p{number} [label="{_dot_text(text)}", fillcolor="{_FILLS[tone]}"];',
    )
    lines += [f"  p{before} -> p{after};" for before, after in snapshot.graph.edges]
    lines += [
        f'  m{missing} [label="{missing:02d} is missing", style=dashed]; m{missing} -> p{number} [style=dashed];'
        for number, missing in _missing(snapshot)
    ]
    return "\n".join([*lines, "}"]) + "\n"


def _nodes(snapshot: Snapshot, line: Callable[[int, str, Tone], str]) -> list[str]:
    facts = Facts(snapshot)
    result = []
    for number in snapshot.graph.nodes:
        prompt, tone = snapshot.prompts[number], facts.of(number, 0.0).tone
        result.append(line(number, f"{prompt.label} {plain(prompt.title)}\n{tone.value}", tone))
    return result


def _missing(snapshot: Snapshot) -> list[tuple[int, int]]:
    return [(number, missing) for number, some in snapshot.graph.dangling.items() for missing in some]


def _mermaid_text(text: str) -> str:
    """Everything that Mermaid, or the HTML it becomes, could read as its own is written as a character entity."""
    safe = "".join(char if char.isalnum() or char in " \n.,:-_" else f"#{ord(char)};" for char in text)
    return safe.replace("\n", "<br>")


def _dot_text(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
