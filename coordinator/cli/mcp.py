"""`coord mcp`: what agents say to coord, as tools of the Model Context Protocol."""

from coordinator.cli import declared as click
from coordinator.client.strict_guard import root_of
from coordinator.errors import CoordError


@click.command()
@click.option("--server", is_flag=True, help="Be the server that answers; it is started when it is needed.")
@click.pass_context
def mcp(ctx: click.Context, server: bool) -> int:
    """Speak MCP on standard input and output, for an agent CLI that is told to start `coord mcp`.

    Who the agent is, is decided as for every command. One server answers all agents of the project; it ends by itself.
    """
    root = root_of(ctx.obj)
    if root is None:
        raise CoordError("there is no coord project here", "name it: coord -C /path/of/the/project mcp")
    if server:
        from coordinator.mcp_server.serve import serve

        return serve(root)
    from coordinator.mcp_server.thin import relay

    return relay(root)
