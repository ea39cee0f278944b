"""The auction's own core: tables, bidding rules, seed data and the check of its invariants."""
