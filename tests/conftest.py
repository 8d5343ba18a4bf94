"""What all tests have in common: an environment, a home and a state of their own, in which every project is trusted.

`tests/rights/test_trust.py` sets another state aside, where nothing is. `tests/setup/test_hermetic.py` shows that
nothing else of whoever runs the tests gets into them; but what an agent of coord starts is that agent: the kernel says.
"""

import atexit
import os
import shutil
import tempfile
import time
from pathlib import Path

from hypothesis import settings

_KEPT = (
    *("PATH", "PWD", "SHELL", "TMPDIR", "USER", "LOGNAME", "VIRTUAL_ENV", "IS_SANDBOX"),
    *("PYTEST_", "TEXTUAL_SNAPSHOT_", "HYPOTHESIS_", "COVERAGE_", "COV_", "COORD_TEST_", "COORD_CRASH_"),
    *("PYTHON", "PIP_", "NPM_", "npm_", "NODE_", "LD_", "DYLD_", "SSL_"),
    *("http_", "https_", "no_", "HTTP_", "HTTPS_", "NO_PROXY"),
)
"""How the names begin of what tests take from outside: where programs lie, how they are fetched, and what tests are
told. All else, and the file mode, the time zone and the language, is the same for everybody."""


def _settle() -> None:
    # the real agents are installed but once, also where one process of tests starts another
    os.environ.setdefault("COORD_TEST_AGENTS", str(Path.home() / ".cache" / "coord-test-agents"))
    os.environ.setdefault("COORD_TEST_BROWSER", str(Path.home() / ".cache" / "coord-test-browser"))
    for name in [name for name in os.environ if not name.startswith(_KEPT)]:
        del os.environ[name]
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

# how long an example takes tells of the machine's other work, not of the code
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")
