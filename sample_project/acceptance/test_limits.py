"""Limits are written as `100/minute burst 20` and loaded from TOML."""

import tempfile
import unittest
from pathlib import Path

from tokenbucket.limits import load_limits


class LimitsTest(unittest.TestCase):
    def test_a_file_of_limits_is_read(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "limits.toml")
            path.write_text('[limits]\nsearch = "100/minute burst 20"\n', encoding="utf-8")
            limit = load_limits(path)["search"]
        self.assertEqual((round(limit.rate * 60), limit.burst), (100, 20))
