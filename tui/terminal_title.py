"""The title of the terminal: what waits for a human, seen from another tab. Pure, but for who writes it."""

from coordinator.model.snapshot import Snapshot
from coordinator.model.text import plain
from coordinator.views.attention import needs
from tui.paint.ink import clip

KEEP = "\x1b[22;2t"
"""Has the terminal remember its title, where it can."""
GIVE_BACK = "\x1b[23;2t"
_LONGEST = 60


def title_of(snapshot: Snapshot) -> str:
    """`! 04 asks: Which versions? (+2) · tokenbucket`: one line of plain text, whatever the words are."""
    waits = needs(snapshot)
    project = " ".join(plain(snapshot.project).split())
    if not waits:
        return f"coord · {project}"
    more = f" (+{len(waits) - 1})" if len(waits) > 1 else ""
    first = " ".join(plain(waits[0].full).split())
    return f"! {clip(first, _LONGEST, '…')}{more} · {project}"


def sequence(title: str) -> str:
    """What makes it the title of the terminal."""
    return f"\x1b]2;{title}\x07"
