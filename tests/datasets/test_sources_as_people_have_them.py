"""Datasets as people have them: read as a person would read them, or asked about; never silently something else."""

import csv
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.datasets import ColumnChoice, Undecided, consequence, import_dataset, preview_source
from core.errors import BadDataset
from tests.datasets.conftest import classes_by_name, photo, splits_by_name


def draw(path: Path, number: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(photo(number, kind="JPEG" if path.suffix == ".jpg" else "PNG"))
    return path


def write_table(path: Path, header: list[str] | None, rows: list[list[object]], delimiter: str = ",") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(([header] if header else []) + rows)
    return path


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """An empty folder for photos, apart from the home."""
    (tmp_path / "here").mkdir()
    return tmp_path / "here"


def roles(understanding) -> dict[str, str]:
    return {reading.column: reading.role for reading in understanding.readings}


@pytest.fixture
def patients(here: Path) -> Path:
    """15 patients with 4 photos each, with what a clinic writes beside them."""
    rows = []
    for i in range(60):
        draw(here / f"patients/im{i:03d}.png", i)
        who = i // 4
        dx, sex = ["benign", "malignant"][who % 2], "MF"[who % 2]
        rows.append([f"im{i:03d}", f"P{who:03d}", dx, 20 + who, sex, f"2024-01-{1 + who:02d}", f"cam{i // 20}"])
    header = ["image_id", "patient_id", "dx", "age", "sex", "date", "camera"]
    return write_table(here / "patients/meta.csv", header, rows, ";").parent


def test_patients_are_kept_together_and_what_else_is_known_of_them_is_no_task(home, patients):
    understanding = preview_source(home, patients)
    assert roles(understanding) == {
        "image_id": "photo",
        "patient_id": "group",
        "dx": "class",
        "age": "number",
        "sex": "leave-out",
        "date": "leave-out",
        "camera": "leave-out",
    }
    dataset = import_dataset(home, "patients", patients)
    assert [(task.name, task.classes) for task in dataset.tasks] == [("dx", ("benign", "malignant"))]
    assert dataset.table["group"].nunique() == 15
    assert (dataset.table.groupby("group")["split"].nunique() == 1).all()
    assert 'Photos of one "patient_id" stay together: 15 groups.' in dataset.notes
    assert 'The column "age" is left out: numbers, counted or measured: no classes.' in dataset.notes


@pytest.fixture
def folders_and_table(here: Path) -> Path:
    names = [f"{kind}/{i}.jpg" for kind in "ab" for i in range(100 * (kind == "b"), 100 * (kind == "b") + 12)]
    files = [draw(here / "fields" / name, n) for n, name in enumerate(names)]
    return write_table(
        here / "fields/meta.csv", ["file", "site"], [[f.name, f"site {n % 3}"] for n, f in enumerate(files)]
    ).parent


def test_class_folders_beside_a_table_stay_the_classes_and_few_sites_are_asked_about(home, folders_and_table):
    with pytest.raises(Undecided, match='"site" says where photos come from, but there are only 3') as asked:
        import_dataset(home, "fields", folders_and_table)
    assert roles(asked.value.understanding)["folder"] == "class"
    assert "--columns group=site" in asked.value.remedy
    grouped = import_dataset(home, "grouped", folders_and_table, columns=ColumnChoice({"site": "group"}))
    assert grouped.tasks[0].classes == ("a", "b")
    assert (grouped.table.groupby("group")["split"].nunique() == 1).all()
    labeled = import_dataset(
        home, "labeled", folders_and_table, columns=ColumnChoice({"site": "class", "folder": "class"})
    )
    assert [(t.name, len(t.classes)) for t in labeled.tasks] == [("class", 2), ("site", 3)]


@pytest.fixture
def split_words(here: Path):
    def write(words: list[str]) -> Path:
        rows = [[draw(here / f"{i}.jpg", i).name, "ab"[i % 2], words[i % len(words)]] for i in range(40)]
        return write_table(here / "labels.csv", ["file", "label", "split"], rows)

    return write


@pytest.mark.parametrize(
    "words",
    [
        ["train", "dev", "test"],
        ["TRAIN", "Validate", "HoldOut"],
        ["training", "valid", "eval"],
        ["Trainingsdaten", "Validierung", "Prüfung"],
        ["entraînement", "validation", "évaluation"],
        ["entrenamiento", "validación", "prueba"],
        ["addestramento", "convalida", "verifica"],
        ["treino", "validação", "teste"],
    ],
)
def test_words_for_splits_are_known_in_six_languages(home, split_words, words):
    dataset = import_dataset(home, "photos", split_words([words[0], words[0], *words]))
    said = dict(zip(words, ("train", "validation", "test"), strict=True))
    expected = {f"{i}.jpg": said[[words[0], words[0], *words][i % 5]] for i in range(40)}
    assert splits_by_name(dataset) == expected
    assert [task.name for task in dataset.tasks] == ["label"]


@pytest.mark.parametrize("words", [["train", "train", "spare"], ["1", "2", "3"], ["A", "B", "C"]])
def test_words_that_may_be_splits_are_asked_about_and_no_split_is_drawn_over_them(home, split_words, words):
    table = split_words(words)
    with pytest.raises(Undecided, match='"split" names splits, but what') as asked:
        import_dataset(home, "photos", table)
    assert "--splits" in asked.value.remedy
    meant = dict(zip(dict.fromkeys(words), ("train", "test", "validation"), strict=False))
    dataset = import_dataset(home, "photos", table, columns=ColumnChoice(split_words=meant))
    given = {f"{i}.jpg": meant[words[i % 3]] for i in range(40)}
    assert {name for name, split in splits_by_name(dataset).items() if split == "test"} == {
        name for name, split in given.items() if split == "test"
    }
    assert dataset.splits_from == "folders"


def test_a_yes_no_column_about_training_is_the_split(home, here):
    rows = [[draw(here / f"{i}.jpg", i).name, "ab"[i % 2], int(i % 4 != 0)] for i in range(40)]
    dataset = import_dataset(home, "birds", write_table(here / "t.csv", ["img", "label", "is_training_image"], rows))
    tested = {name for name, split in splits_by_name(dataset).items() if split == "test"}
    assert tested == {f"{i}.jpg" for i in range(0, 40, 4)}


def test_tables_of_yes_and_no_in_split_folders_are_one_dataset_of_one_class(home, here):
    number = 0
    for split, count in (("train", 20), ("valid", 6), ("test", 6)):
        rows = []
        for i in range(count):
            number += 1
            file = draw(here / f"one-hot/{split}/{split}{i}_jpg.rf.{i:04x}.jpg", number)
            rows.append([file.name, *(int(i % 3 == k) for k in range(3))])
        write_table(here / f"one-hot/{split}/_classes.csv", ["filename", " cat", " dog", " fox"], rows)
    dataset = import_dataset(home, "animals", here / "one-hot")
    assert [(task.name, task.classes) for task in dataset.tasks] == [("class", ("cat", "dog", "fox"))]
    assert [len(dataset.indices(split)) for split in ("train", "validation", "test")] == [20, 6, 6]
    assert classes_by_name(dataset)["test/test4_jpg.rf.0004.jpg"] == "dog"


def test_yes_no_columns_that_are_several_labels_are_a_task_each(home, here):
    rows = [[draw(here / f"{i}.jpg", i).name, i % 2, i % 3 // 2] for i in range(24)]
    dataset = import_dataset(home, "x-rays", write_table(here / "t.csv", ["file", "edema", "mass"], rows))
    assert [(task.name, task.classes) for task in dataset.tasks] == [("edema", ("0", "1")), ("mass", ("0", "1"))]


def test_frames_of_one_clip_stay_together_by_their_names(home, here):
    for clip in range(6):
        for frame in range(8):
            draw(here / f"frames/{'ab'[clip % 2]}/clip{clip}_frame{frame:04d}.jpg", 8 * clip + frame)
    dataset = import_dataset(home, "frames", here / "frames")
    assert set(dataset.table["group"]) == {f"clip{clip}" for clip in range(6)}
    assert (dataset.table.groupby("group")["split"].nunique() == 1).all()
    assert dataset.tasks[0].classes == ("a", "b")


def test_numbered_photos_in_class_folders_are_no_groups(home, here):
    for kind in ("cat", "dog"):
        for i in range(8):
            draw(here / f"pets/{kind}/{kind}_frame{i:02}.jpg", i + 100 * (kind == "dog"))
    assert set(import_dataset(home, "pets", here / "pets").table["group"]) == {None}


def test_folders_of_patients_inside_class_folders_are_groups(home, here):
    for who in range(6):
        for i in range(4):
            kind = ("benign", "malignant")[who % 2]
            draw(here / f"scans/{kind}/patient {who}/{i}.jpg", 4 * who + i)
    dataset = import_dataset(home, "scans", here / "scans")
    assert dataset.tasks[0].classes == ("benign", "malignant")
    assert dataset.table["group"].nunique() == 6


def test_several_labels_in_a_cell_are_asked_about_and_taken_as_classes_on_purpose(home, here):
    words = ["cat", "dog", "cat|dog", "cat,dog"]
    rows = [[draw(here / f"{i}.jpg", i).name, words[i % 4]] for i in range(24)]
    table = write_table(here / "labels.csv", ["Image", "tags"], rows)
    with pytest.raises(Undecided, match='"tags" has several labels for one photo, such as "cat|dog"'):
        import_dataset(home, "pets", table)
    assert roles(preview_source(home, table))["tags"] == "labels"
    dataset = import_dataset(home, "pets", table, columns=ColumnChoice({"tags": "class"}))
    assert set(dataset.tasks[0].classes) == set(words)


def test_photos_named_once_for_each_of_their_labels_are_asked_about(home, here):
    rows = [[draw(here / f"{i}.jpg", i).name, label] for i in range(10) for label in ("red", "blue")[: 1 + i % 3]]
    table = write_table(here / "labels.csv", ["file", "label"], rows)
    with pytest.raises(Undecided, match='"label" has several labels for one photo; so far'):
        import_dataset(home, "long", table)


@pytest.mark.parametrize(("column", "values"), [("count", [str(n) for n in range(9)]), ("weight_kg", ["1.25", "3.7"])])
def test_counts_and_measures_are_numbers_and_classes_only_on_purpose(home, here, column, values):
    rows = [[draw(here / f"{i}.jpg", i).name, values[i % len(values)]] for i in range(45)]
    table = write_table(here / "labels.csv", ["Image", column], rows)
    with pytest.raises(Undecided, match=f'"{column}" holds numbers, and numbers are not classes') as asked:
        import_dataset(home, "numbers", table)
    assert asked.value.remedy == f"Say `--columns class={column}`; --dry-run shows what comes of it."
    assert roles(asked.value.understanding)[column] == "number"
    dataset = import_dataset(home, "numbers", table, columns=ColumnChoice({column: "class"}))
    assert len(dataset.tasks[0].classes) == len(values)


def test_numbers_beside_classes_are_left_out_and_said(home, here):
    rows = [[draw(here / f"{i}.jpg", i).name, "ab"[i % 2], i % 5] for i in range(20)]
    dataset = import_dataset(home, "photos", write_table(here / "t.csv", ["file", "kind", "petals"], rows))
    assert [task.name for task in dataset.tasks] == ["kind"]
    assert 'The column "petals" is left out: numbers, counted or measured: no classes.' in dataset.notes


def test_tables_named_like_splits_are_one_dataset(home, here):
    for split, count in (("train", 20), ("test", 10)):
        names = [draw(here / f"{split}_{i}.jpg", i + 100 * (split == "test")).name for i in range(count)]
        write_table(here / f"{split}.csv", ["id", "label"], [[name, "ab"[i % 2]] for i, name in enumerate(names)])
    dataset = import_dataset(home, "two tables", here)
    assert len(dataset) == 30
    tested = {name for name, split in splits_by_name(dataset).items() if split == "test"}
    assert tested == {f"test_{i}.jpg" for i in range(10)}


def test_ids_that_exist_twice_mean_the_folder_of_their_table(home, here):
    for split, count in (("train", 20), ("test", 10)):
        for i in range(count):
            draw(here / f"{split}/{i}.jpg", i + 100 * (split == "test"))
        rows = [[i, "ab"[(i + (split == "test")) % 2]] for i in range(count)]
        write_table(here / f"{split}.csv", ["id", "label"], rows)
    dataset = import_dataset(home, "same ids", here)
    assert dataset.rejected == ()
    assert splits_by_name(dataset)["test/3.jpg"] == "test"
    assert (classes_by_name(dataset)["train/3.jpg"], classes_by_name(dataset)["test/3.jpg"]) == ("b", "a")


def test_a_form_for_predictions_gives_no_labels(home, here):
    files = [draw(here / f"{i}.jpg", i).name for i in range(20)]
    write_table(here / "train.csv", ["id", "label"], [[name, "ab"[i % 2]] for i, name in enumerate(files[:10])])
    write_table(here / "sample_submission.csv", ["id", "label"], [[name, "a"] for name in files[10:]])
    dataset = import_dataset(home, "contest", here)
    assert len(dataset) == 10
    assert "sample_submission.csv" in {each.name for each in dataset.rejected}


def test_two_tables_about_the_same_photos_are_read_together(home, here):
    files = [draw(here / f"{i}.jpg", i).name for i in range(40)]
    write_table(here / "labels.csv", ["file", "label"], [[name, "ab"[i % 2]] for i, name in enumerate(files)])
    write_table(here / "people.csv", ["file", "patient"], [[name, f"P{i // 4}"] for i, name in enumerate(files)])
    dataset = import_dataset(home, "joined", here)
    assert [task.name for task in dataset.tasks] == ["label"]
    assert dataset.table["group"].nunique() == 10


def test_numbers_that_lost_their_zeros_are_found_and_said(home, here):
    rows = [[int(draw(here / f"{i:05d}.jpg", i).stem), "ab"[i % 2]] for i in range(20)]
    dataset = import_dataset(home, "zeros", write_table(here / "labels.csv", ["id", "label"], rows))
    assert classes_by_name(dataset)["00012.jpg"] == "a"
    assert len(dataset) == 20
    assert dataset.notes == ('The names in "labels.csv" lost the zeros at their front: 10 is read as "00010.jpg".',)


def test_a_number_that_two_photos_could_be_is_not_guessed(home, here):
    rows = [[int(draw(here / f"a/{i:05d}.jpg", i).stem), "ab"[i % 2]] for i in range(20)]
    draw(here / "b/0012.jpg", 99)
    dataset = import_dataset(home, "zeros", write_table(here / "labels.csv", ["id", "label"], rows))
    assert "12" in {each.name for each in dataset.rejected}


def test_a_table_without_a_header_loses_no_photo(home, here):
    rows = [[draw(here / f"{i:05d}.jpg", i).name, "ab"[i % 2]] for i in range(20)]
    dataset = import_dataset(home, "no header", write_table(here / "labels.csv", None, rows))
    assert len(dataset) == 20
    assert [(task.name, task.classes) for task in dataset.tasks] == [("class", ("a", "b"))]


def test_the_line_that_tells_excel_the_delimiter_is_no_header(home, here):
    lines = ["sep=;", "file;label", *(f"{draw(here / f'{i}.jpg', i).name};{'ab'[i % 2]}" for i in range(8))]
    (here / "labels.csv").write_text("\n".join(lines))
    dataset = import_dataset(home, "excel", here)
    assert (len(dataset), dataset.tasks[0].name) == (8, "label")


@pytest.mark.parametrize("name", ["{}.{}.jpg", "{}_{:03}.jpg", "{}{}.jpg", "{1}-{0}.jpg"])
def test_classes_in_the_names_of_files_are_offered_with_a_preview(home, here, name):
    for n, kind in enumerate(("cat", "dog")):
        for i in range(10):
            draw(here / "pets" / name.format(kind, i), 10 * n + i)
    with pytest.raises(Undecided, match='The names of the files may: "cat" and "dog", as in "') as asked:
        import_dataset(home, "pets", here / "pets")
    (column,) = asked.value.understanding.columns("class")
    assert asked.value.remedy.startswith(f'Say `--columns "class={column}"`')
    assert consequence(asked.value.understanding).classes == {"class": {"cat": 10, "dog": 10}}
    dataset = import_dataset(home, "pets", here / "pets", columns=ColumnChoice({column: "class"}))
    assert dataset.counts(dataset.tasks[0]) == {"cat": 10, "dog": 10}


def test_a_folder_that_is_no_split_beside_those_that_are_is_asked_about(home, here):
    for n, place in enumerate(f"{split}/{kind}" for split in ("train", "test", "extra") for kind in "ab"):
        for i in range(3):
            draw(here / place / f"{i}.jpg", 3 * n + i)
    with pytest.raises(Undecided, match='"split folder" names splits, but what "extra" means is not known'):
        import_dataset(home, "extra", here)
    dataset = import_dataset(home, "extra", here, columns=ColumnChoice(split_words={"extra": "train"}))
    assert len(dataset.indices("test")) == 6


def test_split_folders_alone_are_no_classes(home, here):
    for i in range(6):
        draw(here / f"loose/{'train' if i % 2 else 'test'}/{i}.jpg", i)
    with pytest.raises(BadDataset, match='The photos in "loose" lie in no class folders'):
        import_dataset(home, "loose", here / "loose")


@pytest.mark.parametrize("given", ["folder", "file"])
def test_metadata_in_json_lines_is_read(home, here, given):
    lines = [json.dumps({"file_name": draw(here / f"{i}.jpg", i).name, "label": "ab"[i % 2]}) for i in range(12)]
    (here / "metadata.jsonl").write_text("\n".join(lines))
    dataset = import_dataset(home, "hub", here if given == "folder" else here / "metadata.jsonl")
    assert [(task.name, task.classes) for task in dataset.tasks] == [("label", ("a", "b"))]
    assert len(dataset) == 12


@pytest.mark.parametrize("hash_in_table", [True, False])
@pytest.mark.parametrize("hash_in_folder", [True, False])
def test_an_export_of_label_studio_is_read_and_the_hash_before_names_taken_off(
    home, here, hash_in_table, hash_in_folder
):
    tasks = []
    for i in range(12):
        draw(here / "images" / (f"ab12cd{i:02d}-{i}.jpg" if hash_in_folder else f"{i}.jpg"), i)
        name = f"ab12cd{i:02d}-{i}.jpg" if hash_in_table else f"{i}.jpg"
        chosen = {"type": "choices", "from_name": "animal kind", "value": {"choices": [["cat", "dog"][i % 2]]}}
        cancelled = {"was_cancelled": True, "result": []}
        tasks.append(
            {"id": i, "data": {"image": f"/data/upload/1/{name}"}, "annotations": [cancelled, {"result": [chosen]}]}
        )
    (here / "export.json").write_text(json.dumps(tasks))
    dataset = import_dataset(home, "studio", here)
    assert [(task.name, task.classes) for task in dataset.tasks] == [("animal kind", ("cat", "dog"))]
    assert set(dataset.table["name"]) == {f"images/{i}.jpg" for i in range(12)}


def test_a_project_of_teachable_machine_is_read(home, here):
    with zipfile.ZipFile(here / "teachable.tm", "w") as archive:
        for k in range(2):
            for i in range(5):
                archive.writestr(f"{k}-!-{i}.jpg", photo(5 * k + i, kind="JPEG"))
        archive.writestr("manifest.json", json.dumps({"classes": [{"name": "Cups"}, {"name": "Forks"}]}))
    dataset = import_dataset(home, "teachable", here / "teachable.tm")
    assert dataset.counts(dataset.tasks[0]) == {"Cups": 5, "Forks": 5}
    assert dataset.rejected == ()


def test_every_file_that_is_not_taken_is_listed_with_its_reason(home, here):
    for kind in "ab":
        for i in range(5):
            draw(here / f"{kind}/ok{i}.jpg", i + 10 * (kind == "b"))
    there = here / "a"
    pages = [Image.new("RGB", (40, 40), (n, 200, 9)) for n in (10, 90, 170)]
    pages[0].save(there / "pages.tif", save_all=True, append_images=pages[1:])
    pages[0].save(there / "moves.gif", save_all=True, append_images=pages[1:])
    pages[1].save(there / "no-ending", format="PNG")
    pages[2].save(there / "slide.svs", format="TIFF")
    (there / "scan.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\0" * 200)
    (there / "film.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + b"\0" * 99)
    (there / "new.jxl").write_bytes(b"\xff\x0a00")
    (there / "notes.txt").write_text("seen in May")
    (there / "more.txt").write_text("seen in June")
    np.save(there / "array.npy", np.zeros((3, 3)))
    dataset = import_dataset(home, "skipped", here)
    assert len(dataset) == 12
    assert {each.name: each.reason for each in dataset.rejected} == {
        "a/array.npy": "It holds numbers and no picture: save them as PNG first.",
        "a/film.mp4": "It is a film: save frames of it as pictures first.",
        "a/new.jxl": "Pictures of this kind cannot be read: save it as PNG or JPEG first.",
        "a/no-ending": "Its name has no ending such as .jpg, so it is not taken for a photo.",
        "a/scan.dcm": "It is a medical image (DICOM): save it as PNG or JPEG first.",
        "a/slide.svs": "It is a whole slide: cut it into tiles and save these as PNG or JPEG first.",
        "2 files ending in .txt": "They are no photos.",
        "a/pages.tif, pages after the first": "Only the first page of a file is taken.",
        "a/moves.gif, pages after the first": "Only the first page of a file is taken.",
    }


def test_the_same_is_listed_of_a_zip(home, zipped):
    files = {f"{kind}/{n}.png": photo(n + 10 * i) for i, kind in enumerate("ab") for n in range(3)}
    dataset = import_dataset(home, "zip", zipped(files | {"a/film.mp4": b"film", "a/no-ending": b"?"}))
    assert {each.name for each in dataset.rejected} == {"a/film.mp4", "a/no-ending"}


def test_a_table_that_is_not_used_says_why(home, here):
    for n, kind in enumerate("ab"):
        for i in range(5):
            draw(here / f"{kind}/{10 * n + i}.jpg", 10 * n + i)
    write_table(here / "words.csv", ["folder", "word"], [["a", "goldfish"], ["b", "newt"]])
    (here / "broken.json").write_text("{")
    dataset = import_dataset(home, "fish", here)
    assert {each.name: each.reason for each in dataset.rejected} == {
        "words.csv": "It names no photo that lies here, so it is not used.",
        "broken.json": '"broken.json" cannot be read: it is not JSON.',
    }


def test_official_test_photos_are_never_drawn_anew(home, here):
    rows = [[draw(here / f"{i}.jpg", i).name, "ab"[i % 2], "test" if i < 10 else ""] for i in range(60)]
    dataset = import_dataset(home, "official", write_table(here / "t.csv", ["file", "label", "split"], rows))
    tested = {name for name, split in splits_by_name(dataset).items() if split == "test"}
    assert tested == {f"{i}.jpg" for i in range(10)}
    assert len(dataset.indices("validation")) > 0


def test_a_class_and_its_number_are_one_task(home, here):
    rows = [[draw(here / f"{i}.jpg", i).name, i % 3, "abc"[i % 3]] for i in range(30)]
    dataset = import_dataset(home, "numbered", write_table(here / "t.csv", ["file", "class_id", "class_name"], rows))
    assert [task.name for task in dataset.tasks] == ["class_name"]


def test_an_individual_may_be_the_class_or_the_group_and_is_asked_about(home, here):
    rows = [[draw(here / f"{i}.jpg", i).name, f"whale {i // 3}"] for i in range(30)]
    table = write_table(here / "t.csv", ["file", "individual"], rows)
    with pytest.raises(Undecided, match='"individual" may be what the photos show, or which of them belong together'):
        import_dataset(home, "whales", table)
