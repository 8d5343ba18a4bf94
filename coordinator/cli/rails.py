"""Draws the graph as rails on a plain terminal."""

from coordinator.cli.report import styled
from coordinator.cli.status import GLYPHS
from coordinator.model.snapshot import Snapshot
from coordinator.model.text import clip, plain
from coordinator.views.graph_rails import layout
from coordinator.views.prompt_row import Facts

_LANES = ("blue", "magenta", "cyan", "green", "yellow")


def print_rails(snapshot: Snapshot, now: float) -> None:
    """Print one row a prompt: state, number, rails, title, and the fact that matters now."""
    facts = Facts(snapshot)
    for row in layout(snapshot.graph).rows():
        (number,) = row.numbers
        prompt = snapshot.prompts[number]
        glyph, colour = GLYPHS[snapshot.steps[number].state]
        rails = [(cell.char, _LANES[cell.lane % len(_LANES)] if cell.lane >= 0 else "") for cell in row.cells]
        title = clip(plain(prompt.title), 60)
        fact = facts.of(number, now).text
        styled([(f"{glyph} ", colour), (f"{prompt.label} ", "dim"), *rails, (f" {title}", ""), (f"  {fact}", "dim")])
