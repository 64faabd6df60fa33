"""Public sets come through torchvision's loaders: what they hold, how far they are, what happens without a network."""

import functools
import hashlib
import http.server
import tarfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torchvision.datasets
from PIL import Image
from torchvision.datasets.utils import download_and_extract_archive

from core.datasets.public import download, import_public, importing, public_sets
from core.datasets.public.catalogue import _SETS, find
from core.errors import BadInput, DiskFull, NotFound, NotReachable
from core.home import Home

BY_ID = {known.id: known for known in public_sets()}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "POLL_SECONDS", 0.01)


def draw(path: Path, number: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (20, 20), (number * 7 % 256, number * 31 % 256, 90)).save(path)
    return path


class Files:
    """Stands for loaders that open files by `loader`: two classes, so many photos in each split."""

    counts: ClassVar[dict[str, int]] = {"train": 6, "val": 4, "test": 4}
    classes: ClassVar[list] = ["apple_pie", "soup"]

    def __init__(self, root: Path, split: str = "train", loader: Callable = Image.open, download: bool = False) -> None:
        assert download
        begin = 100 * list(self.counts).index(split)
        self.files = [draw(Path(root) / "them" / f"{n}.png", n) for n in range(begin, begin + self.counts[split])]
        self.loader = loader

    def __getitem__(self, number: int) -> tuple[object, int]:
        return self.loader(self.files[number]), number % 2


class Pets(Files):
    counts: ClassVar[dict[str, int]] = {"trainval": 8, "test": 4}
    classes: ClassVar[list] = ["Abyssinian", "Beagle"]
    bin_classes: ClassVar[list] = ["Cat", "Dog"]

    def __init__(self, root: Path, split: str, target_types: list[str], download: bool) -> None:
        super().__init__(root, split, download=download)
        self._images = self.files
        self._labels = self._bin_labels = [n % 2 for n in range(len(self.files))]


class Aircraft(Files):
    def __init__(self, root: Path, split: str, annotation_level: str, loader: Callable, download: bool) -> None:
        super().__init__(root, split, loader, download)
        self.classes = [f"{annotation_level} 0", f"{annotation_level} 1"]


class Pixels:
    """Stands for STL-10: raw pixels, channels first."""

    classes: ClassVar[list] = ["airplane", "bird"]

    def __init__(self, root: Path, split: str, download: bool) -> None:
        count = {"train": 8, "test": 4}[split]
        self.data = np.random.default_rng(count).integers(0, 256, (count, 3, 96, 96), dtype=np.uint8)
        self.labels = np.arange(count) % 2


class Objects:
    """Stands for Caltech 101: folders, and lists of numbers into them."""

    categories: ClassVar[list] = ["brain", "grand_piano"]

    def __init__(self, root: Path, download: bool) -> None:
        self.root = str(Path(root) / "caltech101")
        self.y, self.index = [0] * 6 + [1] * 6, [*range(1, 7), *range(1, 7)]
        for number, (label, index) in enumerate(zip(self.y, self.index, strict=True)):
            folder = Path(self.root) / "101_ObjectCategories" / self.categories[label]
            draw(folder / f"image_{index:04d}.jpg", number)


def stand_in(monkeypatch: pytest.MonkeyPatch, name: str, kind: type) -> None:
    monkeypatch.setattr(torchvision.datasets, name, kind)


def test_every_set_says_what_it_costs_before_it_is_fetched() -> None:
    assert len(BY_ID) == len(_SETS) >= 8
    for known in public_sets():
        assert known.bytes > 10_000_000
        assert known.images > known.classes > 1
        assert known.sentence.endswith(".")
        assert known.licence
        assert known.url.startswith("http")


def test_no_loader_that_unpickles_is_used() -> None:
    import inspect

    from core.datasets.public import readers

    used = [name for name in torchvision.datasets.__all__ if f'"{name}"' in inspect.getsource(readers)]
    used += [read.args[0] for _, read in _SETS if isinstance(read, functools.partial)]
    assert len(used) >= 8
    for name in used:
        module = inspect.getmodule(getattr(torchvision.datasets, name))
        source = inspect.getsource(module)
        assert "pickle" not in source, name
        assert "torch.load" not in source, name


def test_splits_and_classes_of_the_authors_are_kept(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, "DTD", Files)
    dataset = import_public(home, "dtd")
    assert dataset.name == "Textures (DTD)"
    assert dataset.tasks[0].name == "texture"
    assert dataset.tasks[0].classes == ("apple pie", "soup")
    sizes = {split: len(dataset.indices(split)) for split in ("train", "validation", "test")}
    assert sizes == {"train": 6, "validation": 4, "test": 4}
    assert dataset.splits_from == "folders"


def test_photos_are_kept_as_they_came(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, "Food101", Files)
    dataset = import_public(home, "food101")
    with Image.open(dataset.path(dataset.table["image_id"].iat[0])) as photo:
        assert photo.format == "PNG"


def test_pets_have_a_breed_and_an_animal(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, "OxfordIIITPet", Pets)
    dataset = import_public(home, "oxford-iiit-pet")
    assert {task.name: task.classes for task in dataset.tasks} == {
        "breed": ("Abyssinian", "Beagle"),
        "animal": ("Cat", "Dog"),
    }
    assert len(dataset.indices("test")) == 4
    assert len(dataset.indices("validation")) > 0


def test_aircraft_have_three_tasks(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, "FGVCAircraft", Aircraft)
    dataset = import_public(home, "fgvc-aircraft")
    assert len(dataset) == 14
    assert [task.name for task in dataset.tasks] == ["variant", "family", "manufacturer"]
    assert dataset.counts(dataset.task("family")) == {"family 0": 7, "family 1": 7}


def test_raw_pixels_become_the_same_pixels(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, "STL10", Pixels)
    dataset = import_public(home, "stl10")
    row = dataset.table["name"].tolist().index("train/airplane/00000.png")
    with Image.open(dataset.path(dataset.table["image_id"].iat[row])) as photo:
        assert (np.asarray(photo) == Pixels(Path(), "train", True).data[0].transpose(1, 2, 0)).all()


def test_folders_of_objects_become_classes(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, "Caltech101", Objects)
    dataset = import_public(home, "caltech101")
    assert dataset.counts(dataset.task()) == {"brain": 6, "grand piano": 6}
    assert dataset.splits_from == "drawn"


def test_of_many_names_the_first_is_taken(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    class Nette(Files):
        counts: ClassVar[dict[str, int]] = {"train": 8, "val": 4}
        classes: ClassVar[list] = [("tench", "Tinca tinca"), ("French horn", "horn")]

        def __init__(self, root: Path, split: str, size: str, loader: Callable, download: bool) -> None:
            assert size == "320px"
            super().__init__(root, split, loader, download)

    stand_in(monkeypatch, "Imagenette", Nette)
    dataset = import_public(home, "imagenette", name="Ten")
    assert dataset.name == "Ten"
    assert dataset.task().classes == ("French horn", "tench")
    assert len(dataset.indices("test")) == 4


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A web server on this machine, (address, folder it serves)."""
    served = tmp_path / "served"
    served.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=served)) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}", served
        running.shutdown()


def packed(served: Path) -> str:
    """A set as an archive on the server; gives its MD5."""
    folder = served.parent / "them"
    for number in range(12):
        draw(folder / f"{number}.png", number)
    noise = np.random.default_rng(0).integers(0, 256, 3_000_000, dtype=np.uint8).tobytes()
    (folder / "noise.bin").write_bytes(noise)  # so that the download has a length
    with tarfile.open(served / "them.tar.gz", "w:gz") as archive:
        archive.add(folder, "them")
    return hashlib.md5((served / "them.tar.gz").read_bytes()).hexdigest()


def downloading(address: str, md5: str) -> type:
    """A loader that downloads as torchvision's do."""

    class Downloading(Files):
        def __init__(self, root: Path, loader: Callable, download: bool) -> None:
            download_and_extract_archive(f"{address}/them.tar.gz", root, md5=md5)
            self.files, self.loader = sorted((Path(root) / "them").glob("*.png")), loader

    return Downloading


def test_a_download_tells_how_far_it_is_and_leaves_no_archive(
    home: Home, server: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, served = server
    stand_in(monkeypatch, "EuroSAT", downloading(address, packed(served)))
    monkeypatch.setattr(download, "POLL_SECONDS", 0.0001)
    seen: list[tuple[int, int, str]] = []
    dataset = import_public(home, "eurosat", progress=lambda *reported: seen.append(reported))
    assert len(dataset) == 12
    assert ("Downloading, in MB") in {doing for _, _, doing in seen}
    assert {total for _, total, doing in seen if doing == "Downloading, in MB"} == {94}
    assert max(done for done, _, doing in seen if doing in ("Downloading, in MB", "Unpacking")) == 3
    assert not list(home.inbox.iterdir())


def test_a_download_that_nobody_waits_for_ends(
    home: Home, server: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Cancelled(Exception):
        pass

    def cancel(*_: object) -> None:
        raise Cancelled

    address, served = server
    monkeypatch.setattr(download, "POLL_SECONDS", 0.0001)
    stand_in(monkeypatch, "EuroSAT", downloading(address, packed(served)))
    with pytest.raises(Cancelled):
        import_public(home, "eurosat", progress=cancel)
    for thread in threading.enumerate():
        if thread.name == "get-eurosat":
            thread.join(20)
            assert not thread.is_alive()
    assert not list(home.datasets.iterdir())


def test_a_damaged_download_is_said_in_one_sentence(
    home: Home, server: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    address, served = server
    packed(served)
    stand_in(monkeypatch, "EuroSAT", downloading(address, "0" * 32))
    with pytest.raises(NotReachable, match="could not be fetched from huggingface.co: what arrived is damaged"):
        import_public(home, "eurosat")
    assert not list(home.inbox.iterdir())


def test_a_file_that_is_no_longer_there_is_said(
    home: Home, server: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(monkeypatch, "EuroSAT", downloading(server[0], "0" * 32))
    with pytest.raises(NotReachable, match="the server answered 404"):
        import_public(home, "eurosat")


def test_without_a_network_one_sentence_says_so(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, "EuroSAT", downloading("http://127.0.0.1:9", "0" * 32))  # nothing listens there
    with pytest.raises(NotReachable, match="there is no connection to the server") as caught:
        import_public(home, "eurosat")
    assert "sample" in caught.value.remedy


def test_a_server_that_falls_silent_is_given_up(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    never = threading.Event()

    class Silent:
        def __init__(self, *_: object, **__: object) -> None:
            never.wait(30)
            raise RuntimeError

    stand_in(monkeypatch, "EuroSAT", Silent)
    monkeypatch.setattr(download, "STALL_SECONDS", 0.05)
    with pytest.raises(NotReachable, match="the server stopped answering"):
        import_public(home, "eurosat")
    never.set()


def test_a_name_that_is_taken_is_refused_before_the_download(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, "DTD", Files)
    import_public(home, "dtd")
    monkeypatch.setattr(importing, "fetch", None)
    with pytest.raises(BadInput):
        import_public(home, "dtd")


def test_a_disk_without_room_is_refused_before_the_download(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "free_bytes", lambda path: 1_000_000)
    with pytest.raises(DiskFull, match=r"needs 0\.3 GB while it is unpacked"):
        import_public(home, "eurosat")


def test_a_set_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(NotFound, match='There is no public set "cifar10".* oxford-iiit-pet, '):
        find("cifar10")
