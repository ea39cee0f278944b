"""Right or wrong: how the columns and rows of an answer are held against those of a gold, step by step."""
