"""What goes wrong with tmux."""

from coordinator.errors import CoordError


class TerminalError(CoordError):
    """tmux refused, or is not there."""


class ServerLost(TerminalError):
    """The server went down on a command that it had taken: whether that was done nobody knows."""
