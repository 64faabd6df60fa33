"""The page of photos: bring them, look at them, change labels."""
