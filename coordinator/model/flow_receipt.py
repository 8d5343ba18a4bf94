"""The receipt of a flow: what seals a piece of work, written by somebody else than its author. Pure."""

from collections.abc import Mapping

from coordinator.lazy.dataclass import dataclass, field

STATUSES = (VERIFIED, UNVERIFIED, CANNOT_PROCEED) = ("VERIFIED", "UNVERIFIED", "CANNOT_PROCEED")
ACTIONS = ("PROCEED", "RERUN", "BOUNCE", "FIX_ENV")
Count = int | float | bool | None


@dataclass(frozen=True, slots=True)
class FlowReceipt:
    """What the file of a receipt says, word by word; empty: nothing."""

    flow: str = ""
    run_id: str = ""
    status: str = ""
    """One of `STATUSES`, if it can be believed."""
    recommended_action: str = ""
    """One of `ACTIONS`."""
    route_to_flow: str = ""
    route_to_agent: str = ""
    missing_required: tuple[str, ...] = ()
    counts: Mapping[str, Count] = field(default_factory=dict)
    """Null where it can't be derived."""
    tests: Mapping[str, Count] = field(default_factory=dict)
    """`passed`, `failed`, … of the tests that its writer ran; what is no number there is left out."""
    key_artifacts: tuple[str, ...] = ()
    blockers: tuple[str, ...] = ()
    concerns: tuple[str, ...] = ()
    completed_at: str = ""
