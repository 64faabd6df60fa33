"""What somebody who knows PyTorch writes in an afternoon: timm's model, torchvision's transforms, a DataLoader."""

import os
from collections.abc import Callable

import timm
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from benchmarks.contenders.work import Examples, Stopwatch, Times, Work, run_contender

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


class Photos(Dataset):
    """Decoded by Pillow at each visit."""

    def __init__(self, examples: Examples, change: Callable[[Image.Image], Tensor]) -> None:
        self.examples, self.change = examples, change

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, place: int) -> tuple[Tensor, int]:
        name, kind = self.examples[place]
        with Image.open(name) as image:
            return self.change(image.convert("RGB")), kind


def changes(model: nn.Module, work: Work) -> tuple[transforms.Compose, transforms.Compose]:
    """For training, for validation."""
    config = timm.data.resolve_model_data_config(model)
    end = [transforms.ToTensor(), transforms.Normalize(config["mean"], config["std"])]
    size = work.image_size
    plain = transforms.Compose([transforms.Resize(round(1.15 * size)), transforms.CenterCrop(size), *end])
    if not work.crop_and_flip:
        return plain, plain
    crop = transforms.RandomResizedCrop(size, scale=(0.7, 1.0))
    return transforms.Compose([crop, transforms.RandomHorizontalFlip(), *end]), plain


def make_model(work: Work) -> nn.Module:
    model = timm.create_model(work.model, num_classes=work.classes)
    model.load_state_dict(load_file(work.weights), strict=False)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name not in work.frozen)
    return model.to(DEVICE)


def train_mode(model: nn.Module) -> None:
    """What is frozen stays in eval mode, as transfer learning wants it."""
    for module in model.modules():
        own = list(module.parameters(recurse=False))
        module.training = not own or any(parameter.requires_grad for parameter in own)


def run(work: Work) -> Times:
    watch = Stopwatch()
    model = make_model(work)
    training, validation = (
        DataLoader(
            Photos(work.examples(part), change),
            work.batch_size,
            shuffle=part == "training",
            num_workers=os.cpu_count() or 1,
            persistent_workers=True,
            pin_memory=DEVICE.type == "cuda",
        )
        for part, change in zip(("training", "validation"), changes(model, work), strict=True)
    )
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=work.rate)
    for _ in range(work.epochs):
        watch.training_started()
        train_mode(model)
        for images, labels in training:
            loss = nn.functional.cross_entropy(model(images.to(DEVICE)), labels.to(DEVICE))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        watch.training_ended()
        model.eval()
        with torch.no_grad():
            right = sum(
                (model(images.to(DEVICE)).argmax(1).cpu() == labels).sum().item() for images, labels in validation
            )
        watch.epoch_ended()
    assert 0 <= right <= len(validation.dataset)
    return watch.times


if __name__ == "__main__":
    run_contender(run)
