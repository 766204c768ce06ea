"""Options of the stores."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import attrs

from synecore.options import option


@attrs.frozen(kw_only=True)
class StoreOptions:
    """Where a journal is kept, and how hard."""

    folder: Path = option(doc="Folder of the journal and its snapshots; made if it is missing.")
    sync: Literal["batch", "none"] = option(
        default="batch",
        doc="'batch': events are on disk when they are stored, and survive a crash of the machine; "
        "'none': they survive a crash of the process only.",
    )
    mode: Literal["a", "r"] = option(
        default="a",
        doc="'a': append and read, for the one tuner of the folder; 'r': read only, also while a "
        "tuner appends.",
    )
