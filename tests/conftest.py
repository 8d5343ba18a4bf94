"""What all tests have in common: a state of their own, in which every project counts as trusted.

`tests/rights/test_trust.py` sets another one aside, where nothing is.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import settings

_STATE = Path(tempfile.mkdtemp(prefix="coord-state-"))
atexit.register(shutil.rmtree, _STATE, ignore_errors=True)
os.environ["XDG_STATE_HOME"] = str(_STATE)
(_STATE / "coord" / "trust").mkdir(parents=True, mode=0o700)
(_STATE / "coord" / "trust" / "folders").write_text("/\n")
(_STATE / "coord" / "trust" / "folders").chmod(0o600)

# how long an example takes tells of the machine's other work, not of the code
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")
