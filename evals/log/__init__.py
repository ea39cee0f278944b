"""The log of a run: its records, their JSON, and the prompts kept beside it."""
