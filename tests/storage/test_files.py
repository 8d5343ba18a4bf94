"""Writes are whole, durable, and never replace a version that the writer has not seen."""

import itertools
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from support.wait import wait_until

from coordinator.errors import CoordError, StalePlan
from coordinator.storage import files, locks
from coordinator.storage.exchange import exchange
from coordinator.storage.files import (
    Lock,
    NotAFile,
    TooLarge,
    digest_of,
    is_held,
    is_temp,
    process_lives,
    read_limited,
    remove,
    sha256,
    stage,
    sweep_stale_temps,
    temp_beside,
    write_atomic,
)

ROOT = Path(__file__).parents[2]


def names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def child(code: str, *arguments: str) -> subprocess.Popen[str]:
    """A Python process that runs `code` with coord importable."""
    start = f"import sys; sys.path.insert(0, {str(ROOT)!r}); sys.argv[0] = 'child'\n"
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", start + code, *arguments], stdin=pipe, stdout=pipe, text=True)


def test_a_new_file_is_made_with_the_folders_above_it(tmp_path: Path) -> None:
    write_atomic(tmp_path / "a" / "b" / "c.md", b"text", expect=None)
    assert (tmp_path / "a" / "b" / "c.md").read_bytes() == b"text"
    assert names(tmp_path / "a" / "b") == {"c.md"}


def test_a_file_that_must_not_be_there_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"an editor's")
    with pytest.raises(StalePlan):
        write_atomic(tmp_path / "f", b"ours", expect=None)
    assert (tmp_path / "f").read_bytes() == b"an editor's"
    assert names(tmp_path) == {"f"}


def test_another_version_than_the_expected_one_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"two")
    for expect in (sha256(b"one"), None):
        with pytest.raises(StalePlan):
            write_atomic(path, b"ours", expect=expect)
        with pytest.raises(StalePlan):
            remove(path, expect=sha256(b"one"))
    write_atomic(path, b"ours", expect=sha256(b"two"))
    assert path.read_bytes() == b"ours"
    path.unlink()
    with pytest.raises(StalePlan):
        write_atomic(path, b"again", expect=sha256(b"ours"))
    assert names(tmp_path) == set()


def test_mode_is_kept_and_a_new_file_follows_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "f"
    write_atomic(path, b"1")
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask
    path.chmod(0o640)
    write_atomic(path, b"2", expect=sha256(b"1"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    write_atomic(path, b"3", mode=0o755)
    assert stat.S_IMODE(path.stat().st_mode) == 0o755


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_root_leaves_a_file_to_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"1")
    os.chown(path, 1234, 2345)
    write_atomic(path, b"2", expect=sha256(b"1"))
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 2345)


def test_a_symbolic_link_is_not_written_through_nor_replaced(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"1")
    (tmp_path / "link").symlink_to("real")
    with pytest.raises(NotAFile):
        write_atomic(tmp_path / "link", b"2")
    assert (tmp_path / "real").read_bytes() == b"1"
    assert names(tmp_path) == {"real", "link"}


def test_reading_stops_at_the_limit_and_at_what_is_no_file(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"12345")
    assert read_limited(path, 5) == b"12345"
    with pytest.raises(TooLarge):
        read_limited(path, 4)
    (tmp_path / "link").symlink_to(path)
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe", "."):
        with pytest.raises(NotAFile):
            read_limited(tmp_path / name, 5)
    with pytest.raises(FileNotFoundError):
        read_limited(tmp_path / "gone", 5)


def test_a_full_disk_leaves_the_old_version_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(CoordError) as caught:
            write_atomic(path, b"x" * 2000, expect=sha256(b"old"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "file too large" in caught.value.message
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == {"f"}


def test_files_are_swapped_in_one_step(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"1")
    other.write_bytes(b"2")
    if not exchange(str(one), str(other)):
        pytest.skip("this file system can't swap two files")
    assert (one.read_bytes(), other.read_bytes()) == (b"2", b"1")
    with pytest.raises(FileNotFoundError):
        exchange(str(one), str(tmp_path / "gone"))


@pytest.mark.parametrize("way", ["replace", "delete"])
def test_an_editor_that_saves_at_the_same_moment_never_loses_its_version(tmp_path: Path, way: str) -> None:
    """Our versions say which one they replace; whatever the editor saved last must be what is there, or below ours."""
    path = tmp_path / "f"
    lost = []
    for turn in range(300):
        path.write_bytes(b"start")
        saved = f"editor {turn}".encode()
        gate = threading.Barrier(2)

        def edit(saved: bytes = saved, gate: threading.Barrier = gate) -> None:
            (tmp_path / "editor-temp").write_bytes(saved)
            gate.wait()
            os.replace(tmp_path / "editor-temp", path)

        editor = threading.Thread(target=edit)
        editor.start()
        gate.wait()
        try:
            if way == "replace":
                write_atomic(path, b"ours", expect=sha256(b"start"))
            else:
                remove(path, expect=sha256(b"start"))
        except StalePlan:
            pass
        editor.join()
        if path.read_bytes() != saved:
            lost.append(turn)
    assert not lost
    assert names(tmp_path) == {"f"}


def test_locks_exclude_each_other_also_within_a_process(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "lock"):
        with Lock(path):
            assert is_held(path)
            assert not Lock(path).acquire(wait=False, patience=0.01)
        assert not is_held(path)
        second = Lock(path)
        assert second.acquire(wait=False)
        second.release()
        second.release()


def test_looking_at_a_lock_does_not_keep_others_from_taking_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with Lock(path):
        pass
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            is_held(path)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        for _ in range(200):
            lock = Lock(path)
            assert lock.acquire(wait=False)
            lock.release()
    finally:
        stop.set()
        watcher.join()


def test_a_lock_file_that_was_deleted_meanwhile_is_not_mistaken_for_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    first = Lock(path)
    first.acquire()
    taken: list[Lock] = []

    def wait_for_it() -> None:
        second = Lock(path)
        second.acquire()
        taken.append(second)

    waiter = threading.Thread(target=wait_for_it)
    waiter.start()
    wait_until(lambda: _waits_for_a_lock(waiter), message="the second to wait")
    third = Lock(tmp_path / "new")
    third.acquire()
    (tmp_path / "new").replace(path)  # deleted and made anew, with no moment for the second between
    first.release()
    waiter.join(0.2)
    assert not taken
    third.release()
    waiter.join(60)
    assert len(taken) == 1
    assert is_held(path)
    taken[0].release()


def _waits_for_a_lock(thread: threading.Thread) -> bool:
    try:
        return "flock" in Path(f"/proc/self/task/{thread.native_id}/wchan").read_text() or _in_flock(thread)
    except OSError:
        return _in_flock(thread)


def _in_flock(thread: threading.Thread) -> bool:
    frame = sys._current_frames().get(thread.ident or 0)
    return frame is not None and frame.f_code.co_name == "acquire"


def test_a_killed_holder_frees_its_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = (
        "from coordinator.storage.files import Lock\n"
        "lock = Lock(sys.argv[1]); lock.acquire(); print('held', flush=True); sys.stdin.read()"
    )
    holder = child(code, str(path))
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    assert is_held(path)
    holder.kill()
    holder.wait()
    wait_until(lambda: not is_held(path), message="the lock to be free")


def test_only_temp_files_of_dead_writers_are_swept(tmp_path: Path) -> None:
    code = (
        "import os, signal\nfrom coordinator.storage.files import stage\n"
        "stage(sys.argv[1], b'half'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    writer = child(code, str(tmp_path / "f"))
    assert writer.wait() == -signal.SIGKILL
    mine = stage(str(tmp_path / "g"), b"being written")
    reused = temp_beside(str(tmp_path / "f")).rsplit("-", 2)[0] + "-1-0"
    Path(reused).write_bytes(b"by a process that had our id before")
    (tmp_path / "f").write_bytes(b"kept")
    assert len([name for name in names(tmp_path) if is_temp(name)]) == 3
    assert sweep_stale_temps(tmp_path) == 2
    assert names(tmp_path) == {"f", os.path.basename(mine)}


def test_a_killed_writer_that_nobody_waited_for_is_dead(tmp_path: Path) -> None:
    code = "from coordinator.storage.files import stage\nstage(sys.argv[1], b'half'); os.kill(os.getpid(), 9)"
    writer = child("import os\n" + code, str(tmp_path / "f"))
    assert os.waitid(os.P_PID, writer.pid, os.WEXITED | os.WNOWAIT) is not None
    assert sweep_stale_temps(tmp_path) == 1
    assert not names(tmp_path)
    writer.wait()


@pytest.mark.parametrize("swap", [True, False], ids=["swapping", "on-a-file-system-that-can-not-swap"])
def test_eight_writers_lose_nothing(tmp_path: Path, swap: bool) -> None:
    path = tmp_path / "f"
    code = (
        "from pathlib import Path\n"
        "from coordinator.storage import files\n"
        f"files.exchange = files.exchange if {swap} else lambda one, other: False\n"
        "from coordinator.storage.files import digest_of, sha256, write_atomic\n"
        "from coordinator.errors import StalePlan\n"
        "path, done = Path(sys.argv[1]), 0\n"
        "while done < 25:\n"
        "    data = path.read_bytes()\n"
        "    try:\n"
        "        write_atomic(path, data + sys.argv[2].encode(), expect=sha256(data))\n"
        "        done += 1\n"
        "    except StalePlan:\n"
        "        pass\n"
    )
    path.write_bytes(b"")
    writers = [child(code, str(path), str(number)) for number in range(8)]
    assert [writer.wait() for writer in writers] == [0] * 8
    content = path.read_text()
    assert {digit: content.count(digit) for digit in "01234567"} == dict.fromkeys("01234567", 25)
    assert names(tmp_path) == {"f"}


def test_a_missing_file_has_no_digest(tmp_path: Path) -> None:
    assert digest_of(tmp_path / "f") is None
    (tmp_path / "f").write_bytes(b"1")
    assert digest_of(tmp_path / "f") == sha256(b"1")


@pytest.mark.parametrize("saved", [[b"one"], [b"one", b"two"], [b"one", b"two", b"three"]])
def test_of_an_editors_last_versions_the_newest_keeps_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, saved: list[bytes]
) -> None:
    """An editor saves before each of our steps: whatever came last is there in the end, nothing of ours is."""
    path, real = tmp_path / "f", files.exchange
    path.write_bytes(b"start")
    versions = iter(saved)

    def edited_before(one: str, other: str) -> bool:
        for version in itertools.islice(versions, 1):
            (tmp_path / "editor").write_bytes(version)
            os.replace(tmp_path / "editor", path)
        return real(one, other)

    monkeypatch.setattr(files, "exchange", edited_before)
    with pytest.raises(StalePlan):
        write_atomic(path, b"ours", expect=sha256(b"start"))
    assert path.read_bytes() == saved[-1]
    assert names(tmp_path) == {"f"}


@pytest.mark.parametrize("pid", [0, -1, 2**31, 2**80])
def test_what_is_no_process_id_does_not_live(pid: int) -> None:
    assert not process_lives(pid)
    assert process_lives(os.getpid())


def test_a_lock_that_somebody_holds_for_good_is_an_error_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "LONGEST", 0.1)
    with Lock(tmp_path), pytest.raises(CoordError, match=r"another program has held .* locked for 0\.1 s"):
        Lock(tmp_path).acquire()


def test_who_waits_for_a_lock_waits_anew_when_somebody_else_has_it_and_not_for_ever() -> None:
    waiting = locks.Waiting(0.0, patience=30.0, most=100.0)
    assert not waiting.looks(0.4)
    assert waiting.looks(0.5)
    assert waiting.over(0.5, "11") == ""
    assert waiting.over(29.0, "12") == ""
    assert waiting.over(58.9, "12") == ""
    assert waiting.over(59.0, "12") == "another program has"
    for second in range(60, 100):
        assert waiting.over(second, f"{second}") == ""
    assert waiting.over(100.0, "99") == "one program after the other has"


def test_where_nobody_can_tell_who_has_a_lock_it_is_waited_for_once() -> None:
    waiting = locks.Waiting(0.0, patience=0.25, most=0.25)
    assert waiting.over(0.2, None) == ""
    assert waiting.over(0.25, "")


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="this system does not tell")
def test_the_holder_of_a_lock_is_known(tmp_path: Path) -> None:
    path = tmp_path / "some.lock"
    with Lock(path):
        fd = os.open(path, os.O_RDONLY)
        assert locks.holder(fd) == str(os.getpid())
        os.close(fd)
    fd = os.open(path, os.O_RDONLY)
    assert locks.holder(fd) == ""
    os.close(fd)
