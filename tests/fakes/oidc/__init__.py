"""A local OpenID provider with accounts that a test writes. Start with `server.provide`."""
