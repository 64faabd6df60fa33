"""Pictures that need neither files nor network: leaves drawn by Graft's own seeded code, and real digits."""

from core.datasets.samples.catalogue import Sample, import_sample, sample_preview, samples

__all__ = ["Sample", "import_sample", "sample_preview", "samples"]
