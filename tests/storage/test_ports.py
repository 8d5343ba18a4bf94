"""Ranges of ten ports: none is given twice while it is used, by whichever project."""

import json
import os
import socket
import threading
from pathlib import Path

import pytest

from coordinator.storage import ports


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def step(folder: Path, name: str, state: str = "running") -> Path:
    path = folder / name / "step.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"state": state}))
    return path


def test_each_attempt_has_ten_ports_of_its_own_and_keeps_them(tmp_path: Path) -> None:
    one, other = step(tmp_path, "1"), step(tmp_path, "2")
    first, second = ports.claim(tmp_path, one), ports.claim(tmp_path, other)
    assert abs(first - second) >= ports.SIZE
    assert (ports.claim(tmp_path, one), ports.claim(tmp_path, other)) == (first, second)


def test_many_at_once_and_other_projects_get_different_ones(tmp_path: Path) -> None:
    steps = [(tmp_path / str(n % 3), step(tmp_path, str(n))) for n in range(24)]
    given: list[int] = []
    threads = [threading.Thread(target=lambda one=one: given.append(ports.claim(*one))) for one in steps]  # type: ignore[misc]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(given)) == len(steps)


def test_those_of_an_attempt_that_ended_are_given_again(tmp_path: Path) -> None:
    ended = step(tmp_path, "1")
    port = ports.claim(tmp_path, ended)
    assert ports.claim(tmp_path, step(tmp_path, "2")) != port
    step(tmp_path, "1", "merged")
    assert ports.claim(tmp_path, step(tmp_path, "3")) == port


def test_those_of_a_process_that_is_gone_are_given_again(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, str(ports.claim(tmp_path, None)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert ports.claim(tmp_path, None) == int(os.read(reading, 16))


def test_those_that_somebody_else_listens_at_are_passed_over(tmp_path: Path) -> None:
    port = ports.claim(tmp_path, None)
    ports.release(port)
    with socket.socket() as server:
        server.bind(("0.0.0.0", port + 3))
        server.listen()
        assert ports.claim(tmp_path, None) != port
    assert ports.claim(tmp_path, step(tmp_path, "1")) == port
