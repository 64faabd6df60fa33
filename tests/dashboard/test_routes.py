"""What pages ask for without a rerun."""

import io
import json
import re
import shutil
import zipfile
from contextlib import suppress
from dataclasses import replace
from types import SimpleNamespace
from urllib.parse import quote

import anyio
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from core.datasets import import_dataset, inbox, leave_out, relabel
from core.exports import RUN_EXPORTS
from dashboard.routes import (
    PLOTLY_URL,
    dataset_export_url,
    full_photo_url,
    module_url,
    photo_list_url,
    routes,
    run_export_url,
    thumbnail_url,
)
from dashboard.routes import uploads as uploads_module
from dashboard.server.guard import guard

FOLDER = "0123456789abcdef" * 2


@pytest.fixture
def client(home):
    app = Starlette(routes=routes(home), middleware=[Middleware(guard, names={"localhost"})])
    with TestClient(app, base_url="http://127.0.0.1:8501") as client:
        yield client


def send(client, content=b"pixels", name="oak/1.jpg", folder=FOLDER, number=0, **headers):
    return client.put(f"/graft/uploads/{folder}/{number}", params={"name": name}, content=content, headers=headers)


def test_what_a_person_said_that_a_photo_shows_arrives_with_it(client, home):
    client.put(f"/graft/uploads/{FOLDER}/0?name=1.jpg&label=a%2Fb&task=kind", content=b"pixels")
    send(client, name="2.jpg", number=1)
    files = {name: inbox.given_labels(path) for path, name in inbox.received_files(home.inbox / FOLDER)}
    assert files == {"1.jpg": {"kind": "a/b"}, "2.jpg": {}}
    assert client.put(f"/graft/uploads/{FOLDER}/2?name=3.jpg&label={'x' * 2_000}", content=b"").status_code == 400


# JavaScript


def test_a_components_module_is_served_with_those_that_it_imports(client):
    chart = client.get(module_url("live_chart", "chart.js"))
    assert chart.headers["content-type"].startswith("text/javascript")
    imported = re.findall(r'from "\./(\w+\.js)"', chart.text)
    assert imported
    for name in imported:
        assert client.get(module_url("live_chart", name)).status_code == 200


def test_only_components_modules_are_served(client):
    assert client.get(module_url("live_chart", "__init__.py")).status_code == 404
    assert client.get(module_url("live_chart", "..%2f..%2fapp.py")).status_code == 404


# Uploads


def test_a_file_arrives_whole_with_its_name_beside_it(client, home):
    content = bytes(range(256)) * 4_000
    assert send(client, content).json() == {"size": len(content)}
    assert (home.inbox / FOLDER / "0").read_bytes() == content
    assert json.loads((home.inbox / FOLDER / "0.json").read_text()) == {"name": "oak/1.jpg"}


def test_a_name_that_climbs_is_only_words(client, home):
    send(client, name="../../../etc/passwd")
    assert sorted(p.name for p in home.inbox.rglob("*")) == ["0", "0.json", FOLDER]


@pytest.mark.parametrize("folder", ["x" * 32, "0" * 31, "..%2f" + "0" * 28, "A" * 32])
def test_only_folders_that_pages_make_up_are_written(client, home, folder):
    assert send(client, folder=folder).status_code in (400, 404)
    assert not list(home.inbox.iterdir())


def test_a_name_is_needed_and_may_not_be_endless(client):
    assert send(client, name="").status_code == 400
    assert send(client, name="x" * 5_000).status_code == 400


@pytest.mark.parametrize("origin", ["cross-site", "same-site"])
def test_another_sites_page_cannot_send(client, home, origin):
    assert send(client, **{"sec-fetch-site": origin}).status_code == 403
    assert not list(home.inbox.iterdir())


def test_what_is_larger_than_the_limit_is_refused_even_when_it_does_not_say_so(client, home, monkeypatch):
    monkeypatch.setattr(uploads_module, "FILE_LIMIT", 1_000)
    assert send(client, b"x" * 1_001).status_code == 413
    unsaid = send(client, iter([b"x" * 600, b"x" * 600]))  # in pieces: no length is announced
    assert unsaid.status_code == 413
    assert not [p for p in home.inbox.rglob("*") if p.is_file()]


def test_a_full_disk_is_said_and_leaves_nothing(client, home, monkeypatch):
    monkeypatch.setattr(uploads_module, "free_bytes", lambda path: 100)
    answer = send(client)
    assert (answer.status_code, answer.json()["error"]) == (507, "the disk is full; free some room and try again")
    assert not list(home.inbox.iterdir())


def test_a_disk_that_fills_up_while_a_file_of_unknown_length_arrives_is_said(client, home, monkeypatch):
    free = iter([10**12, 100])
    monkeypatch.setattr(uploads_module, "free_bytes", lambda path: next(free))
    monkeypatch.setattr(uploads_module, "CHECKED_BYTES", 1_000)
    answer = send(client, iter([b"x" * 600] * 10))
    assert (answer.status_code, answer.json()["error"]) == (507, "the disk is full; free some room and try again")
    assert not [p for p in home.inbox.rglob("*") if p.is_file()]


@pytest.mark.parametrize("announced", [True, False])
def test_all_uploads_that_wait_have_a_limit_until_they_are_imported(client, home, monkeypatch, announced):
    monkeypatch.setattr(uploads_module, "WAITING_LIMIT", 250_000)
    monkeypatch.setattr(uploads_module, "RECOUNT_SECONDS", 0)
    monkeypatch.setattr(uploads_module, "CHECKED_BYTES", 10_000)
    file = b"x" * 100_000
    assert send(client, file, number=0).status_code == 200
    assert send(client, file, folder="f" * 32, number=0).status_code == 200
    answer = send(client, file if announced else iter([b"x" * 20_000] * 5), number=1)
    assert (answer.status_code, "wait to be imported" in answer.json()["error"]) == (507, True)
    assert not (home.inbox / FOLDER / "1").exists()
    shutil.rmtree(home.inbox / FOLDER)  # as an import does
    assert send(client, file, number=1).status_code == 200


def test_a_disk_that_fills_up_on_the_way_is_said_too(client, home, monkeypatch):
    def full(self, other):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    assert send(client).status_code == 507
    assert not (home.inbox / FOLDER / "0").exists()


# Photos


def test_the_list_names_each_photo_with_its_class_and_split(client, small):
    answer = client.get(photo_list_url(small, small.tasks[0].name))
    listed = answer.json()
    assert [p[0] for p in listed["photos"]] == list(small.table["image_id"])
    assert [p[1] for p in listed["photos"]] == small.labels(small.tasks[0]).tolist()
    assert [listed["splits"][p[2]] for p in listed["photos"]] == list(small.table["split"])
    assert listed["classes"] == list(small.tasks[0].classes)
    assert "immutable" in answer.headers["cache-control"]


def test_each_version_has_its_own_list(client, home, small):
    task = small.tasks[0]
    first = small.table["image_id"].iat[0]
    other = next(c for c in task.classes if c != task.classes[small.labels(task)[0]])
    newer = relabel(home, small, [first], task.name, other)
    before, after = (client.get(photo_list_url(d, task.name)).json()["photos"][0][1] for d in (small, newer))
    assert before != after


def test_an_unknown_version_or_label_column_is_404(client, small):
    assert client.get(f"/graft/datasets/{small.id}/versions/99/photos").status_code == 404
    assert client.get(photo_list_url(small, "no such column")).status_code == 404
    assert client.get("/graft/datasets/nothing/versions/1/photos").status_code == 404


def test_a_thumbnail_is_small_and_kept_for_ever(client, small):
    answer = client.get(thumbnail_url(small) + small.table["image_id"].iat[0])
    assert max(Image.open(io.BytesIO(answer.content)).size) <= 240
    assert "immutable" in answer.headers["cache-control"]


def test_a_photo_that_a_later_version_leaves_out_is_still_shown_in_the_earlier_one(client, home, small):
    first = small.table["image_id"].iat[0]
    leave_out(home, small, [first])
    assert client.get(thumbnail_url(small) + first).status_code == 200


def test_a_large_photo_is_the_original(client, small):
    first = small.table["image_id"].iat[0]
    answer = client.get(full_photo_url(small) + first)
    assert answer.content == small.path(first).read_bytes()
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_large_photo_says_no_place(client, home, tmp_path):
    made = Image.Exif()
    made.get_ifd(0x8825).update({1: "N", 2: (48.0, 8.0, 14.31)})
    for kind in ("oak", "fir"):
        for number in range(3):
            file = tmp_path / "photos" / kind / f"{number}.jpg"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (90, 60), (number * 40, 80, 90 if kind == "oak" else 9)).save(file, exif=made)
    dataset = import_dataset(home, "trees", tmp_path / "photos")
    first = dataset.table["image_id"].iat[0]
    assert dict(Image.open(dataset.path(first)).getexif().get_ifd(0x8825))
    shown = Image.open(io.BytesIO(client.get(full_photo_url(dataset) + first).content))
    assert dict(shown.getexif().get_ifd(0x8825)) == {}
    assert shown.tobytes() == Image.open(dataset.path(first)).tobytes()


def test_a_very_large_photo_is_sent_smaller(client, small, monkeypatch):
    monkeypatch.setattr("dashboard.routes.photos.SENT_WHOLE_BYTES", 10)
    answer = client.get(full_photo_url(small) + small.table["image_id"].iat[0])
    assert answer.headers["content-type"] == "image/jpeg"


@pytest.mark.parametrize("image", ["nothing", "..%2f..%2fgraft.db", "%00"])
def test_an_unknown_photo_is_404(client, small, image):
    assert client.get(f"/graft/datasets/{small.id}/thumbnails/{image}").status_code == 404
    assert client.get(f"/graft/datasets/{small.id}/photos/{image}").status_code == 404


def test_samples_show_what_they_look_like(client):
    assert Image.open(io.BytesIO(client.get("/graft/samples/digits/0").content)).size[0] > 8
    assert client.get("/graft/samples/digits/99").status_code == 404
    assert client.get("/graft/samples/nothing/0").status_code == 404


# Runs


def test_curves_of_no_run_are_404(client):
    assert client.get("/graft/runs/nothing/curves").status_code == 404


def test_curves_are_asked_for_with_whole_numbers(client):
    assert client.get("/graft/runs/x/curves?seen=soon").status_code == 400


def test_curves_say_204_when_nothing_is_new(client, monkeypatch):
    asked = []
    monkeypatch.setattr("dashboard.routes.runs.get_run", lambda home, run: SimpleNamespace(id=run))
    monkeypatch.setattr("dashboard.routes.runs.curves", lambda *given: asked.append(given))
    answer = client.get("/graft/runs/x/curves?seen=7&from=10&to=20")
    assert (answer.status_code, answer.content) == (204, b"")
    assert asked[0][1:5] == ("x", 7, 10, 20)


def test_the_zip_is_sent_under_the_runs_name_and_then_removed(client, home, monkeypatch):
    class Run:
        id, name = "r1", 'leaves: "top" <1>/2'

    def write(home, run, target):
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr("predict.py", "")
        return target

    monkeypatch.setattr("dashboard.routes.runs.get_run", lambda home, run: Run)
    monkeypatch.setitem(RUN_EXPORTS, "python-zip", replace(RUN_EXPORTS["python-zip"], write=write))
    answer = client.get(run_export_url("r1", "python-zip"))
    assert zipfile.ZipFile(io.BytesIO(answer.content)).namelist() == ["predict.py"]
    assert 'filename="leaves-top-1-2.zip"' in answer.headers["content-disposition"]
    assert not list(home.inbox.iterdir())


@pytest.fixture
def made(home, monkeypatch) -> str:
    """The address of a run's zip that is made in a moment."""

    def write(home, run, target):
        target.write_bytes(b"zip" * 1_000)
        return target

    monkeypatch.setattr("dashboard.routes.runs.get_run", lambda home, run: SimpleNamespace(id="r1", name="Run 1"))
    monkeypatch.setitem(RUN_EXPORTS, "python-zip", replace(RUN_EXPORTS["python-zip"], write=write))
    return run_export_url("r1", "python-zip")


@pytest.mark.parametrize("part", ["bytes=99999999999-", "bytes=0-1", "bytes=5-2", "nonsense", "bytes=0-0,2-2,4-4"])
def test_a_part_of_a_file_that_is_made_is_refused_and_leaves_nothing(client, home, made, small, part):
    for address in (made, dataset_export_url(small, "photos-zip")):
        answer = client.get(address, headers={"range": part})
        assert (answer.status_code, answer.headers["accept-ranges"]) == (416, "none")
    assert not list(home.inbox.iterdir())


def test_a_made_file_goes_whatever_ends_its_request(client, home, made):
    assert client.head(made).status_code == 200
    assert client.get(made, headers={"if-range": '"x"', "if-none-match": "*"}).content == b"zip" * 1_000
    assert not list(home.inbox.iterdir())


async def stay():
    await anyio.sleep_forever()


async def leave():
    return {"type": "http.disconnect"}


async def break_off(message):
    raise OSError("connection lost")


async def never_ends(message):
    await anyio.sleep_forever()


@pytest.mark.parametrize(("receive", "send"), [(stay, break_off), (leave, never_ends)])
def test_a_made_file_goes_when_its_receiver_leaves_in_the_middle(home, made, receive, send):
    scope = {
        "type": "http",
        "method": "GET",
        "path": made,
        "raw_path": made.encode(),
        "query_string": b"",
        "headers": [],
    }
    with suppress(OSError, ExceptionGroup):
        anyio.run(Starlette(routes=routes(home)), scope, receive, send)
    assert not list(home.inbox.iterdir())


def test_a_file_that_cannot_be_made_leaves_nothing(home, made, monkeypatch):
    def fail(home, run, target):
        target.write_bytes(b"half")
        raise MemoryError

    monkeypatch.setitem(RUN_EXPORTS, "python-zip", replace(RUN_EXPORTS["python-zip"], write=fail))
    with TestClient(Starlette(routes=routes(home)), raise_server_exceptions=False) as client:
        assert client.get(made).status_code == 500
    assert not list(home.inbox.iterdir())


def test_only_ids_are_answered_never_names(client, home, small, monkeypatch):
    assert client.get(f"/graft/datasets/{small.id}/versions/1/photos").status_code == 200
    name, first = quote(small.name, safe=""), small.table["image_id"].iat[0]
    for rest in ("versions/1/photos", "versions/1/exports/photos-zip", f"thumbnails/{first}", f"photos/{first}"):
        assert client.get(f"/graft/datasets/{name}/{rest}").status_code == 404
    monkeypatch.setattr("dashboard.routes.runs.get_run", lambda home, run: SimpleNamespace(id="r1", name="Run 1"))
    for name in ("Run%201", "r"):
        assert client.get(f"/graft/runs/{name}/exports/python-zip").status_code == 404
        assert client.get(f"/graft/runs/{name}/curves").status_code == 404
    assert not list(home.inbox.iterdir())


@pytest.mark.parametrize("number", ["0", "-1", "99999999999999999999999", "9" * 5_000])
def test_a_number_of_any_size_is_404_at_most(client, small, number):
    first = small.table["image_id"].iat[0]
    for rest in (f"versions/{number}/photos", f"versions/{number}/exports/photos-zip"):
        assert client.get(f"/graft/datasets/{small.id}/{rest}").status_code == 404
    assert client.get(f"/graft/datasets/{small.id}/thumbnails/{first}").status_code == 200
    assert client.get(f"/graft/samples/digits/{number}").status_code == (200 if number == "0" else 404)
    if len(number) > 9:
        assert send(client, number=number).status_code in (404, 405)
    for key in ("seen", "from", "to"):
        assert client.get(f"/graft/runs/nothing/curves?{key}={number}").status_code in (400, 404)


def test_all_photos_of_a_version_are_sent_and_the_zip_is_removed(client, home, small):
    answer = client.get(dataset_export_url(small, "photos-zip"))
    assert len(zipfile.ZipFile(io.BytesIO(answer.content)).namelist()) == len(small) + 1
    assert not list(home.inbox.iterdir())
    assert client.get("/graft/datasets/nothing/versions/1/exports/photos-zip").status_code == 404


def test_a_zip_of_no_run_is_404(client):
    assert client.get("/graft/runs/nothing/exports/python-zip").status_code == 404


# All of them


def test_plotly_and_fonts_come_from_this_computer(client):
    assert client.get(PLOTLY_URL).headers["content-type"].startswith("text/javascript")
    assert client.get("/graft/fonts/inter.woff2").content[:4] == b"wOF2"
    assert client.get("/graft/fonts/inter-OFL.txt").status_code == 404


@pytest.mark.parametrize("address", ["/graft/fonts/inter.woff2", "/graft/runs/x/curves", "/graft/datasets/x/photos/y"])
def test_a_page_that_took_on_our_address_gets_nothing(client, address):
    assert client.get(address, headers={"host": "evil.example"}).status_code == 400
