from tests.people.conftest import desk, house, queries_of

__all__ = ["desk", "house", "queries_of"]
