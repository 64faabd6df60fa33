from tests.fixtures.runs import engine, put_run

__all__ = ["engine", "put_run"]
