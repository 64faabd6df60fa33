import threading

import numpy as np
import pytest
import torch
from PIL import Image

from core.datasets import decode, decode_for, store_side
from core.datasets.decoding import center_crop
from core.errors import BadDataset, NotFound
from core.execution.submit import submit
from core.exports import cached_predictor, load_predictor
from core.exports.predictor import BATCH, Predictor, read_photo
from core.models.build import load_trained_model

pytestmark = pytest.mark.slow


@pytest.fixture
def run(clothes, distilled):
    return distilled(clothes)


def test_an_answer_names_every_class_with_its_probability_the_most_likely_first(home, run, clothes, photos):
    for answer in load_predictor(home, run.id).predict(photos):
        (shares,) = answer.values()
        assert set(shares) == set(clothes.task().classes)
        assert sum(shares.values()) == pytest.approx(1, abs=1e-5)
        assert list(shares.values()) == sorted(shares.values(), reverse=True)


def test_answers_are_the_softmax_of_the_trained_models_logits(home, run, clothes, photos):
    model = load_trained_model(home, run.plan, clothes.tasks, home.runs / run.id).eval()
    pixels = torch.from_numpy(np.stack([decode_for(photo, store_side(32)) for photo in photos])).permute(0, 3, 1, 2)
    with torch.inference_mode():
        logits = model(model.normalize(center_crop(pixels, 32).float()))[clothes.task().name]
    expected = logits.softmax(dim=1).numpy()
    for row, answer in zip(expected, load_predictor(home, run.id).predict(photos), strict=True):
        (shares,) = answer.values()
        assert [shares[name] for name in clothes.task().classes] == pytest.approx(row.tolist(), abs=1e-5)


def test_a_file_and_what_is_in_it_are_answered_alike(home, run, photos):
    known = load_predictor(home, run.id)
    assert known.predict(photos) == known.predict([photo.read_bytes() for photo in photos])


def test_a_decoded_picture_is_answered_alike(home, run, photos):
    small = [photo for photo in photos if photo.suffix == ".png"]
    known = load_predictor(home, run.id)
    assert known.predict(small) == known.predict([decode(photo) for photo in small])


def test_many_photos_are_answered_in_their_order(home, run, photos):
    known = load_predictor(home, run.id)
    several = (photos * (BATCH // len(photos) + 2))[: BATCH + 3]
    one_by_one = known.predict(photos)
    for number, answer in enumerate(known.predict(several)):
        (shares,), (expected,) = answer.values(), one_by_one[number % len(photos)].values()
        assert shares == pytest.approx(expected, abs=1e-5)


def test_a_file_that_is_no_photo_does_not_stop_the_others(home, run, photos, tmp_path):
    text = tmp_path / "text.jpg"
    text.write_text("not a picture")
    first, second, third = load_predictor(home, run.id).iter_predictions([photos[0], text, photos[1]])
    assert isinstance(second, BadDataset)
    assert isinstance(first, dict)
    assert isinstance(third, dict)
    with pytest.raises(BadDataset):
        load_predictor(home, run.id).predict([photos[0], text])


class OpenedPhotos(list):
    """Photos that count how many of them were asked for."""

    opened = 0

    def __iter__(self):
        for photo in super().__iter__():
            self.opened += 1
            yield photo


def test_broken_photos_in_the_middle_of_batches_stand_at_their_place(home, run, photos, tmp_path):
    text = tmp_path / "text.jpg"
    text.write_text("not a picture")
    broken = {3, BATCH - 1, BATCH, BATCH + 1, 2 * BATCH + 5}
    several = [text if number in broken else photos[number % len(photos)] for number in range(2 * BATCH + 7)]
    known = load_predictor(home, run.id)
    one_by_one = known.predict(photos)
    for number, answer in enumerate(known.iter_predictions(several)):
        assert isinstance(answer, BadDataset) == (number in broken)
        if number not in broken:
            (shares,), (expected,) = answer.values(), one_by_one[number % len(photos)].values()
            assert shares == pytest.approx(expected, abs=1e-5)


def test_a_batch_of_broken_photos_is_listed_whole(home, run, photos, tmp_path):
    text = tmp_path / "text.jpg"
    text.write_text("not a picture")
    answers = list(load_predictor(home, run.id).iter_predictions([text] * BATCH + [photos[0]]))
    assert [isinstance(answer, BadDataset) for answer in answers] == [True] * BATCH + [False]


def test_the_next_photos_are_decoded_while_the_network_computes(home, run, photos, monkeypatch):
    decoded_next = threading.Event()
    several = (photos * BATCH)[: 2 * BATCH]

    def read(photo, image_size):
        if photo == "of the second batch":
            decoded_next.set()
            photo = photos[0]
        return read_photo(photo, image_size)

    several[BATCH + 3] = "of the second batch"
    known = load_predictor(home, run.id)
    compute = Predictor.predict_pixels
    waited = []

    def predict_pixels(self, pixels):
        waited.append(decoded_next.wait(30))
        return compute(self, pixels)

    monkeypatch.setattr("core.exports.predictor.read_photo", read)
    monkeypatch.setattr(Predictor, "predict_pixels", predict_pixels)
    next(known.iter_predictions(several))
    assert waited == [True]


def test_any_number_of_photos_takes_the_memory_of_two_batches(home, run, photos):
    several = OpenedPhotos((photos * 10 * BATCH)[: 10 * BATCH])
    answers = load_predictor(home, run.id).iter_predictions(several)
    for number, _ in enumerate(answers):
        assert several.opened <= number + 2 * BATCH
    assert several.opened == 10 * BATCH


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, GeneratorExit])
def test_an_interruption_ends_the_decoding(home, run, photos, interrupt):
    several = OpenedPhotos((photos * 10 * BATCH)[: 10 * BATCH])
    answers = load_predictor(home, run.id).iter_predictions(several)
    next(answers)
    with pytest.raises(interrupt):
        answers.throw(interrupt)
    assert several.opened <= 2 * BATCH
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("in-order")]


def test_no_photos_get_no_answers(home, run):
    assert load_predictor(home, run.id).predict([]) == []


def test_a_photo_is_judged_at_the_centre_of_what_the_store_keeps():
    picture = Image.effect_noise((90, 60), 80).convert("RGB")
    side = store_side(32)
    assert read_photo(picture, 32).shape == (32, 32, 3)
    assert side == 37
    whole = np.asarray(picture.crop((15, 0, 75, 60)).resize((side, side), Image.Resampling.BICUBIC))
    assert np.abs(read_photo(picture, 32)[8:24, 8:24].astype(int) - whole[10:26, 10:26]).max() <= 1


def test_the_model_stays_in_memory_until_a_better_one_is_there(home, run):
    first = cached_predictor(home, run.id)
    assert cached_predictor(home, run.id) is first
    best = home.runs / run.id / "best"
    (best / "touched").touch()
    assert cached_predictor(home, run.id) is not first


def test_a_run_without_a_model_says_so(home, run):
    waiting = submit(home, run.plan)
    with pytest.raises(NotFound, match="has no model yet"):
        cached_predictor(home, waiting.id)
