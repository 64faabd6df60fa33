"""The page on which a backbone is chosen."""
