"""Photos that grow while a network learns from them."""

from collections.abc import Callable

import pytest

from core.activations.feature_pipeline import FeaturePipeline
from core.job.context import Job
from core.plans import NO_AUGMENTATION, Augmentation, Optimizer
from tests.fixtures.engine import make_plan, phase, run_through

pytestmark = pytest.mark.slow


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The side of each batch that goes through the network, as it comes."""
    sides: list[int] = []
    through = FeaturePipeline._forward

    def watched(path, images):
        sides.append(images.shape[-1])
        return through(path, images)

    monkeypatch.setattr(FeaturePipeline, "_forward", watched)
    return sides


@pytest.mark.parametrize(
    "changes",
    [
        {"augmentation": NO_AUGMENTATION},
        {"augmentation": Augmentation(mixup=0.5, cutmix=0.5)},
        {"augmentation": Augmentation(erase=0.5), "optimizer": Optimizer(ema_decay=0.9)},
    ],
)
def test_an_epoch_learns_from_photos_of_its_size_and_is_judged_at_full_size(
    job_for: Callable[..., Job], seen: list[int], changes: dict
):
    run_through(job_for(make_plan(phase(epochs=4, start_image_size=32), image_size=96, **changes)))
    learned = [side for at, side in enumerate(seen) if side < 96 or at == 0]
    assert sorted(set(seen)) == [32, 64, 96]
    assert learned == [32] * 4 + [64] * 4 + [64] * 4, "26 photos in batches of 8; judged in between at 96"
    assert seen[-1] == 96


def test_photos_stay_where_a_stage_is_frozen(job_for: Callable[..., Job], seen: list[int]):
    run_through(job_for(make_plan(phase(learning=1, epochs=2, start_image_size=32), image_size=64)))
    assert set(seen) <= {64}
