"""Weights as a hub would hold them, on disk and behind a server of our own."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import timm
import torch
from safetensors.torch import save_file

from core.backbones import weights
from core.home import Home

torch.set_num_threads(1)
COMMIT = "0123456789abcdef0123456789abcdef01234567"
NAME = "test_vit.r160_in1k"


@pytest.fixture
def vit_file(tmp_path: Path) -> Path:
    """Weights of the small `test_vit` with its classifier, as timm would save them."""
    torch.manual_seed(7)
    file = tmp_path / "vit.safetensors"
    save_file(timm.create_model("test_vit").state_dict(), file)
    return file


@pytest.fixture
def put_into_hub_cache(home: Home):
    """put(file, name): lay the file into the home as the Hugging Face hub's own cache would."""

    def put(file: Path, name: str = NAME) -> Path:
        folder = home.weights / f"models--timm--{name}"
        place = folder / "snapshots" / COMMIT / "model.safetensors"
        place.parent.mkdir(parents=True)
        (folder / "refs").mkdir()
        (folder / "refs" / "main").write_text(COMMIT)
        place.write_bytes(file.read_bytes())
        return place

    return put


@dataclass
class Hub:
    """A server that answers as the hub does. files: what it holds by path; asked: the paths it was asked for.

    real: whether it sends what tells the hub from any other server (a login page in a hotel, say).
    """

    real: bool = True
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def put(self, name: str, content: bytes) -> None:
        self.files[f"/timm/{name}/resolve/main/model.safetensors"] = content


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    held = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer(with_content=False)

        def do_GET(self) -> None:
            self._answer(with_content=True)

        def _answer(self, with_content: bool) -> None:
            held.asked.append(self.path)
            path = self.path.replace(COMMIT, "main")
            content = held.files.get(path, b"")
            self.send_response(200 if path in held.files else 404)
            if held.real:
                self.send_header("X-Repo-Commit", COMMIT)
            if path not in held.files:
                self.send_header("X-Error-Code", "EntryNotFound")
            self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if with_content:
                self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setattr(weights, "ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    yield held
    server.shutdown()
    server.server_close()
    thread.join()
