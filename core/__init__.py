"""Graft's engine: from labelled photos to a trained, tested model. It knows nothing of the dashboard.

The three lines every tutorial of the field begins with run as written:

    model = load_pretrained_model()
    features = model.extract_features(images)
    classifier = train_classifier(features, labels)
"""

import os
from typing import TYPE_CHECKING, Any

from core.allocator import keep_freed_memory

# How long an idle OpenMP thread spins for work before it sleeps; read when torch is first loaded. Without a bound, a
# training step of a small head took ten times as long while another program kept one of two cores busy.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
keep_freed_memory()

if TYPE_CHECKING:
    from core.quickstart import PretrainedModel, load_pretrained_model, train_classifier

__all__ = ["PretrainedModel", "load_pretrained_model", "train_classifier"]


def __getattr__(name: str) -> Any:
    # Not before it is asked for: it loads torch, and `import core` stays quick.
    if name in __all__:
        from core import quickstart

        return getattr(quickstart, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
