"""Transfer learning on your own photos: the name under which Graft is installed.

    from graft import load_pretrained_model, train_classifier

    model = load_pretrained_model()
    features = model.extract_features(images)
    classifier = train_classifier(features, labels)

In a checkout this is a face of the rooms beside it (`core`, `cli`, `dashboard`). A wheel has them inside this package
(`graft.core`, ...), because their names are too common for the top level of a site-packages folder; see `setup.py`.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core import PretrainedModel, load_pretrained_model, train_classifier

__all__ = ["PretrainedModel", "load_pretrained_model", "train_classifier"]


def __getattr__(name: str) -> Any:
    # Lazily: these names load torch, and `graft datasets` does not need it.
    if name in __all__:
        from core import quickstart

        return getattr(quickstart, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
