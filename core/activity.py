"""What a run is busy with besides training, and the words for it on every screen."""

from typing import Literal

Preparation = Literal[
    "decode",
    "build",
    "start_device",
    "copy_pixels",
    "autotune",
    "profile",
    "cache",
    "cache_view",
    "check_cache",
    "teacher",
    "features",
    "cross_validate",
    "validate",
    "evaluate",
    "load",
]
Activity = Literal["", "training"] | Preparation

_WORDS: dict[Activity, str] = {
    "decode": "Decoding photos",
    "build": "Building the network",
    "start_device": "Starting the graphics card",
    "copy_pixels": "Copying photos to the GPU",
    "autotune": "Measuring this machine",
    "profile": "Measuring this machine",
    "cache": "Looking once at every photo with the frozen part",
    "cache_view": "Looking at a new view of every photo with the frozen part",
    "check_cache": "Checking what is kept from an earlier look",
    "teacher": "Asking the teacher about every photo",
    "features": "Reading what the frozen part says of every photo",
    "cross_validate": "Trying how simple the head should be",
    "validate": "Looking at the validation photos",
    "evaluate": "Looking at the photos",
    "load": "Loading the network",
}


def activity_in_words(activity: Activity, view: int = 0, views: int = 0) -> str:
    """ "Decoding photos"; with its view, where there are several: "..., view 1 of 3". The activity itself where it has
    no words of its own.
    """
    words = _WORDS.get(activity, activity)
    return f"{words}, view {view} of {views}" if views else words
