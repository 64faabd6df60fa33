"""What leaves Graft: predictions for new photos, and the formats in which models and photos are saved.

A format is an `Export` in a file of its own, registered in RUN_EXPORTS or DATASET_EXPORTS.
"""

from core.datasets import Dataset
from core.exports.export import Export, get_export
from core.exports.familiarity import Strangeness, strangeness
from core.exports.photos_zip import PHOTOS_ZIP, PHOTOS_ZIP_GPS, photos_zip
from core.exports.predictions_csv import PhotoPrediction, predictions_csv
from core.exports.predictor import (
    BATCH,
    Prediction,
    Predictor,
    best_model_version,
    cached_predictor,
    load_predictor,
    read_photo,
)
from core.exports.take_home import TAKE_HOME, export_zip
from core.runs import Run

__all__ = [
    "BATCH",
    "DATASET_EXPORTS",
    "RUN_EXPORTS",
    "Export",
    "PhotoPrediction",
    "Prediction",
    "Predictor",
    "Strangeness",
    "best_model_version",
    "cached_predictor",
    "export_zip",
    "get_export",
    "load_predictor",
    "photos_zip",
    "predictions_csv",
    "read_photo",
    "strangeness",
]

RUN_EXPORTS: dict[str, Export[Run]] = {each.id: each for each in (TAKE_HOME,)}
DATASET_EXPORTS: dict[str, Export[Dataset]] = {each.id: each for each in (PHOTOS_ZIP, PHOTOS_ZIP_GPS)}
