from tests.fixtures.engine import _nothing_measured, _one_thread, _photos_in_memory, dataset, job_for

__all__ = ["_nothing_measured", "_one_thread", "_photos_in_memory", "dataset", "job_for"]
