"""The core of `coord`: prompts, graph, events, agents, changes and the loop. Knows nothing of the screen."""

__version__ = "0.1.0"
