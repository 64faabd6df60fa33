"""The page on which a model is tried and taken home."""
