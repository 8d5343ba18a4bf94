"""`python -m coordinator.assistant [-C FOLDER]`: the voice of a project, in JSON lines on standard input and output."""

import sys

from coordinator.assistant.process import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
