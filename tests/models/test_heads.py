"""The nearest neighbours as a part of a network: what scikit-learn's vote says, saved and loaded like weights."""

import numpy as np
import torch
from safetensors.torch import load, save

from core.evaluation import LabelledPhotos, NeighborsHead
from core.models import NearestNeighbors, put_into_head

RNG = np.random.default_rng(0)
PHOTOS = LabelledPhotos(
    RNG.normal(1, 2, (30, 8)).astype(np.float32), np.arange(30) % 3, 4, np.arange(30).astype(str)
)  # the last class has no photo
FITTED = NeighborsHead(PHOTOS, 5, scale=1.7)


def filled() -> NearestNeighbors:
    head = NearestNeighbors(8, 4)
    put_into_head(head, FITTED)
    return head


def test_it_votes_as_scikit_learn_does_copies_of_its_photos_included():
    asked = np.concatenate([RNG.normal(1, 2, (20, 8)), PHOTOS.features[:5], 3 * PHOTOS.features[5:7]]).astype(
        np.float32
    )
    found = filled()(torch.from_numpy(asked)).numpy()
    np.testing.assert_allclose(found, FITTED.scores(asked), atol=5e-3)
    np.testing.assert_array_equal(found[20:25].argmax(axis=1), PHOTOS.labels[:5])
    with torch.autocast("cpu", torch.bfloat16):
        np.testing.assert_array_equal(filled()(torch.from_numpy(asked)).numpy(), found)


def test_what_it_knows_is_saved_and_loaded_like_weights():
    head, loaded = filled(), NearestNeighbors(8, 4)
    tensors = load(save(head.state_dict()))
    assert not list(head.parameters())
    loaded.make_room(len(tensors["labels"]))
    loaded.load_state_dict(tensors)
    asked = torch.from_numpy(RNG.normal(size=(6, 8)).astype(np.float32))
    assert torch.equal(loaded(asked), head(asked))
