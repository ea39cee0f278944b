"""The published form of each event as JSON Schema, a file for each type and version."""
