"""Asks the model in this folder what is on photos. Needs: pip install torch timm safetensors pillow numpy

python predict.py photo.jpg another.png
python predict.py --json photo.jpg
"""

import argparse
import io
import json
import sys
from pathlib import Path

import numpy as np
import timm
import torch
from PIL import Image, ImageOps
from safetensors.torch import load_file
from torch.nn import functional

HERE = Path(__file__).resolve().parent
MODEL, LABELS, SEEN = (
    json.loads((HERE / name).read_text(encoding="utf-8"))
    for name in ("model.json", "labels.json", "preprocessing.json")
)


def load_model():
    """The backbone, and what the head of each task knows, by name."""
    weights = load_file(HERE / "model.safetensors")
    heads = []
    for name in MODEL["heads"]:
        own = [key for key in weights if key.startswith(f"{name}.")]
        heads.append({key.removeprefix(f"{name}."): weights.pop(key) for key in own})
    backbone = timm.create_model(MODEL["name"], pretrained=False, **MODEL["arguments"])
    backbone.load_state_dict(weights)
    return backbone.eval(), heads


def to_rgb(image):
    """RGB on white, grey of more than 8 bits scaled: as in training."""
    if image.mode.startswith(("I", "F")):
        grey = np.asarray(image)
        black, white = float(np.nanmin(grey)), float(np.nanmax(grey))
        if grey.dtype.kind == "u":
            black, white = 0.0, 4095.0 if white <= 4095 else 65535.0
        grey = (grey.astype(np.float64) - black) / max(white - black, 1e-12) * 255
        return Image.fromarray(np.nan_to_num(grey).clip(0, 255).round().astype(np.uint8)).convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA")).convert("RGB")


def read_photo(path):
    """The photo as the network sees it, [1, 3, size, size], by the steps in preprocessing.json."""
    side, size = SEEN["resize_to"], SEEN["image_size"]
    with Image.open(path) as image:
        image.draft("RGB", (2 * side, 2 * side))
        photo = to_rgb(ImageOps.exif_transpose(image))
    times = max(1, min(photo.size) // (2 * side))
    edge = min(photo.size) // times * times
    left, top = (photo.width - edge) // 2, (photo.height - edge) // 2
    square = torch.from_numpy(np.array(photo.reduce(times, (left, top, left + edge, top + edge)))).permute(2, 0, 1)
    pixels = functional.interpolate(square[None], (side, side), mode="bicubic", antialias=True)[0]
    start = (side - size) // 2
    centre = pixels[:, start : start + size, start : start + size] / 255
    mean, std = (torch.tensor(SEEN[name]).view(3, 1, 1) for name in ("mean", "std"))
    return ((centre - mean) / std)[None]


def logits_of(features, head, classes):
    """Of a linear layer; or of a vote of the nearest training photos, each by one over its distance."""
    if "weight" in head:
        return features @ head["weight"].T + head["bias"]
    count = int(head["neighbors"])
    nearest, places = (functional.normalize(features, dim=1) @ head["features"].T).topk(count, dim=1)
    votes = functional.normalize(1 / (2 - 2 * nearest).clamp_min(1e-6).sqrt(), p=1, dim=1)
    shares = (votes[:, :, None] * functional.one_hot(head["labels"][places], classes)).sum(dim=1)
    return head["scale"] * ((count * shares + 1 / classes) / (count + 1)).log()


@torch.inference_mode()
def predict(path, backbone, heads):
    """For each task the probability of each class, the most likely first."""
    features, prediction = backbone(read_photo(path)), {}
    for task, head in zip(LABELS["tasks"], heads, strict=True):
        logits = logits_of(features, head, len(task["classes"]))
        probabilities = torch.softmax(logits, dim=1)[0].tolist()
        ranked = sorted(zip(task["classes"], probabilities, strict=True), key=lambda pair: -pair[1])
        prediction[task["name"]] = dict(ranked)
    return prediction


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Says what is on photos.")
    parser.add_argument("photos", nargs="+")
    parser.add_argument("--json", action="store_true", help="all probabilities, as JSON")
    arguments = parser.parse_args()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # names of classes may be in any script
    model, predictions = load_model(), {}
    for path in arguments.photos:
        try:
            predictions[path] = predict(path, *model)
        except Exception as error:  # of what a damaged picture makes its decoder raise there is no end
            print(f"{path} cannot be read: {error}", file=sys.stderr)
    if arguments.json:
        print(json.dumps(predictions, ensure_ascii=False, indent=1))
    else:
        for path, prediction in predictions.items():
            for task, probabilities in prediction.items():
                print(f"{path}  {task}")
                for name, probability in list(probabilities.items())[:5]:
                    print(f"  {100 * probability:5.1f} %  {name}")
    sys.exit(any(path not in predictions for path in arguments.photos))
