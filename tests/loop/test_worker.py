"""The thread that does what takes long."""

import queue
import threading

from coordinator.loop.worker import Result, Worker


def test_jobs_run_in_order_and_bring_their_results() -> None:
    results: queue.SimpleQueue[Result] = queue.SimpleQueue()
    worker = Worker("test")
    for number in range(3):
        worker.submit(lambda number=number: number, results.put)  # type: ignore[misc]
    assert [results.get(timeout=10).value for _ in range(3)] == [0, 1, 2]
    worker.close(10)


def test_a_job_that_raises_brings_its_error_and_the_next_one_runs() -> None:
    results: queue.SimpleQueue[Result] = queue.SimpleQueue()
    worker = Worker("test")
    worker.submit(lambda: 1 // 0, results.put)
    worker.submit(lambda: "next", results.put)
    assert isinstance(results.get(timeout=10).error, ZeroDivisionError)
    assert results.get(timeout=10).value == "next"
    worker.close(10)


def test_closing_begins_nothing_new_and_does_not_wait_for_ever() -> None:
    results: queue.SimpleQueue[Result] = queue.SimpleQueue()
    release, running = threading.Event(), threading.Event()
    worker = Worker("test")
    worker.submit(lambda: running.set() or release.wait(), results.put)
    worker.submit(lambda: "never", results.put)
    assert running.wait(10)
    worker.close(0.01)
    release.set()
    assert results.get(timeout=10).value is True
    worker.close(10)
    assert results.empty()
