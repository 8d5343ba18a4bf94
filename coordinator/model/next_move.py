"""What comes next of a pipeline: by the rule of its kind. Pure."""

from coordinator.model import stations
from coordinator.model.pipeline import STAGED, Move, Position


def next_move(position: Position) -> Move | None:
    """What comes next; None while it waits for turns that run, or for an answer, and when it has ended.

    To be asked after what became of every turn that is over was taken into the position.
    """
    if position.ended or position.waits or position.broken:
        return None
    if position.kind == STAGED:
        from coordinator.model import staged

        return staged.next_move(position)
    return stations.next_move(position)
