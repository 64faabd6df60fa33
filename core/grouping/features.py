"""What a pretrained network sees in the photos of a dataset, kept in the activation cache."""

import numpy as np

from core.activity import activity_in_words
from core.backbones import BackboneCard
from core.datasets import VERSION as PIXELS_VERSION
from core.datasets import Dataset, center_crop, open_pixels
from core.errors import TooLittleMemory
from core.home import Home, Progress, silent


def photo_features(home: Home, dataset: Dataset, card: BackboneCard, progress: Progress = silent) -> np.ndarray:
    """Features of all photos by a network as it came, float32 [photos, channels]; computed once and kept.

    progress: may raise to stop. Raises NotFound where the network's weights are not here, BadDataset for a photo that
    cannot be read any more, TooLittleMemory.
    """
    import timm
    import torch

    from core.activations import ActivationCache, digest_of_tensors
    from core.backbones import Normalize, build_backbone, num_features
    from core.device import default_compute_config, resolve_device, restored_threads
    from core.job import Prepared
    from core.plans import BackboneChoice

    store = open_pixels(
        home, dataset, card.input_size, lambda done, total, _: progress(done, total, activity_in_words("decode"))
    )
    progress(0, 0, activity_in_words("build"))
    network = build_backbone(home, BackboneChoice(name=card.name)).eval()
    device = resolve_device()
    compute_config = default_compute_config(network, device)
    network, normalize = compute_config.move(network), Normalize(card).to(device)

    @torch.no_grad()
    def compute(rows: np.ndarray) -> tuple[torch.Tensor, ...]:
        pixels = compute_config.lay_out(normalize(center_crop(store.read(rows).to(device), card.input_size)))
        with compute_config.inference_autocast():
            return (network(pixels).float(),)

    facts = {
        "features of": card.name,
        "weights": digest_of_tensors(network.state_dict().items()),
        "image_size": card.input_size,
        "pixels": PIXELS_VERSION,
        "device": device.type,
        "precision": compute_config.inference_dtype or compute_config.precision,
        "versions": (torch.__version__, timm.__version__),
    }
    cache = ActivationCache(home, device, facts, np.array(dataset.table["hash"], "S64"))
    rows = np.arange(len(dataset))
    bytes_per_photo = num_features(network) * torch.float32.itemsize
    with restored_threads():
        computing = cache.load_or_compute(compute, rows, {}, bytes_per_photo, Prepared("evaluate", 0, 0))
        while True:
            try:
                event = next(computing)
            except StopIteration as ended:
                cached = ended.value
                break
            progress(event.done, event.total, activity_in_words(event.kind))
    if cached is None:
        raise TooLittleMemory(
            "Neither disk nor memory holds what the network sees in all photos.", "Free some room, or use fewer photos."
        )
    return cached.read(rows)[0].cpu().numpy()
