"""The writes behind the store, one module for each part of the auction; each works inside one transaction."""
