"""Where Graft is shared, no sentence says where anything lies on this computer."""

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import BadInput, DiskFull
from core.home import no_room_is_disk_full
from dashboard.photos.importing import start_path_import
from dashboard.routes.responses import error_response
from dashboard.session.sharing import is_local_only, without_paths


@pytest.fixture
def shared(monkeypatch, home):
    monkeypatch.setattr("dashboard.session.sharing.is_local_only", lambda: False)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ('There is no weights file "/home/ada/my nets/a.safetensors".', 'There is no weights file "a.safetensors".'),
        ("[Errno 2] No such file: '/home/ada/x'", "[Errno 2] No such file: 'x'"),
        ('"C:\\Users\\Ada\\x.zip" and "~/x.zip"', '"x.zip" and "x.zip"'),
        ('"\\\\server\\share\\x.zip"', '"x.zip"'),
        ('"/home/o\'brien/x" is gone', '"x" is gone'),
        ('The class "a/b" of "leaves" isn\'t "c".', 'The class "a/b" of "leaves" isn\'t "c".'),
        ("1/2 of all, and/or 'more'", "1/2 of all, and/or 'more'"),
        ('"/" is no folder', '"" is no folder'),
    ],
)
def test_only_the_last_name_of_a_path_is_shown_to_others(shared, said, shown):
    assert without_paths(said) == shown


def test_alone_a_path_is_shown_whole(home):
    assert is_local_only()
    assert without_paths('"/home/ada/x"') == '"/home/ada/x"'


def disk_full(home) -> DiskFull:
    with pytest.raises(DiskFull) as raised, no_room_is_disk_full(home.inbox / "x"):
        raise OSError(28, "No space left on device")
    return raised.value


def test_a_full_disk_is_said_without_the_way_to_it(shared, home):
    error = disk_full(home)
    assert str(home.inbox) in error.sentence
    assert without_paths(error.sentence) == "The disk that holds Graft's folder is full."
    assert str(home.root) not in error_response(str(error), 507).body.decode()


def test_a_page_says_it_without_the_way_to_it(shared, home):
    def page(sentence):
        from core.errors import DiskFull
        from dashboard.shared.texts import show_error

        show_error(DiskFull(sentence, "Free some room."))

    said = AppTest.from_function(page, args=(disk_full(home).sentence,)).run().error[0].value
    assert "Graft's folder" in said.replace("\\", "")
    assert home.root.name not in said.replace("Graft's folder", "")


def test_no_path_is_imported_from(monkeypatch, home, tmp_path):
    monkeypatch.setattr("dashboard.photos.importing.is_local_only", lambda: False)
    with pytest.raises(BadInput, match="no page takes a path"):
        start_path_import(home, str(tmp_path))


def test_the_start_screen_asks_for_no_path(monkeypatch, open_page):
    assert "Where it lies" in [field.label for field in open_page().text_input]
    monkeypatch.setattr("dashboard.photos.start_screen.is_local_only", lambda: False)
    assert "Where it lies" not in [field.label for field in open_page().text_input]
