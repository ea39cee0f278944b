"""The auction's HTTP door: JSON under /api/v1, pages for people, and what an operator watches."""
