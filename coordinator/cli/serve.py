"""`coord serve`: the screen in a browser."""

import sys

from coordinator.cli import declared as click
from coordinator.cli.opened import json_option, project_of
from coordinator.cli.report import emit
from coordinator.errors import CoordError, Refused

_HERE = ("127.0.0.1", "localhost", "::1")


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any that is free.")
@click.option("--host", default="127.0.0.1", metavar="NAME", help="Only this machine itself; see below.")
@json_option
@click.pass_context
def serve(ctx: click.Context, port: int, host: str, as_json: bool) -> int:
    """Show the screen in a browser, until ctrl-c.

    It asks for no password: whoever has the address that is printed may do what you may. So it listens on this machine
    alone. From another one: ssh -L 8000:127.0.0.1:8000 THIS-MACHINE, and open the address there.
    """
    from importlib.util import find_spec

    if host not in _HERE:
        remedy = f"on the other machine: `{_tunnel(port or 8000)}`, and open the address there"
        raise Refused("coord serve listens on this machine alone: it asks nobody for a password", remedy)
    project = project_of(ctx)
    if find_spec("textual_serve") is None:
        raise CoordError("coord serve needs the package `textual-serve`", "pip install 'coord[serve]'")
    from coordinator.processes.interpreter import own_command
    from tui.web import serve as serve_screen

    def opened(address: str) -> None:
        if as_json:
            emit({"url": address})
            sys.stdout.flush()
            return
        there = address.split("/")[2].rpartition(":")[2]
        print(address)
        print("Whoever has this address may do what you may: coord asks for no password. ctrl-c ends it.")
        print(f"From another machine: {_tunnel(int(there))}, and open it there.", flush=True)

    title = f"coord · {project.config.project}"
    serve_screen(own_command("-C", str(project.layout.root)), title, port, opened)
    return 0


def _tunnel(port: int) -> str:
    """What brings a port of this machine to another one."""
    import platform

    return f"ssh -L {port}:127.0.0.1:{port} {platform.node()}"
