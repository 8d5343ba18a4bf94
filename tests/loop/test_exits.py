"""Being told that a process has ended."""

import queue
import subprocess
import time

from coordinator.loop.exits import ExitWatch, _Looking


def test_an_exit_is_told_once_and_at_once() -> None:
    ended: queue.SimpleQueue[int] = queue.SimpleQueue()
    watch, took = ExitWatch(ended.put), []
    for _ in range(5):
        process = subprocess.Popen(["sleep", "600"])
        try:
            watch.watch(process.pid)
            watch.watch(process.pid)
            assert ended.empty()
            start = time.monotonic()
            process.kill()
            assert ended.get(timeout=60) == process.pid
            took.append(time.monotonic() - start)
        finally:
            process.kill()
            process.wait()
    watch.close()
    assert ended.empty()
    assert min(took) < 1, "on a busy machine this process may have to wait until it hears of one"


def test_a_process_that_is_gone_already_is_told() -> None:
    ended: queue.SimpleQueue[int] = queue.SimpleQueue()
    process = subprocess.Popen(["true"])
    process.wait()
    watch = ExitWatch(ended.put)
    watch.watch(process.pid)
    assert ended.get(timeout=60) == process.pid
    watch.close()


def test_many_processes_are_told_apart() -> None:
    ended: queue.SimpleQueue[int] = queue.SimpleQueue()
    watch = ExitWatch(ended.put)
    processes = [subprocess.Popen(["sleep", "0.01"]) for _ in range(10)]
    for process in processes:
        watch.watch(process.pid)
    assert {ended.get(timeout=60) for _ in processes} == {p.pid for p in processes}
    for process in processes:
        process.wait()
    watch.close()


def test_where_the_system_cannot_tell_it_is_seen_by_looking() -> None:
    looking = _Looking()
    process = subprocess.Popen(["true"])
    looking.add(process.pid)
    process.wait()
    assert looking.wait() == [process.pid]
    looking.stop()
    assert looking.wait() is None
