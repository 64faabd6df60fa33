"""Copies of a picture are found by what they show; a leak between splits is mended by moving or leaving them out."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageFilter
from scipy.fft import dctn

from core.datasets import (
    SplitPlan,
    add_photos,
    check,
    gather_copies,
    import_dataset,
    leave_out_copies,
    load_dataset,
    split_again,
    undo,
)
from core.datasets.copies import fingerprint, number_pictures
from core.datasets.table import read_table
from core.errors import Refused
from tests.datasets.conftest import photo, splits_by_name

Saved = Callable[[Image.Image], bytes]


def scene(number: int, size: tuple[int, int] = (160, 120)) -> Image.Image:
    """A picture as rich as a photo: soft shapes of all colours, others for another number."""
    rng = np.random.default_rng(number)
    coarse = Image.fromarray(rng.integers(0, 256, (9, 12, 3), dtype=np.uint8))
    fine = Image.fromarray(rng.integers(0, 256, (60, 80, 3), dtype=np.uint8)).filter(ImageFilter.GaussianBlur(1))
    return Image.blend(*(layer.resize(size, Image.Resampling.BICUBIC) for layer in (coarse, fine)), alpha=0.3)


def saved(image: Image.Image, kind: str = "JPEG", **how: int) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **how)
    return file.getvalue()


SAVED_AGAIN: dict[str, Saved] = {
    "as it was": lambda image: saved(image, quality=95),
    "at a low quality": lambda image: saved(image, quality=40),
    "as PNG": lambda image: saved(image, "PNG"),
    "as WebP": lambda image: saved(image, "WEBP", quality=60),
    "half as wide": lambda image: saved(image.resize((80, 60)), quality=80),
    "turned by EXIF alone": lambda image: saved(
        image.transpose(Image.Transpose.ROTATE_90), "JPEG", quality=90, exif=_exif_orientation(6)
    ),
}


def _exif_orientation(number: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = number
    return exif.tobytes()


@pytest.fixture
def leaking(home, zipped):
    """Folders that came with a split: scenes 0 to 5 train and come again to test, saved again in six ways."""
    files = {f"train/{'ab'[n % 2]}/{n}.png": saved(scene(n), "PNG", compress_level=1) for n in range(20)}
    files |= {f"val/{'ab'[n % 2]}/{n}.png": saved(scene(n), "PNG") for n in range(20, 24)}
    again = {f"test/{'ab'[n % 2]}/again{n}.jpg": save(scene(n)) for n, save in enumerate(SAVED_AGAIN.values())}
    others = {f"test/{'ab'[n % 2]}/{n}.png": saved(scene(n), "PNG") for n in range(30, 34)}
    return import_dataset(home, "leaking", zipped(files | again | others))


def leaks(dataset) -> list[str]:
    return [found.sentence for found in check(dataset) if found.mend == "copies"]


@pytest.mark.parametrize("way", SAVED_AGAIN)
def test_a_photo_that_is_saved_again_shows_the_same_picture(home, zipped, way):
    files = {f"{'ab'[n % 2]}/{n}.png": saved(scene(n), "PNG") for n in range(6)}
    dataset = import_dataset(home, "photos", zipped(files | {"a/again.jpg": SAVED_AGAIN[way](scene(3))}))
    by_name = dict(zip(dataset.table["name"], dataset.table["picture"], strict=True))
    assert by_name["a/again.jpg"] == by_name["b/3.png"]
    assert len(set(by_name.values())) == 6


def test_the_fingerprint_is_the_signs_of_the_lowest_frequencies_and_the_mean_colour():
    image = scene(1, (32, 32))
    grey = np.asarray(image.convert("L"), dtype=float)
    low = dctn(grey, norm="ortho")[:16, :16]
    bits = low > np.median(low)
    code = fingerprint(image)
    assert code is not None
    made = np.unpackbits(np.frombuffer(code[:32], np.uint8)).astype(bool)
    assert (made[:64] == bits[:8, :8].ravel()).all()
    assert made.sum() == bits.sum()
    assert np.frombuffer(code[32:], np.uint8) == pytest.approx(np.asarray(image).mean(axis=(0, 1)), abs=1)


def test_blank_pictures_are_no_copies_of_each_other():
    assert fingerprint(Image.new("RGB", (32, 32), "navy")) is None
    assert number_pictures(["a", "b", "a"], [None, None, None]).tolist() == [0, 1, 0]


def test_the_same_shape_in_another_colour_is_another_picture():
    red, blue = (Image.new("RGB", (32, 32), "white") for _ in range(2))
    for image, colour in ((red, (200, 40, 40)), (blue, (40, 100, 200))):
        image.paste(colour, (5, 10, 25, 30))
    assert number_pictures(["a", "b"], [fingerprint(red), fingerprint(blue)]).tolist() == [0, 1]


def test_copies_of_copies_are_no_chain():
    """Each differs from the next by 16 of 256 bits, the first from the third by 32."""
    codes = [np.zeros(35, np.uint8) for _ in range(3)]
    codes[1][20:22] = codes[2][20:24] = 255
    assert number_pictures(["a", "b", "c"], [code.tobytes() for code in codes]).tolist() == [0, 0, 2]


def test_all_pairs_are_compared_however_many_there_are(monkeypatch):
    monkeypatch.setattr("core.datasets.copies.PAIRS_AT_ONCE", 50)
    rng = np.random.default_rng(0)
    codes = [row.tobytes() for row in rng.integers(0, 256, (40, 35), dtype=np.uint8)]
    numbers = number_pictures([str(n) for n in range(80)], codes + codes)
    assert numbers.tolist() == [*range(40), *range(40)]


def test_drawn_splits_never_part_copies(home, zipped):
    files = {f"{'ab'[n % 2]}/{n}.png": saved(scene(n), "PNG") for n in range(30)}
    files |= {f"{'ab'[n % 2]}/again{n}.jpg": saved(scene(n), quality=60) for n in range(30)}
    dataset = import_dataset(home, "photos", zipped(files))
    for version in (dataset, split_again(home, dataset, SplitPlan(0.5, 0.25, 0.25, seed=3))):
        assert version.table.groupby("picture")["split"].nunique().max() == 1
        assert leaks(version) == []


def test_copies_across_given_splits_are_a_leak(leaking):
    sentence = "A leak: 6 photos lie in more than one split, as the same file or saved again"
    assert leaks(leaking) == [f"{sentence}, so figures look better than they are"]


def test_copies_go_together_at_one_click_and_come_back_at_another(home, leaking):
    mended = gather_copies(home, leaking)
    assert leaks(mended) == []
    moved = {name for name, split in splits_by_name(mended).items() if split != splits_by_name(leaking)[name]}
    assert moved == {f"test/{'ab'[n % 2]}/again{n}.jpg" for n in range(6)}
    assert set(mended.table["split"][mended.table["name"].isin(moved)]) == {"train"}
    assert splits_by_name(undo(home, mended)) == splits_by_name(leaking)


def test_copies_are_left_out_of_training_and_the_test_stays_whole(home, leaking):
    mended = leave_out_copies(home, leaking)
    assert leaks(mended) == []
    gone = set(leaking.table["name"]) - set(mended.table["name"])
    assert gone == {f"train/{'ab'[n % 2]}/{n}.png" for n in range(6)}
    assert len(mended.indices("test")) == len(leaking.indices("test"))


def test_what_belongs_to_a_copy_by_group_moves_along(home, zipped):
    rows = ["file,class,split,group"]
    files = {}
    for number in range(12):
        split = ("train", "val", "test")[number % 3]
        group = "deer" if number in (2, 5) else f"other {number}"
        rows.append(f"{number}.png,{'ab'[number % 2]},{split},{group}")
        files[f"{number}.png"] = saved(scene(0 if number == 2 else number), "PNG", compress_level=1 + number % 9)
    dataset = import_dataset(home, "film", zipped(files | {"labels.csv": "\n".join(rows).encode()}))
    splits = splits_by_name(gather_copies(home, dataset))
    assert splits["2.png"] == splits["5.png"] == "train"
    assert splits["8.png"] == "test"


def test_mending_what_is_mended_is_refused(home, leaking):
    for mend in (gather_copies, leave_out_copies):
        mend(home, leaking)
        with pytest.raises(Refused, match="more than one split any more"):
            mend(home, leaking)
        undo(home, leaking)


def test_added_photos_are_compared_with_those_that_are_there(home, leaking, zipped):
    more = zipped({"a/more.webp": saved(scene(20), "WEBP", quality=70), "b/new.png": photo(9)}, "more.zip")
    added = add_photos(home, leaking, more)
    splits = splits_by_name(added)
    assert splits["a/more.webp"] == splits["val/a/20.png"] == "validation"


def test_a_table_of_before_there_were_fingerprints_still_knows_equal_files(home, leaking, tmp_path):
    old = leaking.table.drop(columns=["fingerprint", "picture"])
    old.loc[1, "hash"] = old.loc[0, "hash"]
    old.to_parquet(tmp_path / "old.parquet", index=False)
    read = read_table(tmp_path / "old.parquet")
    assert read["picture"].duplicated().sum() == 1
    assert read["fingerprint"].isna().all()


def test_what_was_found_is_kept_with_the_dataset(home, leaking):
    again = load_dataset(home, leaking.id)
    assert again.table["picture"].tolist() == leaking.table["picture"].tolist()
    assert set(map(type, again.table["fingerprint"])) == {bytes}
