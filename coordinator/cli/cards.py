"""Shows the emergent prompts side by side, for surgery."""

from coordinator.cli.report import emit, say, styled
from coordinator.client.look import look
from coordinator.client.opening import Project
from coordinator.lazy.dataclass import asdict
from coordinator.services.surgery import Emergent, emergent

_INK = {"brand": "cyan", "strong": "bold", "quiet": "dim", "good": "green", "failed": "red", "need": "yellow"}


def print_emergent(project: Project, *, as_json: bool) -> int:
    """Print every emergent prompt with what is known to decide on it; 0."""
    cards = emergent(look(project))
    if as_json:
        emit({"emergent": [{**asdict(card), "state": card.state.value} for card in cards]})
        return 0
    if not cards:
        say("There is no emergent prompt.")
    for card in cards:
        _print(card)
    return 0


def print_analysis(project: Project, *, as_json: bool) -> int:
    """Print every emergent prompt beside the others, held against its diff and the milestone; 0."""
    import shutil

    from coordinator.client.surgery import analyses
    from coordinator.views.surgery_page import analysis_json, side_by_side

    found = analyses(project)
    if as_json:
        emit({"emergent": [analysis_json(one) for one in found]})
        return 0
    if not found:
        say("There is no emergent prompt.")
    for row in side_by_side(found, shutil.get_terminal_size((120, 40)).columns):
        styled([(span.text, _INK.get(span.ink, "")) for span in row])
    return 0


def _print(card: Emergent) -> None:
    styled([(f"{card.number:02d} ", "bold"), (card.title, "bold"), (f"  {card.state.value}", "dim")])
    rows = [
        ("hypothesis", card.hypothesis),
        ("approach", card.approach),
        ("result", card.result),
        ("commits", ", ".join(commit[:9] for commit in card.commits)),
        ("alignment", " · ".join(card.alignment)),
    ]
    for name, text in rows:
        if text:
            styled([(f"  {name:<11}", "dim"), (" ".join(text.split()), "")])
    if card.dependents:
        styled([(f"  {card.stands} ", "dim"), (", ".join(f"{n:02d}" for n in card.dependents), "")])
    say(f"  coord surgery --keep {card.number} | --improve {card.number} | --eliminate {card.number}  --rationale …\n")
