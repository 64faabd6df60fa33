"""What a trained model is for: answers to new photos, and a zip to take it home in; and its photos in another one."""

from core.exports.photos_zip import photos_zip
from core.exports.predictor import best_since, load_predictor, predictor
from core.exports.take_home import export_zip

__all__ = [
    "best_since",
    "export_zip",
    "load_predictor",
    "photos_zip",
    "predictor",
]
