"""The page of results: how good a model is, where it errs, how two runs differ."""
