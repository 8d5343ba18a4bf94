"""All that `make bench` runs measures something."""

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_each_measurement_gives_rows() -> None:
    ask = "from bench.__main__ import names; print(*names())"  # elsewhere: the package has a state of its own
    asked = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=True)
    names = asked.stdout.split()
    assert "cli" in names
    for name in names:
        body = ast.parse((ROOT / "bench" / f"{name}.py").read_text()).body
        (main,) = (node for node in body if isinstance(node, ast.FunctionDef) and node.name == "main")
        assert main.returns is not None, name
        assert ast.unparse(main.returns) == "list[Row]", name
