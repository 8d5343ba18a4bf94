"""Measurements of `coord`: `python -m bench`."""

import os

# Programs are measured as they are installed: with their modules compiled, once.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
