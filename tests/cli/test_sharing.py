"""How the dashboard is started from the command line: its port, and who may use it."""

import pytest

from cli.app import run


@pytest.fixture
def started(monkeypatch, home) -> list[tuple]:
    """What the server was started with: port and pass-phrase."""
    calls: list[tuple] = []
    monkeypatch.setattr("dashboard.server.serve", lambda home, port, words, browser: calls.append((port, words)))
    return calls


def test_alone_it_has_no_pass_phrase(started, monkeypatch):
    monkeypatch.setenv("GRAFT_PASS_PHRASE", "green tea leaves")  # as somebody may have it set for all starts
    assert run([]) == 0
    assert started == [(8501, None)]


@pytest.mark.parametrize("port", ["-5", "65536", "99999999999999999999"])
def test_a_port_that_can_be_none_is_refused_in_a_sentence(started, capsys, port):
    assert run(["--port", port]) == 2
    assert "--port" in capsys.readouterr().err
    assert not started


def test_shared_it_has_the_given_words_or_new_ones(started, monkeypatch):
    assert run(["--share-on-network", "--pass-phrase", "green tea leaves"]) == 0
    monkeypatch.setenv("GRAFT_PASS_PHRASE", "black tea leaves")
    assert run(["--share-on-network"]) == 0
    monkeypatch.delenv("GRAFT_PASS_PHRASE")
    assert run(["--share-on-network"]) == run(["--share-on-network"]) == 0
    (_, given), (_, from_environment), (_, first), (_, second) = started
    assert (given, from_environment) == ("green tea leaves", "black tea leaves")
    assert first != second
    assert len(first.split()) == len(second.split()) == 4


def test_words_that_are_easily_guessed_are_refused(started, capsys):
    assert run(["--share-on-network", "--pass-phrase", "tea"]) == 1
    assert "A pass-phrase has 8 to 200 letters." in capsys.readouterr().err
    assert not started


def test_words_without_sharing_are_refused_since_nobody_could_use_them(started, capsys):
    assert run(["--pass-phrase", "green tea leaves"]) == 2
    assert "add --share-on-network" in capsys.readouterr().err
    assert not started
