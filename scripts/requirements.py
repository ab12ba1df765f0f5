"""Print what some extras of pyproject.toml require, one a line, for pip.

python -m scripts.requirements backend server > requirements.txt

So an image can hold the packages in a layer of its own, which a change of the code leaves alone.
"""

from __future__ import annotations

import sys

from scripts.parts import requirements_of

if __name__ == "__main__":
    print("\n".join(requirements_of(sys.argv[1:])))
