"""Anything a user has becomes a dataset: named photos with labels, in versions that never change.

A source is understood (`sources`), its photos are copied and really decoded (`originals`), split, and published whole
(`registry`). What a network then sees comes from `open_pixels`.
"""

from core.datasets import inbox
from core.datasets.checks import CHECKS, TASK_CHECKS, check
from core.datasets.columns import (
    ColumnChoice,
    Consequence,
    Question,
    Reading,
    Role,
    Undecided,
    Understanding,
    consequence,
    decide,
    examples,
    parse_choice,
    roles_for,
    still_missing,
)
from core.datasets.copies import in_several_splits
from core.datasets.dataset import Dataset, DatasetSummary, Rejected
from core.datasets.decoding import (
    VERSION,
    center_crop,
    decode,
    decode_for,
    decode_within,
    evaluation_pixels,
    prepare_image,
    store_side,
)
from core.datasets.editing import (
    add_task,
    gather_copies,
    join_classes,
    join_similar_classes,
    leave_out,
    leave_out_copies,
    relabel,
    rename_class,
    split_again,
)
from core.datasets.formulas import is_formula, without_formula
from core.datasets.importing import add_photos, import_dataset, import_photos, import_unlabelled, import_upload
from core.datasets.labelling import give_labels, open_to_suggestions, take_back_suggestions, take_suggestions
from core.datasets.location import without_location
from core.datasets.originals import WORKERS
from core.datasets.parallel import in_order
from core.datasets.pixels import PixelStore, has_pixels, open_pixels
from core.datasets.previewing import SourcePreview, preview_in_doubt, preview_source
from core.datasets.public.catalogue import PublicSet, public_sets
from core.datasets.public.importing import import_public
from core.datasets.registry import (
    delete_dataset,
    find_dataset,
    free_deleted,
    is_deleted,
    list_datasets,
    load_dataset,
    rename_dataset,
    sweep_datasets,
    undo,
)
from core.datasets.samples.catalogue import Sample, import_sample, sample_preview, samples
from core.datasets.sources import IMPORTERS, Importer, LabeledPhoto, LabeledPhotos
from core.datasets.sources.names import is_noise
from core.datasets.splitting import SplitPlan
from core.datasets.table import clean_label, labels_in_words
from core.datasets.thumbnails import thumbnail
from core.tasks import SPLITS, Split, Task

__all__ = [
    "CHECKS",
    "IMPORTERS",
    "SPLITS",
    "TASK_CHECKS",
    "VERSION",
    "WORKERS",
    "ColumnChoice",
    "Consequence",
    "Dataset",
    "DatasetSummary",
    "Importer",
    "LabeledPhoto",
    "LabeledPhotos",
    "PixelStore",
    "PublicSet",
    "Question",
    "Reading",
    "Rejected",
    "Role",
    "Sample",
    "SourcePreview",
    "Split",
    "SplitPlan",
    "Task",
    "Undecided",
    "Understanding",
    "add_photos",
    "add_task",
    "center_crop",
    "check",
    "clean_label",
    "consequence",
    "decide",
    "decode",
    "decode_for",
    "decode_within",
    "delete_dataset",
    "evaluation_pixels",
    "examples",
    "find_dataset",
    "free_deleted",
    "gather_copies",
    "give_labels",
    "has_pixels",
    "import_dataset",
    "import_photos",
    "import_public",
    "import_sample",
    "import_unlabelled",
    "import_upload",
    "in_order",
    "in_several_splits",
    "inbox",
    "is_deleted",
    "is_formula",
    "is_noise",
    "join_classes",
    "join_similar_classes",
    "labels_in_words",
    "leave_out",
    "leave_out_copies",
    "list_datasets",
    "load_dataset",
    "open_pixels",
    "open_to_suggestions",
    "parse_choice",
    "prepare_image",
    "preview_in_doubt",
    "preview_source",
    "public_sets",
    "relabel",
    "rename_class",
    "rename_dataset",
    "roles_for",
    "sample_preview",
    "samples",
    "split_again",
    "still_missing",
    "store_side",
    "sweep_datasets",
    "take_back_suggestions",
    "take_suggestions",
    "thumbnail",
    "undo",
    "without_formula",
    "without_location",
]
