from tests.fixtures.engine import _one_thread, _photos_in_memory, dataset, job_for

__all__ = ["_one_thread", "_photos_in_memory", "dataset", "job_for"]
