"""State survives a restart of the gateway."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TAKE = "import sys; from tokenbucket.store import Store; print(Store(sys.argv[1], 0.001, 2).allow('alice', 2))"


class RestartTest(unittest.TestCase):
    def test_another_process_knows_who_has_nothing_left(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            said = [
                subprocess.run(
                    [sys.executable, "-c", TAKE, str(Path(folder, "buckets.db"))],
                    capture_output=True,
                    text=True,
                    check=True,
                ).stdout.strip()
                for _ in range(2)
            ]
        self.assertEqual(said, ["True", "False"])
