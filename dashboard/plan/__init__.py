"""The page of the plan: recipe, stages, augmentation, what it will cost."""
