"""The rules of the loop, and the process that does what they say."""
