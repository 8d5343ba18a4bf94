"""Entries of the registry of actions, by what they are about; `tui.actions` has them all."""
