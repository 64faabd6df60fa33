"""The page that explains the words."""

import pytest

from dashboard.glossary import GLOSSARY
from tests.dashboard.conftest import words


@pytest.mark.parametrize(
    "word", ["backbone", "head", "stage", "frozen", "learning rate", "overfitting", "validation", "test"]
)
def test_the_page_explains_every_word_that_the_screens_use(open_page, word: str) -> None:
    assert GLOSSARY[word].split("'")[0] in words(open_page("learn")).replace("&#x27;", "'")
