"""A model trained for one short epoch, as every other: by the engine, into a run's folder."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image

from core.backbones import describe_stages, get_card
from core.datasets import Dataset, SplitPlan, import_dataset
from core.execution.submit import submit
from core.home import Home
from core.job.context import Job
from core.plans import BackboneChoice, make_plan
from core.runs.store import get_run, run_folder
from core.runs.types import Run
from core.training.loop import train

TRICKY = "шапка | <b>"  # a class that is neither Latin nor harmless in Markdown


@pytest.fixture
def clothes(home: Home, draw_photos: Callable[..., Path], tmp_path: Path) -> Dataset:
    folder = draw_photos(tmp_path / "photos", {"shoes": 8, TRICKY: 8, "skirt": 8})
    return import_dataset(home, "clothes *bold*", folder, split=SplitPlan(0.5, 0.25, 0.25))


@pytest.fixture
def distilled(home: Home) -> Callable[..., Run]:
    """taught(dataset, "test_vit.r160_in1k", 48): a run whose best model is there."""

    def teach(
        dataset: Dataset, backbone: str = "graft-resnet10t", image_size: int = 32, weights: str = "random"
    ) -> Run:
        torch.set_num_threads(1)
        chosen = get_card(backbone)
        stages = describe_stages(chosen)
        plan = make_plan(dataset, chosen, stages, "feature-extraction")
        phase = plan.phases[0].model_copy(update={"epochs": 1, "stage_rates": (1e-3,) * len(stages)})
        run = submit(
            home,
            plan.model_copy(
                update={
                    "tasks": tuple(task.name for task in dataset.tasks),
                    "phases": (phase,),
                    "image_size": image_size,
                    "backbone": BackboneChoice(name=backbone, weights=weights),
                    "device": "cpu",
                    "precision": "fp32",
                }
            ),
        )
        for _ in train(Job(plan=run.plan, datasets={"source": dataset}, home=home, folder=run_folder(home, run.id))):
            pass
        return get_run(home, run.id)

    return teach


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """One of each kind that is easily seen differently by two programs."""
    folder = tmp_path / "new photos"
    folder.mkdir()
    gradient = Image.linear_gradient("L")
    colourful = Image.merge("RGB", [gradient, gradient.rotate(90), gradient.rotate(180)])
    turned = Image.Exif()
    turned[0x0112] = 6
    colourful.resize((1500, 900)).save(folder / "large and turned.jpg", exif=turned, quality=90)
    colourful.save(folder / "ordinary.jpg", quality=80)
    colourful.convert("CMYK").save(folder / "print.jpg")
    follow_run = colourful.convert("RGBA")
    follow_run.putalpha(gradient)
    follow_run.save(folder / "see-through.png")
    colourful.quantize(16).save(folder / "palette.png")
    gradient.convert("I").point(lambda value: value * 200).convert("I;16").save(folder / "16 bits.png")
    colourful.crop((0, 0, 200, 37)).save(folder / "wide.webp", lossless=True)
    return sorted(folder.iterdir())
