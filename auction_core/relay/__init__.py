"""Publishes the outbox: any number of relays at once, in order by aggregate, each event at least once."""
