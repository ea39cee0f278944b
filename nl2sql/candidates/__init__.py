"""Several drafts of one question: which of them say the same, and what to ask where they do not."""
