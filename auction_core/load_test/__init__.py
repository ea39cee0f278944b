"""Real clients against a real database, and the proof that no bid was lost, doubled or made up."""
