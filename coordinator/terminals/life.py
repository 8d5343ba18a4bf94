"""The life of a server: what tells whether it, or the whole machine, went down since a window was opened in it."""

import os

from coordinator.processes.table import start_of

_BOOT = "/proc/sys/kernel/random/boot_id"


def life_of(pid: int) -> str:
    """What stands for this very process on this very start of the machine; of one that is gone, what no other has."""
    return f"{_boot()}/{pid}/{start_of(pid) or ''}" if pid > 1 else ""


def what_ended(life: str) -> str:
    """`machine` when it was started again since `life_of` told this, `server` when that process is gone; else empty."""
    pid = process_in(life)
    if not pid:
        return ""
    if life.partition("/")[0] != _boot():
        return "machine"
    return "" if life_of(pid) == life and not life.endswith("/") else "server"


def process_in(life: str) -> int:
    """The process that a life is of; 0 for what is none."""
    pid = life.partition("/")[2].partition("/")[0]
    return int(pid) if pid.isdigit() else 0


def _boot() -> str:
    """Names this start of the machine; empty where the system has no such name (there processes tell their date)."""
    try:
        fd = os.open(_BOOT, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        return os.read(fd, 64).decode("ascii", "replace").strip()
    finally:
        os.close(fd)
