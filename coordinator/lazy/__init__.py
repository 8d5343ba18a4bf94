"""What the standard library makes at import, made when it is first used: a short command pays for what it needs."""
