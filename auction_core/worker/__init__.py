"""The process that closes listings, publishes events and tidies up; any number of them run at once."""
