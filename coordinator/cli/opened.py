"""The project that a command is about, and the option that nearly all have."""

from coordinator.cli import declared as click
from coordinator.lazy.typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coordinator.cli.declared import Context
    from coordinator.client.opening import Project

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


def project_of(ctx: "Context") -> "Project":
    """The project that the command is about; a plan that a killed process left unfinished is finished first."""
    from coordinator.client.opening import open_finished

    return open_finished(ctx.obj)
