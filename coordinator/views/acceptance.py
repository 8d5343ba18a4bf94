"""How far the acceptance criteria of a prompt are shown to be met, for people."""

from collections.abc import Sequence

from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.snapshot import Snapshot

if TYPE_CHECKING:
    from coordinator.model.witnesses import Standing
    from coordinator.views.spans import Span


def acceptance_of(snapshot: Snapshot, number: int) -> "tuple[Standing, ...]":
    """What is known of the criteria of a merged prompt; none where its hand-off names no command."""
    if snapshot.checks is None:
        return ()
    from coordinator.model.acceptance import prompt_of, standings

    return tuple(one for one in standings(snapshot.checks) if prompt_of(one.criterion.id) == number)


def tally(found: "Sequence[Standing]") -> str:
    """`2 of 3 shown to be met`."""
    return f"{sum(one.settled for one in found)} of {len(found)} shown to be met"


def acceptance_rows(snapshot: Snapshot, number: int) -> "list[list[Span]]":
    """A line that sums it up, then each criterion with what shows it; none where nothing is known."""
    found = acceptance_of(snapshot, number)
    if not found:
        return []
    from coordinator.views.round_page import criterion_rows
    from coordinator.views.spans import Span

    head = [Span("Acceptance criteria", "brand"), Span(f"  {tally(found)}", "quiet")]
    return [head, *criterion_rows(found)]
