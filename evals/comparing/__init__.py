"""Two runs over the same cases: which is better, by how much, how sure that is, and which questions make it."""
