"""A run in numbers: what its log holds, added up."""
