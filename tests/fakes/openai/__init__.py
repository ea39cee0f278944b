"""A local endpoint that speaks OpenAI's protocols and does what a test scripts. Start with `server.serve`."""
