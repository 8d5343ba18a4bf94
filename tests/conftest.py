"""What all tests have in common: an environment, a home and a state of their own, in which every project is trusted.

`tests/rights/test_trust.py` sets another state aside, where nothing is. `tests/setup/test_hermetic.py` shows that
nothing else of whoever runs the tests gets into them; but what an agent of coord starts is that agent: the kernel says.
"""

import atexit
import gc
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import pytest
from _pytest.pathlib import import_path
from hypothesis import settings

_KEPT = (
    *("PATH", "PWD", "SHELL", "TMPDIR", "USER", "LOGNAME", "VIRTUAL_ENV", "IS_SANDBOX"),
    *("PYTEST_", "TEXTUAL_SNAPSHOT_", "HYPOTHESIS_", "COVERAGE_", "COV_", "COORD_TEST_", "COORD_CRASH_", "COORD_PROOF"),
    *("PYTHON", "PIP_", "NPM_", "npm_", "NODE_", "LD_", "DYLD_", "SSL_"),
    *("http_", "https_", "no_", "HTTP_", "HTTPS_", "NO_PROXY"),
)
"""How the names begin of what tests take from outside: where programs lie, how they are fetched, and what tests are
told. All else, and the file mode, the time zone and the language, is the same for everybody."""


_MEMORY, _ROOM = Path("/dev/shm"), 2 << 30
"""Where files are in memory, and bytes that have to be free there: a run that fails everywhere leaves half of them."""


def _files_in_memory() -> None:
    """Have the files of tests in memory, unless TMPDIR says where else: thousands, each forced to the disk, soon gone.

    What a disk does when its power is cut is seen by `tests/crash`, on file systems of its own.
    """
    if "TMPDIR" in os.environ or not os.access(_MEMORY, os.W_OK | os.X_OK):
        return
    room = os.statvfs(_MEMORY)
    if room.f_bavail * room.f_frsize >= _ROOM and not room.f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)


def _settle() -> None:
    # whoever runs them by nohup, or in the background of a script, lets every child ignore these
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # each of the many short processes of a test would compile every module anew
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    # the real agents are installed but once, also where one process of tests starts another
    os.environ.setdefault("COORD_TEST_AGENTS", str(Path.home() / ".cache" / "coord-test-agents"))
    os.environ.setdefault("COORD_TEST_BROWSER", str(Path.home() / ".cache" / "coord-test-browser"))
    for name in [name for name in os.environ if not name.startswith(_KEPT)]:
        del os.environ[name]
    _files_in_memory()
    home = Path(tempfile.mkdtemp(prefix="coord-home-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    trust = home / "state" / "coord" / "trust"
    trust.mkdir(parents=True, mode=0o700)
    (trust / "folders").write_text("/\n")
    (trust / "folders").chmod(0o600)
    os.environ |= {
        "HOME": str(home),
        "XDG_STATE_HOME": str(home / "state"),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "TZ": "UTC",
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    os.umask(0o022)
    time.tzset()


_settle()
# until they are all collected: what comes with them stays, and to look for garbage among it takes an eighth of the time
gc.disable()

# how long an example takes tells of the machine's other work, not of the code; and a change is tried with the examples
# that the one before it passed: new ones are looked for by `make explore`
settings.register_profile("any machine", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=1000, print_blob=True)
settings.load_profile("explore" if "COORD_TEST_EXPLORE" in os.environ else "any machine")


def pytest_collection(session: pytest.Session) -> None:
    """Import a share of all tests first: pytest compiles each once, instead of every worker all of them at once."""
    worker, workers = os.environ.get("PYTEST_XDIST_WORKER", ""), int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers == 1 or session.config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
        return
    for path in sorted(Path(__file__).parent.rglob("test_*.py"))[int(worker.removeprefix("gw")) :: workers]:
        known = set(sys.modules)
        try:
            import_path(path, mode="importlib", root=session.config.rootpath, consider_namespace_packages=False)
        except BaseException:  # what is wrong with it, its collection tells
            for name in sys.modules.keys() - known:
                if name.startswith("tests."):
                    del sys.modules[name]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow tests take several times as long on a machine that does other work too: what hangs is ended all the same."""
    for item in items:
        if item.get_closest_marker("slow") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(600))


def pytest_collection_finish() -> None:
    """Thousands of tests stay to the end: no collection of garbage looks at them again."""
    gc.collect()
    gc.freeze()
    gc.enable()
