"""The project that a command is about."""

from coordinator.client.opening import open_finished
from coordinator.lazy.typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coordinator.cli.declared import Context
    from coordinator.client.opening import Project


def project_of(ctx: "Context") -> "Project":
    """The project that the command is about; a plan that a killed process left unfinished is finished first."""
    return open_finished(ctx.obj)
