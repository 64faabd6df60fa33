"""A home that Graft wrote before its words were changed opens, whole, with nothing lost."""

import json
import shutil
import sqlite3
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
from safetensors import safe_open

from core.errors import Refused
from core.home import Home, open_home
from core.plans import parse_plan
from dashboard.session.plan_drafts import load_draft
from tests.home.conftest import DISTILLED, EVERYTHING, EXPECTED, RUN_IDS


def rows(home: Home, query: str) -> list[sqlite3.Row]:
    connection = sqlite3.connect(home.db)
    connection.row_factory = sqlite3.Row
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def stored(home: Home, run: str) -> sqlite3.Row:
    return next(row for row in rows(home, "SELECT * FROM runs") if row["name"] == run)


def facts_of(checkpoint: Path) -> dict[str, Any]:
    return json.loads((checkpoint / "state.json").read_bytes())["facts"]


def tensors_of(file: Path) -> dict[str, bytes]:
    with safe_open(file, "numpy") as opened:
        return {name: opened.get_tensor(name).tobytes() for name in opened.keys()}  # noqa: SIM118 (no mapping)


def contents(home: Home) -> dict[str, bytes]:
    """Every file by its path; the database as the statements that make it."""
    connection = sqlite3.connect(home.db)
    try:
        dump = "\n".join(connection.iterdump()).encode()
    finally:
        connection.close()
    files = (file for file in home.root.rglob("*") if file.is_file() and not file.name.startswith("graft.db"))
    return {str(file.relative_to(home.root)): file.read_bytes() for file in files} | {"graft.db": dump}


def test_every_row_is_still_there_but_what_was_measured(opened: Home):
    tables = {row["name"] for row in rows(opened, "SELECT name FROM sqlite_master WHERE type = 'table'")}
    found = {table: rows(opened, f"SELECT count(*) FROM {table}")[0][0] for table in tables}
    of_before = {table: count for table, count in EXPECTED["rows"].items() if table != "calibrations"}
    assert found == of_before | {"profiles": 0}


def test_what_was_asked_of_a_run_and_its_state_stay(opened: Home):
    found = {row["name"]: [row["state"], row["requested_action"]] for row in rows(opened, "SELECT * FROM runs")}
    assert found == EXPECTED["runs_as_stored"]


def test_plans_have_the_names_of_the_field(opened: Home):
    plan = json.loads(stored(opened, EVERYTHING)["plan"])
    assert [phase["start_image_size"] for phase in plan["phases"]] == [None, None, 32]
    assert (plan["augmentation"]["cached_views"], plan["augmentation"]["trivial_augment"]) == (2, 0.4)
    assert plan["optimizer"]["ema_decay"] == 0.9
    assert plan["objectives"] == [
        {"kind": "cross_entropy", "weight": 0.9, "label_smoothing": 0.1, "balance_classes": True}
    ]
    assert json.loads(stored(opened, DISTILLED)["plan"])["objectives"][1:] == [
        {"kind": "logit_distillation", "weight": 0.7, "temperature": 3.0},
        {"kind": "feature_distillation", "weight": 0.4},
    ]


def test_every_run_has_a_plan_that_graft_reads_with_its_hash(opened: Home):
    for row in rows(opened, "SELECT plan, plan_hash FROM runs"):
        assert parse_plan(row["plan"]).hash == row["plan_hash"]


def test_drafts_are_found_by_the_hashes_of_their_plans(opened: Home):
    found = {draft.stem: load_draft(opened, draft.stem) for draft in opened.drafts.iterdir()}
    assert len(found) == len(EXPECTED["drafts"])
    assert all(plan is not None and plan.hash.startswith(key) for key, plan in found.items())


def test_a_task_that_is_called_as_a_field_was_keeps_its_name(opened: Home):
    assert json.loads(stored(opened, EVERYTHING)["plan"])["tasks"] == ["species", "phase"]
    tensors = tensors_of(opened.runs / RUN_IDS[EVERYTHING] / "last" / "training_state.safetensors")
    assert {"losses/phase/best", "losses/species/recent"} <= set(tensors)


def test_a_dataset_that_was_ignored_as_a_target_is_in_no_plan(opened: Home):
    assert [each["role"] for each in json.loads(stored(opened, "waiting")["plan"])["datasets"]] == ["source"]


def test_an_objective_that_a_plan_named_twice_has_the_weight_of_both(before: Home):
    plan = json.loads(stored(before, EVERYTHING)["plan"])
    plan["objectives"] *= 2
    connection = sqlite3.connect(before.db)
    with connection:
        connection.execute("UPDATE runs SET plan = ? WHERE name = ?", (json.dumps(plan), EVERYTHING))
    connection.close()
    row = stored(open_home(before.root), EVERYTHING)
    assert parse_plan(row["plan"]).hash == row["plan_hash"]
    assert json.loads(row["plan"])["objectives"] == [
        {"kind": "cross_entropy", "weight": 1.8, "label_smoothing": 0.1, "balance_classes": True}
    ]


def test_a_plan_lies_in_its_folder_as_in_the_database(opened: Home):
    for row in rows(opened, "SELECT id, plan FROM runs"):
        assert json.loads((opened.runs / row["id"] / "plan.json").read_bytes()) == json.loads(row["plan"])


def test_a_checkpoint_has_its_tensors_under_the_new_names_to_the_bit(before: Home):
    folder = before.runs / RUN_IDS[DISTILLED] / "last"
    old, model = tensors_of(folder / "learning.safetensors"), (folder / "model.safetensors").read_bytes()
    open_home(before.root)
    new = tensors_of(folder / "training_state.safetensors")
    assert len(new) == len(old)
    assert sorted(new.values()) == sorted(old.values())
    assert new["auxiliary/distillation/features.weight"] == old["guides/features.weight"]
    momentum = "features.weight/momentum_buffer"
    assert new[f"optimizer/auxiliary.distillation.{momentum}"] == old[f"optimiser/guides.{momentum}"]
    assert (folder / "model.safetensors").read_bytes() == model
    assert not (folder / "learning.safetensors").exists()


def test_the_weights_behind_an_average_have_a_name_of_their_own(before: Home):
    folder = before.runs / RUN_IDS[EVERYTHING] / "last"
    old = tensors_of(folder / "learning.safetensors")
    open_home(before.root)
    new = tensors_of(folder / "training_state.safetensors")
    raw = {name: value for name, value in new.items() if name.startswith("raw_weights/")}
    assert raw == {f"raw_{name}": value for name, value in old.items() if name.startswith("weights/")}
    assert raw


def test_a_checkpoint_names_its_plan_and_its_files_with_their_checksums(opened: Home):
    for row in rows(opened, "SELECT id, plan_hash FROM runs"):
        for checkpoint in filter(Path.exists, (opened.runs / row["id"] / which for which in ("last", "best"))):
            facts = facts_of(checkpoint)
            assert (facts["format"], facts["plan_hash"]) == (2, row["plan_hash"])
            assert set(facts["files"]) == {"model.safetensors", "training_state.safetensors"}
            for name, checksum in facts["files"].items():
                assert f"{zlib.crc32((checkpoint / name).read_bytes()):08x}" == checksum


def test_a_checkpoint_knows_how_its_run_computes(opened: Home):
    facts = facts_of(opened.runs / RUN_IDS[EVERYTHING] / "last")
    assert facts["micro_batch_size"] == 4
    assert facts["cached_views"]["1"] == 2
    assert set(facts["compute_config"]) == {"precision", "inference_dtype", "channels_last", "threads"}


def test_what_a_killed_run_was_busy_with_has_a_name_from_a_list(opened: Home):
    assert json.loads(stored(opened, "killed while it was paused")["progress"])["activity"] == "validate"


def test_a_story_that_only_a_file_holds_stays(before: Home):
    unsaved = before.runs / RUN_IDS["killed while it ran"] / "unsaved.jsonl"
    story = unsaved.read_bytes()
    open_home(before.root)
    assert story
    assert unsaved.read_bytes() == story


def test_opening_it_again_changes_nothing(opened: Home):
    first = contents(opened)
    open_home(opened.root)
    assert contents(opened) == first


def test_it_may_be_killed_when_only_the_database_is_left_to_do(before: Home, unpacked: Path, opened: Home):
    open_home(before.root)
    shutil.copy(unpacked / "graft.db", before.db)
    open_home(before.root)
    assert contents(before) == contents(opened)


_KILLED_OPENING = """
import os, shutil, sys
steps = int(sys.argv[2])
def kills(function):
    def step(*args, **kwargs):
        global steps
        steps -= 1
        if steps == 0:
            os._exit(9)  # as by a kill: nothing is tidied up
        return function(*args, **kwargs)
    return step
import core.home
os.replace, shutil.rmtree = kills(os.replace), kills(shutil.rmtree)
core.home.open_home(sys.argv[1])
"""


@pytest.mark.slow
def test_it_may_be_killed_before_each_of_its_steps(before: Home, tmp_path: Path):
    for run in before.runs.iterdir():
        if run.name not in (RUN_IDS["finished"], RUN_IDS[EVERYTHING], RUN_IDS[DISTILLED]):
            shutil.rmtree(run)
    whole = open_home(shutil.copytree(before.root, tmp_path / "whole"))
    kills = 0
    while open_and_be_killed(before, steps=1 + kills % 3):  # of three kills, the third leaves a checkpoint done
        kills += 1
        assert rows(before, "PRAGMA user_version")[0][0] == 1
        assert len(rows(before, "SELECT wish FROM runs")) == len(RUN_IDS)
    assert kills > 15
    assert contents(before) == contents(whole)


def open_and_be_killed(home: Home, steps: int) -> bool:
    """Whether the process was killed before that step of its migration, rather than done."""
    command = [sys.executable, "-c", _KILLED_OPENING, str(home.root), str(steps)]
    code = subprocess.run(command, check=False).returncode
    assert code in (0, 9)
    return code == 9


@pytest.mark.parametrize(
    "damage", ["a byte of the tensors", "a byte of the state", "no state", "no tensors", "no folder"]
)
def test_a_damaged_run_stays_as_it_is_and_stops_no_other(before: Home, damage: str):
    folder = before.runs / RUN_IDS[EVERYTHING] / "last"
    match damage:
        case "a byte of the tensors":
            content = (folder / "learning.safetensors").read_bytes()
            (folder / "learning.safetensors").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        case "a byte of the state":
            (folder / "state.json").write_text((folder / "state.json").read_text().replace('"batch": 3', '"batch": 4'))
        case "no state":
            (folder / "state.json").unlink()
        case "no tensors":
            (folder / "learning.safetensors").unlink()
        case "no folder":
            shutil.rmtree(folder.parent)
    left = {file: file.read_bytes() for file in folder.glob("*")}
    open_home(before.root)
    assert {file: file.read_bytes() for file in folder.glob("*")} == left
    assert facts_of(before.runs / RUN_IDS[DISTILLED] / "last")["format"] == 2
    if damage != "no folder":
        assert facts_of(folder.parent / "best")["format"] == 2


def test_a_checkpoint_that_a_killed_process_left_under_its_old_name_is_migrated(before: Home):
    checkpoint = before.runs / RUN_IDS["finished"] / "best"
    checkpoint.rename(checkpoint.with_name("best.old"))
    open_home(before.root)
    assert facts_of(checkpoint)["format"] == 2


def test_it_waits_for_an_older_graft_that_trains_in_the_home(before: Home):
    connection = sqlite3.connect(before.db)
    with connection:
        connection.execute("UPDATE runs SET lease_until = 4e9 WHERE name = 'killed while it ran'")
    connection.close()
    with pytest.raises(Refused, match="An older Graft is training"):
        open_home(before.root)
    assert rows(before, "PRAGMA user_version")[0][0] == 1
