"""What nobody foresaw, and output that nobody takes: one sentence, an exit status, no traceback."""

import io
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from cli import app, output
from cli.app import run
from cli.failures import LOG, LOG_BYTES
from cli.output import print_error, print_json, print_line
from core.home import Home

LONG = "a" * 10_000


def broken(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Every command ends in this error."""

    def fail(**how: object) -> None:
        raise error

    monkeypatch.setattr(app, "app", fail)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            RuntimeError("the\nengine\x1b[31m broke"),
            "Something in Graft went wrong: RuntimeError: the engine [31m broke.",
        ),
        (KeyError(LONG), "Something in Graft went wrong: KeyError: 'aaa"),
        (ValueError(), "Something in Graft went wrong: ValueError."),
        (MemoryError(), "There is not enough memory for that."),
        (PermissionError(13, "Permission denied", "/data/x"), '"/data/x" cannot be used: Permission denied.'),
        (sqlite3.OperationalError("database is locked"), "Another program holds Graft's database."),
        (sqlite3.DatabaseError("database disk image is malformed"), "Graft's database cannot be used: database disk"),
        (RecursionError("maximum recursion depth exceeded"), "Something in Graft went wrong: RecursionError: maximum"),
    ],
)
def test_what_nobody_foresaw_is_one_sentence_and_a_place_in_the_log(
    home: Home, error: Exception, sentence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    broken(monkeypatch, error)
    assert run(["show", "leaves", "--home", str(home.root)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith(sentence)
    assert len(line) < 600
    *_, reference = line.rstrip(".").split()
    assert f'Details: "{home.root / LOG}", {reference}.' in line
    log = (home.root / LOG).read_text()
    assert f"{reference} 20" in log
    assert f"graft show leaves --home {home.root}" in log
    assert "Traceback (most recent call last)" in log


def test_a_full_log_begins_anew(home: Home, monkeypatch: pytest.MonkeyPatch):
    (home.root / LOG).write_bytes(bytes(LOG_BYTES + 1))
    broken(monkeypatch, RuntimeError("broken"))
    run(["runs", f"--home={home.root}"])
    assert (home.root / LOG).stat().st_size < LOG_BYTES


def test_where_the_home_takes_no_log_it_lies_among_the_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    broken(monkeypatch, RuntimeError("broken"))
    run(["runs", "--home", str(tmp_path / "file")])
    (log,) = tmp_path.glob(f"graft-*/{LOG}")
    assert str(log) in capsys.readouterr().err


def test_control_characters_and_turns_of_direction_are_not_printed(capsys: pytest.CaptureFixture[str]):
    print_line("red \x1b[31m\x07 and \u202egpj.exe\nsecond line, 👩‍🌾")
    print_error("one\ntwo \x00 three")
    said = capsys.readouterr()
    assert said.out == "red  [31m  and  gpj.exe\nsecond line, 👩‍🌾\n"
    assert said.err == "one two   three\n"


def test_an_endless_name_is_not_repeated_whole(home: Home, capsys: pytest.CaptureFixture[str]):
    for arguments in (
        ["show", LONG], ["show", "a " * 5_000], ["train", "--dataset", LONG], ["import", "x", LONG], [LONG],
        ["runs", f"--{LONG}"], ["train", "--plan", LONG], ["train", "--dataset", "x", "--recipe", LONG],
        ["train", "--dataset", "x", "--set", LONG], ["export", LONG, LONG],
    ):  # fmt: skip
        assert run(arguments) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert len(line) < 500


@pytest.mark.parametrize(
    "arguments", [["import", "x", ""], ["runs", "--home", ""], ["train", "--plan", ""], ["--home", ""]]
)
def test_an_empty_path_is_no_path(home: Home, arguments: list[str], capsys: pytest.CaptureFixture[str]):
    assert run(arguments) == 2
    assert "perhaps a variable of the shell is not set" in capsys.readouterr().err


def test_json_for_an_encoding_of_few_letters_is_still_json(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    with open(tmp_path / "out", "w", encoding="cp1252") as narrow:
        monkeypatch.setattr(sys, "stdout", narrow)
        print_json({"class": "🦋", "file": "\udcff"})
    assert json.loads((tmp_path / "out").read_text()) == {"class": "🦋", "file": "\udcff"}


def graft(home: Home, shell: str, **environment: str) -> subprocess.CompletedProcess:
    """A shell line with $GRAFT in it."""
    command = f"'{sys.executable}' -m graft --home '{home.root}'"
    line = shell.replace("$GRAFT", command)
    return subprocess.run(["sh", "-c", line], capture_output=True, text=True, env={**os.environ, **environment})


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize(
    ("line", "status", "sentence"),
    [
        ("$GRAFT datasets > /dev/full", 1, "The output cannot be written: No space left on device.\n"),
        ("$GRAFT --help > /dev/full", 1, "No space left on device"),
        ("$GRAFT datasets >&-", 0, ""),
        ("$GRAFT nothing 2> /dev/full", 2, ""),
        ("$GRAFT nothing 2>&-", 2, ""),
        ("$GRAFT datasets <&- >&- 2>&-", 0, ""),
        ("{ $GRAFT datasets; echo $? >&2; } | true", 0, "1\n"),
    ],
)
def test_output_that_goes_nowhere_is_no_traceback(home: Home, line: str, status: int, sentence: str):
    ended = graft(home, line)
    assert ended.returncode == status
    assert sentence in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "Exception ignored" not in ended.stderr
    assert sqlite3.connect(home.db).execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "latin-1"])
def test_letters_that_an_encoding_does_not_have_are_written_as_numbers(
    home: Home, draw_photos, tmp_path: Path, encoding: str
):
    folder = draw_photos(tmp_path / "photos", {"🦋": 4, "蝶": 4})
    ended = graft(home, f"$GRAFT import 蝶 '{folder}'", PYTHONIOENCODING=encoding)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "\\U0001f98b" in ended.stdout


def test_standard_error_that_is_full_ends_nothing():
    class Full(io.StringIO):
        def write(self, text: str = "") -> int:
            raise OSError(28, "No space left on device")

        flush = write

    stream = output._BestEffort(Full())
    assert stream.write("words\n") == 6
    stream.flush()
    assert not stream.isatty()
