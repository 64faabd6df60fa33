"""What people call their things becomes the name of a file on every system."""

import pytest

from core.names import file_name


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Leaves of autumn", "Leaves-of-autumn"),
        ("con", "graft-con"),
        ("NUL.zip", "graft-NUL.zip"),
        ("lpt1", "graft-lpt1"),
        ("console", "console"),
        ("../../etc", "etc"),
        ("…", "graft"),
    ],
)
def test_a_title_becomes_a_name_that_windows_takes_for_no_device(title: str, name: str):
    assert file_name(title) == name
