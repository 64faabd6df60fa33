"""Anything a user has becomes a dataset: named photos with labels, in versions that never change.

A source is understood (`sources`), its photos are copied and really decoded (`originals`), split, and published whole
(`registry`). What a network then sees comes from `open_pixels`.
"""

from core.datasets.checks import Check, check
from core.datasets.dataset import MISSING, SPLITS, Dataset, DatasetSummary, Rejected, Split, Task
from core.datasets.decoding import decode, decode_for, decode_within, inspect, prepare_image, store_side
from core.datasets.editing import leave_out, relabel, split_again
from core.datasets.importing import add_photos, import_dataset, import_found, import_upload
from core.datasets.pixels import PixelStore, has_pixels, open_pixels
from core.datasets.public import PublicSet, import_public, public_sets
from core.datasets.registry import delete_dataset, free_deleted, list_datasets, load_dataset, rename_dataset, undo
from core.datasets.samples import Sample, import_sample, sample_preview, samples
from core.datasets.sources import Found
from core.datasets.splitting import SplitPlan
from core.datasets.table import in_words as labels_in_words
from core.datasets.thumbnails import thumbnail

__all__ = [
    "MISSING",
    "SPLITS",
    "Check",
    "Dataset",
    "DatasetSummary",
    "Found",
    "PixelStore",
    "PublicSet",
    "Rejected",
    "Sample",
    "Split",
    "SplitPlan",
    "Task",
    "add_photos",
    "check",
    "decode",
    "decode_for",
    "decode_within",
    "delete_dataset",
    "free_deleted",
    "has_pixels",
    "import_dataset",
    "import_found",
    "import_public",
    "import_sample",
    "import_upload",
    "inspect",
    "labels_in_words",
    "leave_out",
    "list_datasets",
    "load_dataset",
    "open_pixels",
    "prepare_image",
    "public_sets",
    "relabel",
    "rename_dataset",
    "sample_preview",
    "samples",
    "split_again",
    "store_side",
    "thumbnail",
    "undo",
]
