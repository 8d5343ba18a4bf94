"""Every failure that a user can meet says what happened and how to go on."""


class CoordError(Exception):
    """A failure with a message and a remedy, each one line.

    `exit_code` is what the command line ends with: 1 failed, 2 usage, 3 refused.
    """

    exit_code = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class UsageError(CoordError):
    """The request itself is malformed: a flag, a setting, a number that can't be one."""

    exit_code = 2


class Refused(CoordError):
    """A rule or a permission forbids it; nothing was written."""

    exit_code = 3


class StalePlan(Refused):
    """The world is no longer the one that was planned for; nothing was written."""
