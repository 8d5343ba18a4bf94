"""Runs `coord` commands one after the other in one process, and writes down how each ended.

`driver.py COMMANDS RESULTS`: a JSON list of argument lists, and where the list of `[code, stdout, stderr]` goes. It
saves starting an interpreter a hundred times; who a command is, is told by the process that it runs in all the same.
"""

import io
import json
import os
import sys
import traceback
from contextlib import redirect_stderr, redirect_stdout


def run(arguments: list[str]) -> tuple[int, str, str]:
    from coordinator.cli.main import main

    out, err = io.StringIO(), io.StringIO()
    code: object = 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main(arguments)
        except SystemExit as end:
            code = end.code
        except Exception:
            code = 70
            traceback.print_exc()
    return (code if isinstance(code, int) else 1), out.getvalue(), err.getvalue()


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as stream:
        commands = json.load(stream)
    results = [run(arguments) for arguments in commands]
    with open(sys.argv[2] + ".tmp", "w", encoding="utf-8") as stream:
        json.dump(results, stream)
    os.rename(sys.argv[2] + ".tmp", sys.argv[2])
