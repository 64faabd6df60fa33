"""JSON as a table: Hugging Face's `metadata.jsonl`, Label Studio's export, or a list of objects alike."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from core.datasets.limits import JSON_BYTES
from core.errors import BadDataset

SEVERAL = "|"  # between the labels of one cell
_LINKS = ("image", "img", "photo", "picture", "file", "url")  # what Label Studio's data may call a photo

Row = dict[str, str]


def read_json_lines(lines: Iterable[str], name: str) -> Iterator[Row]:
    """An object per line. Raises BadDataset."""
    for line in lines:
        if line.strip():
            row = _parsed(line, name)
            if not isinstance(row, dict):
                raise BadDataset(f'"{name}" cannot be read: a line of it is no object.', "Save it again.")
            yield _flat(row)


def read_json(pieces: Iterable[str], name: str) -> Iterator[Row]:
    """A list of objects. Raises BadDataset."""
    text = "".join(_as_far_as_it_fits(pieces, name))
    found = _parsed(text, name)
    if not isinstance(found, list) or not found or not all(isinstance(row, dict) for row in found):
        raise BadDataset(f'"{name}" holds no list of photos with labels.', "Save it as CSV or as JSON lines.")
    is_label_studio = all(isinstance(row.get("data"), dict) for row in found)
    return (_task(row) if is_label_studio else _flat(row) for row in found)


def _as_far_as_it_fits(pieces: Iterable[str], name: str) -> Iterator[str]:
    letters = 0
    for piece in pieces:
        letters += len(piece)
        if letters > JSON_BYTES:
            sentence = f'"{name}" is larger than {JSON_BYTES / 2**20:.0f} MB.'
            raise BadDataset(sentence, "Save it as CSV or as JSON lines.")
        yield piece


def _parsed(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadDataset(f'"{name}" cannot be read: it is not JSON.', "Save it again.") from error


def _flat(row: Mapping[str, Any]) -> dict[str, str]:
    return {str(key): _cell(value) for key, value in row.items()}


def _cell(value: Any) -> str:
    """A value as a table's cell; several words in a list are several labels, whatever is deeper says nothing."""
    if value is None or isinstance(value, dict):
        return ""
    if isinstance(value, list):
        return SEVERAL.join(_cell(each) for each in value) if all(isinstance(each, str) for each in value) else ""
    return str(value)


def _task(row: Mapping[str, Any]) -> dict[str, str]:
    """One task of Label Studio: its data, and what was chosen in the first annotation that was not cancelled.

    https://labelstud.io/guide/export: annotations hold results, each {"from_name", "type": "choices", "value":
    {"choices": [...]}}.
    """
    data = {key: value for key, value in row["data"].items() if isinstance(value, str)}
    photo = next((data[key] for key in _LINKS if key in data), next(iter(data.values()), ""))
    cells = {"image": photo} | {str(key): value for key, value in data.items() if value != photo}
    annotations = row.get("annotations") or row.get("completions") or []
    for annotation in annotations if isinstance(annotations, list) else []:
        if isinstance(annotation, dict) and not annotation.get("was_cancelled"):
            return cells | _choices(annotation.get("result"))
    return cells


def _choices(results: Any) -> dict[str, str]:
    chosen: dict[str, str] = {}
    for result in results if isinstance(results, list) else []:
        value = result.get("value") if isinstance(result, dict) else None
        if isinstance(value, dict) and isinstance(value.get("choices"), list):
            chosen[str(result.get("from_name") or "class")] = _cell(value["choices"])
    return chosen
