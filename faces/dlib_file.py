"""What dlib serialises, read from front to back: numbers, tensors, and the layers of its networks.

Shared by the readers of the face network and of the detector's network. After the loss come the
versions of all layers from the outermost in, the input, then what each computing layer holds,
from the innermost out. Tags and skips are not named: whoever reads a network knows its shape.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
_Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Convolution:
    """Filters (out, in, height, width) and biases (out,), dlib's affine layer folded into both.

    `stride` and `padding` hold for both directions; padding is with zeros.
    """

    filters: FloatArray
    biases: FloatArray
    stride: int
    padding: int


class DlibFile:
    """dlib's serialisation, read from front to back."""

    def __init__(self, content: bytes) -> None:
        """Start at the first of these bytes."""
        self._content = content
        self._position = 0

    @property
    def is_at_end(self) -> bool:
        """Whether all bytes were read."""
        return self._position == len(self._content)

    def _take(self, count: int) -> bytes:
        taken = self._content[self._position : self._position + count]
        if len(taken) < count:
            raise ValueError(f"the network ends after {len(self._content)} bytes, in the middle")
        self._position += count
        return taken

    def integer(self) -> int:
        """A control byte (low half: how many bytes; highest bit: negative), then those bytes."""
        control = self._take(1)[0]
        size = int.from_bytes(self._take(control & 0x0F), "little")
        return -size if control & 0x80 else size

    def boolean(self) -> bool:
        """The character 0 or 1."""
        return self._take(1) == b"1"

    def number(self) -> float:
        """A mantissa and a power of two."""
        mantissa = self.integer()
        return mantissa * 2.0 ** self.integer()

    def text(self, *expected: str) -> str:
        """Its length and its bytes; each layer names its type so. One of these must come next."""
        at = self._position
        length = self.integer()
        for name in expected:
            if length == len(name) and self._content.startswith(name.encode(), self._position):
                self._take(length)
                return name
        raise ValueError(f"expected the layer {expected[0]} at byte {at} of the network")

    def tensor(self) -> FloatArray:
        """Version 2, four sizes, then raw float32, (samples, k, rows, columns)."""
        if self.integer() != 2:
            raise ValueError(f"unknown version of a tensor before byte {self._position}")
        shape = [self.integer() for _ in range(4)]
        raw = self._take(4 * int(np.prod(shape)))
        return np.frombuffer(raw, dtype="<f4").astype(np.float32).reshape(shape)

    def tensor_views(self) -> None:
        """Where two parts of a tensor lie; that follows from the layer's other numbers."""
        for _ in range(10):
            self.integer()

    def end_of_layer(self, *, innermost: bool = False) -> None:
        """What training left behind: three flags and three tensors, empty or stale."""
        for _ in range(3):
            self.boolean()
        for _ in range(3):
            self.tensor()
        if innermost:
            self.integer()


def skip_layer_versions(file: DlibFile, count: int) -> None:
    """The versions of so many layers; what a layer holds is told where it is stored."""
    for _ in range(count):
        file.integer()


def read_convolution(file: DlibFile, *, innermost: bool = False) -> Convolution:
    """A convolution and the affine layer on top of it, as one convolution."""
    plain = read_plain_convolution(file, innermost=innermost)
    gamma, beta = _affine(file)
    return replace(
        plain,
        filters=np.asarray(plain.filters * gamma[:, None, None, None], dtype=np.float32),
        biases=np.asarray(plain.biases * gamma + beta, dtype=np.float32),
    )


def read_plain_convolution(file: DlibFile, *, innermost: bool = False) -> Convolution:
    """A convolution that has no affine layer on top of it."""
    file.text("con_4")
    parameters = file.tensor().ravel()
    count, rows, columns, stride, _, padding, _ = (file.integer() for _ in range(7))
    file.tensor_views()
    read_training_rates(file)
    file.end_of_layer(innermost=innermost)
    filters = parameters[:-count].reshape(count, -1, rows, columns)
    return Convolution(filters, parameters[-count:], stride, padding)


def _affine(file: DlibFile) -> tuple[_Doubles, _Doubles]:
    """What each channel is multiplied by, and what is added then.

    A file may hold the batch normalisation that the affine layer was made from: dlib turns it into
    one as it reads, and so does this.
    """
    kind = file.text("affine_", "bn_con2")
    gamma, beta = file.tensor().ravel().astype(np.float64).reshape(2, -1)
    file.tensor_views()
    if kind == "affine_":
        file.integer()
    else:
        _means, _deviations, means, variances = (file.tensor().ravel() for _ in range(4))
        file.integer()
        file.integer()
        read_training_rates(file)
        gamma = gamma / np.sqrt(variances.astype(np.float64) + file.number())
        beta = beta - gamma * means
    file.end_of_layer()
    return gamma, beta


def read_relu(file: DlibFile) -> None:
    """A layer that holds nothing."""
    file.text("relu_")
    file.end_of_layer()


def read_training_rates(file: DlibFile) -> None:
    """How fast weights and biases were learned and decayed."""
    for _ in range(4):
        file.number()
