"""`python -m faceloop` is the command `faceloop`."""

from faceloop.main import main

main()
