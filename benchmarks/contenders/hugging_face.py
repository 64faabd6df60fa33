"""The Hugging Face Trainer with the plain loop's photos and model: its own loop, loading and optimizer."""

import logging
import os
import tempfile
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset
from transformers import Trainer, TrainerCallback, TrainingArguments

from benchmarks.contenders.plain_loop import DEVICE, Photos, changes, make_model, train_mode
from benchmarks.contenders.work import Stopwatch, Times, Work, run_contender


class Classifier(nn.Module):
    """A timm model as the Trainer calls one."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixel_values: Tensor, labels: Tensor) -> dict[str, Tensor]:
        logits = self.model(pixel_values)
        return {"loss": nn.functional.cross_entropy(logits, labels), "logits": logits}

    def train(self, mode: bool = True) -> "Classifier":
        super().train(mode)
        if mode:
            train_mode(self.model)
        return self


class Named(Dataset):
    def __init__(self, photos: Photos) -> None:
        self.photos = photos

    def __len__(self) -> int:
        return len(self.photos)

    def __getitem__(self, place: int) -> dict[str, Any]:
        pixels, kind = self.photos[place]
        return {"pixel_values": pixels, "labels": kind}


class Watched(TrainerCallback):
    def __init__(self, watch: Stopwatch) -> None:
        self.watch = watch

    def on_epoch_begin(self, *_: Any, **__: Any) -> None:
        self.watch.training_started()

    def on_epoch_end(self, *_: Any, **__: Any) -> None:
        self.watch.training_ended()

    def on_evaluate(self, *_: Any, **__: Any) -> None:
        self.watch.epoch_ended()


def run(work: Work) -> Times:
    logging.getLogger("transformers").setLevel(logging.ERROR)
    watch = Stopwatch()
    model = make_model(work)
    training, validation = (
        Named(Photos(work.examples(part), change))
        for part, change in zip(("training", "validation"), changes(model, work), strict=True)
    )
    with tempfile.TemporaryDirectory() as folder:
        settings = TrainingArguments(
            output_dir=folder,
            num_train_epochs=work.epochs,
            per_device_train_batch_size=work.batch_size,
            per_device_eval_batch_size=work.batch_size,
            learning_rate=work.rate,
            eval_strategy="epoch",
            save_strategy="no",
            logging_strategy="no",
            report_to="none",
            disable_tqdm=True,
            dataloader_num_workers=os.cpu_count() or 1,
            dataloader_persistent_workers=True,
            use_cpu=torch.device("cpu") == DEVICE,
        )
        Trainer(
            Classifier(model), settings, train_dataset=training, eval_dataset=validation, callbacks=[Watched(watch)]
        ).train()
    return watch.times


if __name__ == "__main__":
    run_contender(run)
