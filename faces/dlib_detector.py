"""dlib's detector of faces as plain arrays, read from the file in which dlib serialises it.

The network is the one of dlib's example `dnn_mmod_face_detection_ex.cpp`: seven convolutions over
a picture that holds a photo in many sizes side by side (`faces.tiled_pyramid`).
"""

from __future__ import annotations

from dataclasses import dataclass

from faces.dlib_file import (
    Convolution,
    DlibFile,
    read_convolution,
    read_plain_convolution,
    read_relu,
    skip_layer_versions,
)

_NORMALISED_CONVOLUTIONS = 6
_LAYERS = 3 * _NORMALISED_CONVOLUTIONS + 1


@dataclass(frozen=True)
class DetectorNetwork:
    """From a picture to a map of scores; a face is where the score is above 0.

    The picture is RGB, normalised as (picture - mean_rgb) / scale, and 0 where no photo is.
    After each of `convolutions` comes relu; `scoring` has the map's one channel. A cell of the map
    speaks of the `window_px` square around its centre. Of two boxes the less sure one goes if what
    both share is more than `largest_overlap` of the box around both.
    """

    mean_rgb: tuple[float, float, float]
    scale: float
    convolutions: tuple[Convolution, ...]
    scoring: Convolution
    window_px: int
    largest_overlap: float


def read_detector_network(content: bytes) -> DetectorNetwork:
    """Read `mmod_human_face_detector.dat`.

    Raises:
        ValueError: these bytes are another network, or none.
    """
    file = DlibFile(content)
    file.integer()
    file.text("loss_mmod_")
    version, width_px, height_px = (file.integer() for _ in range(3))
    for _rate in range(3):
        file.number()
    largest_overlap, largest_share = file.number(), file.number()
    for _ignored in range(2):
        file.number()
    skip_layer_versions(file, _LAYERS)
    file.text("input_rgb_image_pyramid")
    mean_rgb = (file.number(), file.number(), file.number())
    convolutions = []
    for place in range(_NORMALISED_CONVOLUTIONS):
        convolutions.append(read_convolution(file, innermost=place == 0))
        read_relu(file)
    scoring = read_plain_convolution(file)
    if (version, largest_share) != (1, 1.0) or width_px != height_px or not file.is_at_end:
        raise ValueError("this is not the detector network of dlib's example")
    return DetectorNetwork(mean_rgb, 256.0, tuple(convolutions), scoring, width_px, largest_overlap)
