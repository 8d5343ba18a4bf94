"""The thread that does what takes long."""

import queue
import threading

import pytest

from coordinator.loop.worker import Crew, Result, Worker, beside


def test_jobs_run_in_order_and_bring_their_results() -> None:
    results: queue.SimpleQueue[Result] = queue.SimpleQueue()
    worker = Worker("test")
    for number in range(3):
        worker.submit(lambda number=number: number, results.put)  # type: ignore[misc]
    assert [results.get(timeout=60).value for _ in range(3)] == [0, 1, 2]
    worker.close(10)


def test_a_job_that_raises_brings_its_error_and_the_next_one_runs() -> None:
    results: queue.SimpleQueue[Result] = queue.SimpleQueue()
    worker = Worker("test")
    worker.submit(lambda: 1 // 0, results.put)
    worker.submit(lambda: "next", results.put)
    assert isinstance(results.get(timeout=60).error, ZeroDivisionError)
    assert results.get(timeout=60).value == "next"
    worker.close(10)


def test_closing_begins_nothing_new_and_does_not_wait_for_ever() -> None:
    results: queue.SimpleQueue[Result] = queue.SimpleQueue()
    release, running = threading.Event(), threading.Event()
    worker = Worker("test")
    worker.submit(lambda: running.set() or release.wait(), results.put)
    worker.submit(lambda: "never", results.put)
    assert running.wait(60)
    worker.close(0.01)
    release.set()
    assert results.get(timeout=60).value is True
    worker.close(10)
    assert results.empty()


def test_a_job_beside_goes_on_meanwhile_and_gives_its_value_or_error_when_it_is_waited_for() -> None:
    begun, release = threading.Event(), threading.Event()
    end = beside(lambda: begun.set() or release.wait(60))
    failed = beside(lambda: 1 // 0)
    assert begun.wait(60)
    release.set()
    assert end() is True
    with pytest.raises(ZeroDivisionError):
        failed()


def test_closing_a_crew_waits_for_what_its_jobs_begin_meanwhile_and_not_for_ever() -> None:
    crew, closing, over, never = Crew("test"), threading.Event(), threading.Event(), threading.Event()

    def second() -> None:
        if never.wait(0.3) is False:  # whoever does not wait for it is through by then
            over.set()

    def first() -> None:
        closing.wait(60)
        crew.submit(second)

    crew.submit(first)
    threading.Timer(0.05, closing.set).start()
    crew.close(10)
    assert over.is_set()
    crew.submit(lambda: never.wait(10))
    crew.close(0.01)
    never.set()
