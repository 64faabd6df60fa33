"""The pages. They read `core` and hold no logic that a test without a browser could want."""
