"""The Textual screen over the core."""
