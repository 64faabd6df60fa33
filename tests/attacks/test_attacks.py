"""Whatever it is given, the command line ends with 0, 1 or 2 and one sentence, in bounded time and memory.

Cases of a kind run one after the other in one process, which is what they are judged by: a case that takes it down
takes the kind down. Every case starts without its dataset, and what a refused one leaves behind fails the kind.
"""

import io
import json
import os
import random
import sqlite3
import stat
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from core.datasets import import_dataset
from core.home import Home, database, open_home

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="limits memory as POSIX does"),
]

SECONDS = 60.0  # of one case, on a machine that is busy with other things
MEMORY_BYTES = 6 * 2**30  # of data, where the interpreter and all libraries are loaded
GROWTH_BYTES = 500_000_000
MOST_LETTERS = 1_600
Arguments = list[str]


@dataclass(frozen=True)
class Case:
    """statuses: what it may end with, where that is known better than 0, 1 or 2. sentence: a part of what is said."""

    name: str
    arguments: Arguments
    statuses: tuple[int, ...] = (0, 1, 2)
    sentence: str = ""


# What loads all that cases of a kind load, so that memory is compared with it.
LIGHT, WITH_TORCH = ["datasets"], ["export", "nothing", "x.zip"]


def attack(home: Home, folder: Path, cases: list[Case], ordinary: Arguments = LIGHT) -> list[dict]:
    """What each case ended with. Asserts what is right for all of them, and says all that is wrong at once."""
    file = folder / "cases.json"
    encoded = [(case.name, [os.fsencode(each).hex() for each in case.arguments]) for case in cases]
    file.write_text(json.dumps([("ordinary", [each.encode().hex() for each in ordinary]), *encoded]))
    environment = {**os.environ, "GRAFT_HOME": str(home.root), "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": ""}
    command = [sys.executable, "-m", "tests.attacks.child", str(file), str(MEMORY_BYTES)]
    ended = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=SECONDS * 4)
    answers = [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")]
    assert len(answers) == len(cases) + 1, f"it ended after {len(answers)}: {ended.stderr[-1_500:]}"
    wrong = [each for case, answer in zip(cases, answers[1:], strict=True) for each in faults(case, answer)]
    assert not wrong, "\n".join(wrong)
    assert ended.stderr == ""
    assert answers[-1]["rss_bytes"] - answers[0]["rss_bytes"] < GROWTH_BYTES
    print(f"{len(cases)} cases, the slowest {max(each['seconds'] for each in answers[1:]):.1f} s")
    return answers[1:]


def faults(case: Case, answer: dict) -> Iterator[str]:
    status, err = answer["status"], answer["err"]
    what = f"{case.name}: {status}, {err[:300]!r}"
    if status not in case.statuses:
        yield f"{what}: not one of {case.statuses}"
    if "Traceback" in err + answer["out"] or "went wrong" in err or "Details:" in err:
        yield f"{what}: nobody foresaw it"
    if status and len(err.strip().splitlines()) != 1:
        yield f"{what}: {len(err.splitlines())} lines"
    if len(err) > MOST_LETTERS and status:
        yield f"{what}: {len(err)} letters"
    if any(ord(letter) < 32 and letter != "\n" for letter in err + answer["out"]):
        yield f"{what}: a control character"
    if "Warning" in err:
        yield f"{what}: a warning of Python"
    if case.sentence not in err + answer["out"]:
        yield f"{what}: does not say {case.sentence!r}"
    if answer["seconds"] > SECONDS:
        yield f"{what}: {answer['seconds']:.0f} s"


def nothing_left(home: Home, known: set[str]) -> None:
    """Refused imports leave no folder, and no import leaves anything but whole datasets."""
    with database(home) as db:
        ids = {row["id"] for row in db.execute("SELECT id FROM datasets")}
    assert {path.name for path in home.datasets.iterdir()} == ids
    assert {path.name for path in home.runs.iterdir()} == known
    assert list(home.inbox.iterdir()) == []
    assert not list(home.root.rglob("*.part"))
    assert not (home.root / "graft.log").exists()


@pytest.fixture
def photos(tmp_path: Path, draw_photos: Callable[..., Path]) -> Path:
    return draw_photos(tmp_path / "photos", {"a": 3, "b": 3})


def imports(sources: dict[str, Path], **how: dict) -> list[Case]:
    return [Case(name, ["import", f"set {n}", str(path)]) for n, (name, path) in enumerate(sources.items())]


def picture(number: int, kind: str = "PNG", **how: object) -> bytes:
    rng = random.Random(number)
    image = Image.new("RGB", (40, 30), (rng.randrange(256), rng.randrange(256), 90))
    image.paste((200, 10, 30), (number % 20, 3, number % 20 + 9, 20))
    file = io.BytesIO()
    image.save(file, kind, **how)
    return file.getvalue()


def archive(folder: Path, name: str, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    target = folder / f"{name}.zip"
    with zipfile.ZipFile(target, "w", method) as packed:
        for inside, content in files.items():
            packed.writestr(inside, content)
    return target


TWO = {f"{label}/{n}.png": picture(10 * i + n) for i, label in enumerate("ab") for n in range(3)}


def test_archives(home: Home, tmp_path: Path):
    good = archive(tmp_path, "good", TWO).read_bytes()
    contents: dict[str, bytes] = {
        "empty": b"", "a text": b"no zip" * 50, "signature": b"PK\x03\x04", "end alone": b"PK\x05\x06" + bytes(18),
        "rar": b"Rar!\x1a\x07\x01\0" + bytes(99), "7z": b"7z\xbc\xaf\x27\x1c" + bytes(99), "doubled": good + good,
        "junk before": bytes(999) + good, "junk after": good + bytes(999), "in itself": good,
    }  # fmt: skip
    rng = random.Random(1)
    for number in range(20):
        contents[f"cut {number}"] = good[: len(good) * number // 20]
    for number in range(35):
        changed = bytearray(good)
        for _ in range(rng.choice((1, 4, 30))):
            changed[rng.randrange(len(changed))] = rng.randrange(256)
        contents[f"fuzzed {number}"] = bytes(changed)
    for method in (1, 6, 8, 9, 10, 12, 14, 19, 93, 97, 98, 99):
        contents[f"method {method}"] = good.replace(
            b"PK\x01\x02\x14\x03\x14\x00\x00\x00\x08\x00", b"PK\x01\x02\x14\x03\x14\x00\x00\x00" + bytes([method, 0])
        )
    for size in (0, 1, 2**31, 2**32 - 1):  # what the directory says of its own length and place
        end = good.rindex(b"PK\x05\x06")
        contents[f"directory of {size}"] = good[: end + 12] + struct.pack("<LL", size, size) + good[end + 20 :]
    names = [
        "../../x/1.png", "/etc/a/1.png", "C:\\a\\1.png", "\\\\server\\a\\1.png", "a\\..\\..\\1.png", "a/\0/1.png",
        "\u202egpj.exe", "🦋/🦋.png", "a/" * 5_000 + "1.png", "a" * 60_000 + "/1.png", "con/nul.png", "a/1.png ",
        "__MACOSX/a/1.png", "a//1.png", "./a/./1.png", " /1.png", "\x1b[31m/1.png", "A/1.PNG", "%s/%d.png",
        "{}/{0}.png",
    ]  # fmt: skip
    sources = {}
    for number, (name, content) in enumerate(contents.items()):
        sources[name] = tmp_path / f"c{number}.zip"
        sources[name].write_bytes(content)
    for number, inside in enumerate(names):
        sources[f"name {number}"] = archive(tmp_path, f"n{number}", {**TWO, inside: picture(99)})
    for label, method in (("bzip2", zipfile.ZIP_BZIP2), ("lzma", zipfile.ZIP_LZMA)):
        sources[label] = archive(tmp_path, label, {"a/1.png": bytes(2**24)}, method)
    sources["zip of a zip"] = archive(tmp_path, "nested", {"a/x.zip": good})
    sources["many"] = archive(tmp_path, "many", {f"a/{n}.txt": b"" for n in range(20_000)})
    attack(home, tmp_path, imports(sources))
    nothing_left(home, set())


def test_damaged_pictures(home: Home, tmp_path: Path):
    """Ten formats, cut and fuzzed: a batch of forty is one import, whose photos are read or listed with a reason."""
    rng = random.Random(2)
    kinds = {"JPEG": "jpg", "PNG": "png", "GIF": "gif", "WEBP": "webp", "BMP": "bmp", "TIFF": "tif", "AVIF": "avif",
             "JPEG2000": "jp2", "PPM": "ppm", "ICO": "ico"}  # fmt: skip
    sources: dict[str, Path] = {}
    for kind, suffix in kinds.items():
        whole = picture(1, kind)
        cut = {f"{'ab'[n % 2]}/{n}.{suffix}": whole[: len(whole) * n // 12] for n in range(12)}
        fuzzed = {}
        for number in range(40):
            changed = bytearray(whole)
            for _ in range(rng.choice((1, 3, 20))):
                changed[rng.randrange(len(changed))] = rng.randrange(256)
            fuzzed[f"{'ab'[number % 2]}/{number}.{suffix}"] = bytes(changed)
        sources[f"{kind} cut"] = archive(tmp_path, f"{kind}-cut", cut | TWO)
        sources[f"{kind} fuzzed"] = archive(tmp_path, f"{kind}-fuzzed", fuzzed | TWO)
    renamed = {f"a/{n}.{suffix}": picture(n, kind) for n, kind in enumerate(kinds) for suffix in ("jpg", "png", "tga")}
    sources["renamed"] = archive(tmp_path, "renamed", renamed | TWO)
    strange = {
        "a/svg.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a/pdf.jpg": b"%PDF-1.4", "a/eps.jpg": b"%!PS-Adobe",
        "a/heic.jpg": b"\0\0\0\x18ftypheic" + bytes(99), "a/empty.png": b"", "a/pickle.png": b"\x80\x04}\x94.",
        "a/exif.jpg": picture(3, "JPEG", exif=b"Exif\0\0MM\0\x2a\xff\xff\xff\xff\x01\x02"),
    }  # fmt: skip
    sources["strange"] = archive(tmp_path, "strange", strange | TWO)
    answers = attack(home, tmp_path, imports(sources))
    assert [answer["status"] for answer in answers] == [0] * len(sources)  # what is whole is imported
    nothing_left(home, set())


def test_tables_and_names(home: Home, photos: Path, tmp_path: Path):
    names = [str(path.relative_to(photos)) for path in sorted(photos.rglob("*.png"))]
    ordinary = "file,label\n" + "".join(f"{name},{name[0]}\n" for name in names)
    texts: dict[str, bytes] = {
        "ordinary": ordinary.encode(), "empty": b"", "header alone": b"file,label\n", "NUL": b"\0" * 999,
        "utf-16": ordinary.encode("utf-16"), "utf-16 cut": ordinary.encode("utf-16")[:-1], "BOM": b"\xef\xbb\xbf",
        "latin": ordinary.replace("label", "é").encode("latin-1"), "open quote": b'file,"label\n' * 9_000,
        "quotes": b'"' * 200_000, "one line": b"a," * 600_000, "many columns": b"x," * 20_000 + b"\na,b\n" * 99,
        "a long cell": b"file,label\n" + b"x" * 200_000 + b",a\n",
        "carriage returns": ordinary.replace("\n", "\r").encode(),
        "formulas": b"file,label\n" + b"".join(f"{name},=1+1\n".encode() for name in names),
        "control": b"file,label\n" + b"".join(f"{name},\x1b[31mred{name[0]}\n".encode() for name in names),
        "paths": b"file,label\n" + b"../../etc/passwd,a\n/etc/shadow,b\nhttp://x/1.png,a\nC:\\1.png,b\n" * 9,
        "surrogates": "file,label\n\ud800,a\n".encode(errors="surrogatepass"), "equal names": b"a,a,a\n1,2,3\n",
        "numbers": b"file,label\n" + b"".join(f"{name},{n / 7}\n".encode() for n, name in enumerate(names)),
        "rows": b"file,label\n" + b"nothing.png,a\n" * 100_000, "separators": b",;\t|" * 5_000,
        "nan": b"file,label\n" + b"".join(f"{name},nan\n".encode() for name in names),
    }  # fmt: skip
    rng = random.Random(3)
    for number in range(40):
        changed = bytearray(ordinary.encode())
        for _ in range(rng.choice((1, 5, 40))):
            changed[rng.randrange(len(changed))] = rng.randrange(256)
        texts[f"fuzzed {number}"] = bytes(changed)
    cases = []
    for number, (name, content) in enumerate(texts.items()):
        (photos / f"t{number}.csv").write_bytes(content)
        cases.append(
            Case(name, ["import", f"set {number}", str(photos / f"t{number}.csv"), "--columns", "label=class"])
        )
    for number, called in enumerate(
        ("", " ", "x" * 81, "x" * 10_000, "\x1b[31m", "\u202ex", "a\nb", "🦋", "../x", "'; --")
    ):
        cases.append(Case(f"called {number}", ["import", called, str(photos / "a")]))
    attack(home, tmp_path, cases)
    nothing_left(home, set())


def test_plans_and_weights(home: Home, photos: Path, tmp_path: Path):
    dataset = import_dataset(home, "shapes", photos)
    with database(home) as db:
        known = {row["id"] for row in db.execute("SELECT id FROM runs")}
    plan = {
        "datasets": [{"id": dataset.id, "version": 1}], "tasks": ["class"],
        "backbone": {"name": "graft_cnn", "weights": "pretrained"},
        "phases": [{"epochs": 1, "stage_rates": [0.0] * 3, "head_rate": 0.1}],
    }  # fmt: skip
    (tmp_path / "text.safetensors").write_text("no weights")
    (tmp_path / "huge.safetensors").write_bytes(struct.pack("<Q", 2**62) + b"{}")
    (tmp_path / "pickle.safetensors").write_bytes(b"\x80\x04cos\nsystem\n(S'touch canary'\ntR.")
    files = [str(tmp_path / f"{name}.safetensors") for name in ("text", "huge", "pickle", "gone")]
    files += ["~nosuchuser/x", "x" * 5_000, "", "\0", "/dev/null", str(tmp_path), "/etc/shadow"]
    changes: list[dict] = [
        {"tasks": ["nothing"]}, {"tasks": []}, {"tasks": ["class", "class"]}, {"tasks": ["x" * 10_000]},
        {"datasets": []}, {"datasets": [{"id": dataset.id, "version": 2**64}]},
        {"datasets": [{"id": "x", "version": 1}]},
        {"datasets": [{"id": dataset.id, "version": 1, "role": "target"}]}, {"datasets": [{"id": "\0", "version": 1}]},
        {"phases": []}, {"phases": [{**plan["phases"][0], "stage_rates": []}]}, {"seed": -1}, {"seed": 2**70},
        {"phases": [{**plan["phases"][0], "stage_rates": [0.0] * 999}]}, {"batch_size": 0}, {"batch_size": 1e300},
        {"phases": [{**plan["phases"][0], "epochs": 2**40}]}, {"device": "cuda:99"}, {"device": "\x1b"},
        {"image_size": 1}, {"image_size": -5}, {"image_size": 10**9}, {"objectives": []}, {"objectives": [{"kind": 7}]},
        {"objectives": [{"kind": "cross_entropy", "weight": -1}]}, {"backbone": {"name": "x" * 10_000}},
        {"backbone": {"name": "../../x"}}, {"backbone": 7}, {"teacher": {"run": "nothing"}}, {"unknown": 1},
        {"augmentation": {"crop": 7}}, {"optimizer": {"kind": "x"}}, {"early_stopping": {"patience": 0}},
        *({"backbone": {"name": "graft_cnn", "weights": "file", "file": each}} for each in files),
    ]  # fmt: skip
    texts: dict[str, bytes] = {
        "empty": b"", "null": b"null", "deep": b"[" * 1_000_000, "deep objects": b'{"a":' * 100_000,
        "text": b"\xff\xfe",
        "NaN": b'{"seed": NaN}', "a million": b"[" + b"0," * 400_000 + b"0]", "large": b" " * (2**20 + 1),
        "a picture": picture(1),
    }  # fmt: skip
    texts |= {f"change {n}": json.dumps({**plan, **change}).encode() for n, change in enumerate(changes)}
    cases = []
    for number, (name, content) in enumerate(texts.items()):
        (tmp_path / f"p{number}.json").write_bytes(content)
        cases.append(Case(name, ["train", "--plan", str(tmp_path / f"p{number}.json")], (1, 2)))
    for change in ("epochs", "=", "epochs=x", "epochs=-1", "epochs=" + "9" * 5_000, "phases.9.epochs=1", "a.b.c=1",
                   "seed=" + "[" * 5_000, "x" * 10_000 + "=1", "\x1b=1", "phases.x=1", "backbone=null"):  # fmt: skip
        cases.append(Case(f"--set {change[:20]}", ["train", "--dataset", "shapes", "--set", change], (1, 2)))
    attack(home, tmp_path, cases, WITH_TORCH)
    nothing_left(home, known)
    assert not Path("canary").exists()


def test_names_of_runs_and_paths(home: Home, tmp_path: Path):
    names = ["", " ", "\0"[:0] + "x" * 10_000, "\udcff", "\x1b[31m", "\u202e", "🦋", "'; DROP TABLE runs; --", "%", "_",
             "../../x", "a\nb", "-", "x" * 256, "x " * 5_000]  # fmt: skip
    cases = []
    for name in names:
        for command in (["show"], ["pause"], ["resume"], ["stop"], ["delete", "run"], ["delete", "dataset"]):
            cases.append(Case(f"{command} {name[:9]!a}", [*command, "--", name], (2,)))
        for command in (["export"], ["predict"], ["save-photos"]):
            cases.append(Case(f"{command} {name[:9]!a}", [*command, "--", name, "out.zip"], (2,)))
        cases.append(Case(f"teacher {name[:9]!a}", ["train", "--dataset", "x", f"--teacher={name}"], (2,)))
        cases.append(Case(f"dataset {name[:9]!a}", ["train", f"--dataset={name}"], (2,)))
        cases.append(Case(f"import {name[:9]!a}", ["import", "--", "x", name], (1, 2)))
        cases.append(Case(f"sample {name[:9]!a}", ["import", "--", "x", f"sample:{name}"], (2,)))
        cases.append(Case(f"plan {name[:9]!a}", ["train", f"--plan={name}"], (2,)))
        cases.append(Case(f"search {name[:9]!a}", ["runs", f"--search={name}"], (0,)))
        cases.append(Case(f"command {name[:9]!a}", [name], (2,)))
        cases.append(Case(f"option {name[:9]!a}", ["--no-browser", f"--x{name}"], (2,)))
    cases.append(Case("nobody's home", ["import", "x", "~nosuchuser/x"], (2,), "does not exist"))
    cases.append(Case("home in a file", ["datasets", "--home", str(tmp_path / "cases.json" / "x")], (1,)))
    cases += [Case(f"port {port}", ["--port", port], (1, 2)) for port in ("-5", "65536", "x", "9" * 99)]
    attack(home, tmp_path, cases, WITH_TORCH)
    nothing_left(home, set())


def test_links_and_pipes(home: Home, photos: Path, tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.zip")
    os.mkfifo(photos / "a" / "pipe.png")
    os.mkfifo(photos / "labels.csv")
    (photos / "a" / "self.png").symlink_to("self.png")
    (photos / "one").symlink_to(photos / "two")
    (photos / "two").symlink_to(photos / "one")
    (photos / "up").symlink_to(photos.parent)
    (photos / "b" / "passwd.png").symlink_to("/etc/passwd")
    (photos / "b" / "gone.png").symlink_to("/nothing/here.png")
    (tmp_path / "loop").symlink_to("loop")
    cases = [
        Case("folder", ["import", "links", str(photos)], (0,)),
        Case("pipe", ["import", "x", str(tmp_path / "pipe.zip")], (1,), "is a pipe"),
        Case("loop", ["import", "x", str(tmp_path / "loop")], (2,)),
        Case("device", ["import", "x", "/dev/zero"], (1,), "is a pipe, a socket or a device"),
        Case("plan pipe", ["train", "--plan", str(tmp_path / "pipe.zip")], (2,), "is a pipe or a device"),
        Case("plan device", ["train", "--plan", "/dev/zero"], (2,), "is a pipe or a device"),
        Case("plan folder", ["train", "--plan", str(photos)], (2,), "Is a directory"),
        Case("save to a device", ["save-photos", "links", "/dev/full"], (1,), "is no file that could be replaced"),
        Case("save to a folder", ["save-photos", "links", str(photos)], (1,), "is a folder"),
        Case("save too long", ["save-photos", "links", "x" * 300], (1,), "File name too long"),
        Case("save below a file", ["save-photos", "links", str(tmp_path / "cases.json" / "x.zip")], (1,)),
    ]
    attack(home, tmp_path, cases, WITH_TORCH)
    if Path("/dev/full").exists():
        assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)
    nothing_left(home, set())


def damage_database(home: Home) -> None:
    with home.db.open("r+b") as file:
        file.seek(100)
        file.write(b"\xff" * 5_000)


def no_database(home: Home) -> None:
    home.db.write_bytes(b"this is no database " * 300)


def drop_tables(home: Home) -> None:
    with sqlite3.connect(home.db) as db:
        db.execute("DROP TABLE versions")


def damage_labels(home: Home) -> None:
    next(home.datasets.rglob("*.parquet")).write_bytes(b"PAR1" + bytes(99))


def lose_labels(home: Home) -> None:
    next(home.datasets.rglob("*.parquet")).unlink()


def test_damaged_homes(home: Home, tmp_path: Path, photos: Path):
    """Whatever is damaged, every command answers, or ends in a sentence."""
    cases = []
    for damage in (damage_database, no_database, drop_tables, damage_labels, lose_labels):
        damaged = open_home(tmp_path / damage.__name__)
        import_dataset(damaged, "shapes", photos)
        import_dataset(damaged, "others", photos)
        damage(damaged)
        for line in (["datasets"], ["runs"], ["show", "x"], ["plan", "--dataset", "shapes"],
                     ["save-photos", "shapes", str(tmp_path / "out.zip")], ["import", "more", str(photos)],
                     ["delete", "dataset", "shapes"]):  # fmt: skip
            cases.append(Case(f"{damage.__name__}: {line[0]}", [*line, "--home", str(damaged.root)]))
    attack(home, tmp_path, cases, WITH_TORCH)
    assert not list(tmp_path.rglob("graft.log"))
