"""What the browser draws itself: one folder per component, its script beside its face."""
