"""The server of `coord mcp`, ready before an agent asks for it: to start takes it longer than an agent should wait."""

from coordinator.processes.background import begin
from coordinator.processes.local_socket import connect
from coordinator.storage.paths import Layout


def keep_ready(layout: Layout) -> None:
    """Start the project's server, unless it is there. It ends by itself, some time after the loop."""
    connection = connect(str(layout.coord), layout.mcp_socket.name)
    if connection is None:
        begin("-C", str(layout.root), "mcp", "--server")
    else:
        connection.close()
