"""The page on which a run is watched and controlled."""
