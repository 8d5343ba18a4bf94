"""A program run to its end for what it prints, without what `subprocess` takes to be imported.

That takes as long as a third of a short command. Who needs more than this (a folder, a file for output, a group of
processes) uses `subprocess`.
"""

import contextlib
import fcntl
import os
import select
import signal
import time
from collections.abc import Mapping, Sequence

_CHUNK = 65536


class TooLong(Exception):
    """A program did not end in time; it was killed."""


def run(
    words: Sequence[str], *, stdin: bytes = b"", env: Mapping[str, str] | None = None, bound: float
) -> tuple[int, bytes, bytes]:
    """Run a program: its exit code, or minus the signal that ended it, and the bytes of its output and error output.

    `bound` is in seconds. Raises FileNotFoundError when there is no such program, TooLong after `bound`.
    """
    deadline = time.monotonic() + bound
    (its_input, our_input), (our_output, its_output), (our_errors, its_errors) = (_pipe() for _ in range(3))
    ours, its = {our_input, our_output, our_errors}, (its_input, its_output, its_errors)
    try:
        try:
            process = os.posix_spawnp(
                words[0],
                list(words),
                os.environ if env is None else env,
                file_actions=[
                    *((os.POSIX_SPAWN_DUP2, end, number) for number, end in enumerate(its)),
                    *((os.POSIX_SPAWN_CLOSE, number) for number in _inherited()),
                ],
                setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],
            )
        finally:
            for end in its:
                os.close(end)
        try:
            printed = _exchange(ours, our_input, stdin, (our_output, our_errors), deadline)
            return os.waitstatus_to_exitcode(_ended(process, deadline)), *printed
        except BaseException:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            raise
    finally:
        for end in ours:
            os.close(end)


def _pipe() -> tuple[int, int]:
    """Two ends, neither of them where a program has its input and output: there one would be put over the other."""
    ends = []
    for end in os.pipe():
        ends.append(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 3))
        os.close(end)
    return ends[0], ends[1]


def _inherited() -> list[int]:
    """Descriptors that whoever started this process left open, a lock for example: no server of tmux keeps them."""
    found = []
    for number in map(int, os.listdir("/dev/fd")):
        with contextlib.suppress(OSError):  # the one of the folder itself is gone by now
            if number > 2 and os.get_inheritable(number):
                found.append(number)
    return found


def _exchange(
    open_ends: set[int], source: int, given: bytes, sinks: tuple[int, int], deadline: float
) -> tuple[bytes, bytes]:
    """Give it its input and take what it prints, until it has closed both; each end is closed when it is through."""
    taken: dict[int, list[bytes]] = {end: [] for end in sinks}
    left = memoryview(given)
    poll = select.poll()
    os.set_blocking(source, False)
    poll.register(source, select.POLLOUT)
    for end in sinks:
        poll.register(end, select.POLLIN)
    while open_ends:
        ready = poll.poll(max(0.0, deadline - time.monotonic()) * 1000)
        if not ready:
            raise TooLong
        for end, _ in ready:
            if end == source:
                left = _give(end, left)
                through = not left
            else:
                taken[end].append(os.read(end, _CHUNK))
                through = not taken[end][-1]
            if through:
                poll.unregister(end)
                open_ends.discard(end)
                os.close(end)
    return b"".join(taken[sinks[0]]), b"".join(taken[sinks[1]])


def _give(end: int, left: memoryview) -> memoryview:
    """What is left of the input after as much as its pipe takes; nothing when nobody reads it any more."""
    try:
        return left[os.write(end, left) :] if left else left
    except BlockingIOError:
        return left
    except BrokenPipeError:
        return left[:0]


def _ended(process: int, deadline: float) -> int:
    """The status of a process that has closed what it prints to, and so is about to end."""
    pause = 0.0002
    while True:
        found, status = os.waitpid(process, os.WNOHANG)
        if found:
            return status
        if time.monotonic() > deadline:
            raise TooLong
        time.sleep(pause)
        pause = min(pause * 2, 0.05)
