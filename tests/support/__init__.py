"""Small things that many tests need, each module named for what it gives; no test stands here."""
