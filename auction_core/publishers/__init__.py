"""Where the relay publishes events: standard output, memory, Google Pub/Sub."""
