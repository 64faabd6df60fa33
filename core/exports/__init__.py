"""What leaves Graft: predictions for new photos, a zip with a trained model, a zip with a dataset's photos."""

from core.exports.photos_zip import photos_zip
from core.exports.predictions_csv import PhotoPrediction, predictions_csv
from core.exports.predictor import Prediction, best_model_version, cached_predictor, load_predictor
from core.exports.take_home import export_zip

__all__ = [
    "PhotoPrediction",
    "Prediction",
    "best_model_version",
    "cached_predictor",
    "export_zip",
    "load_predictor",
    "photos_zip",
    "predictions_csv",
]
