"""`coord mcp`: the verbs of agents as tools. `thin` is what an agent CLI starts, `serve` what answers it."""
