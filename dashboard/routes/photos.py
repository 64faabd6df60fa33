"""Lists of photos, thumbnails, photos at full size, and a dataset in each registered format."""

from functools import partial
from io import BytesIO

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from core.datasets import Dataset, decode_within, load_dataset, sample_preview, thumbnail, without_location
from core.errors import BadDataset, Damaged, NotFound
from core.exports import DATASET_EXPORTS, get_export
from core.home import Home
from core.tasks import MISSING
from dashboard.routes import convertors  # noqa: F401  (registers {...:number})
from dashboard.routes.responses import IMMUTABLE, error_response, export_response

# What every browser shows as it is, turned as its EXIF says. Anything else is sent as a JPEG of it; SVG would be code.
SHOWN_BY_BROWSERS = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}
LARGE_SIDE = 1_600  # pixels
SENT_WHOLE_BYTES = 50 * 10**6  # it is in memory meanwhile; what is larger is sent as a JPEG of it


def _requested_dataset(home: Home, request: Request) -> Dataset:
    """The version that {dataset} and {version} name, the newest without {version}. Raises NotFound.

    Its id alone will do: the pages of others can guess that a dataset is called "Leaves", and nobody guesses an id.
    """
    dataset = load_dataset(home, request.path_params["dataset"], request.path_params.get("version"))
    if dataset.id != request.path_params["dataset"]:
        raise NotFound("There is no dataset of that id.")
    return dataset


def photo_list(home: Home, request: Request) -> Response:
    """GET /graft/datasets/{dataset}/versions/{version}/photos?task=: one version, which never changes.

    {"classes": [...], "splits": [...], "photos": [[image_id, class index or -1, split index, name], ...]}
    """
    try:
        dataset = _requested_dataset(home, request)
        task = dataset.task(request.query_params.get("task") or None)
    except (NotFound, Damaged, KeyError):
        return error_response("no such dataset, version or label column", 404)
    splits = ("train", "validation", "test")
    table = dataset.table
    rows = zip(
        table["image_id"],
        dataset.labels(task).tolist(),
        table["split"].map(splits.index),
        table["name"].str.rsplit("/", n=1).str[-1],
        strict=True,
    )
    answer = {
        "classes": list(task.classes),
        "splits": splits,
        "missing": MISSING,
        "photos": [list(row) for row in rows],
    }
    return JSONResponse(answer, headers=IMMUTABLE)


def _dataset_with_photo(home: Home, request: Request) -> Dataset:
    """The newest version that has the photo {image}: a later one may leave it out. Raises NotFound."""
    newest = _requested_dataset(home, request)
    for version in range(newest.version, 0, -1):
        dataset = newest if version == newest.version else load_dataset(home, newest.id, version)
        if request.path_params["image"] in dataset.row:
            return dataset
    raise NotFound("No such photo.")


def dataset_export(home: Home, request: Request) -> ASGIApp:
    """GET /graft/datasets/{dataset}/versions/{version}/exports/{export}"""
    try:
        dataset = _requested_dataset(home, request)
        export = get_export(DATASET_EXPORTS, request.path_params["export"])
    except (NotFound, Damaged):
        return error_response("no such dataset, version or format", 404)
    return export_response(home, request, dataset.name, export.suffix, partial(export.save, home, dataset))


def photo_thumbnail(home: Home, request: Request) -> Response:
    """GET /graft/datasets/{dataset}/thumbnails/{image}: an id means the same picture in every version."""
    try:
        dataset = _dataset_with_photo(home, request)
        return FileResponse(
            thumbnail(home, dataset, request.path_params["image"]), media_type="image/jpeg", headers=IMMUTABLE
        )
    except (NotFound, Damaged, BadDataset, OSError):
        return error_response("no such photo", 404)


def full_photo(home: Home, request: Request) -> Response:
    """GET /graft/datasets/{dataset}/photos/{image}: as it came, but for where it was taken."""
    try:
        path = _dataset_with_photo(home, request).path(request.path_params["image"])
        media_type = SHOWN_BY_BROWSERS.get(path.suffix.lower())
        if media_type and path.stat().st_size <= SENT_WHOLE_BYTES:
            return Response(without_location(path.read_bytes()), media_type=media_type, headers=IMMUTABLE)
        image = decode_within(path, LARGE_SIDE)
    except (NotFound, Damaged, BadDataset, OSError):
        return error_response("no such photo", 404)
    with BytesIO() as file:
        image.save(file, "JPEG", quality=90)
        return Response(file.getvalue(), media_type="image/jpeg", headers=IMMUTABLE)


def sample_picture(home: Home, request: Request) -> Response:
    """GET /graft/samples/{sample}/{number}: what a built-in set looks like, before it is imported."""
    try:
        path = sample_preview(home, request.path_params["sample"])[request.path_params["number"]]
    except (NotFound, IndexError):
        return error_response("no such picture", 404)
    return FileResponse(path, headers=IMMUTABLE)


def routes(home: Home) -> list[Route]:
    return [
        Route("/graft/datasets/{dataset}/versions/{version:number}/photos", partial(photo_list, home)),
        Route("/graft/datasets/{dataset}/versions/{version:number}/exports/{export}", partial(dataset_export, home)),
        Route("/graft/datasets/{dataset}/thumbnails/{image}", partial(photo_thumbnail, home)),
        Route("/graft/datasets/{dataset}/photos/{image}", partial(full_photo, home)),
        Route("/graft/samples/{sample}/{number:number}", partial(sample_picture, home)),
    ]
