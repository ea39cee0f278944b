"""The revisions, oldest first. None changes once it has been released: what comes later is another revision."""
