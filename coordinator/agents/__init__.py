"""How each agent CLI is launched, and how its state is known."""
