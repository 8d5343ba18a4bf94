"""Forms in which other tools keep tasks: a module each with a `FORM`, listed in `registry.py`; pure text."""
