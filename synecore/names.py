"""Names of experiments: letters, digits and '-', unique by a time stamp."""

from __future__ import annotations

import random
import re
import string
from datetime import datetime

from synecore.constants import ST_DATETIME_FORMAT
from synecore.errors import ExperimentError

MAX_LENGTH = 63  # what SageMaker allows for a job's name
_VALID = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*")


def check_valid_name(name: str) -> None:
    """Raise ExperimentError unless `name` consists of letters, digits and single or repeated inner
    '-'.
    """
    if not _VALID.fullmatch(name):
        raise ExperimentError(
            f"experiment name {name!r} is not valid: use letters, digits and '-' only, as in "
            f"{sanitize_name(name) or 'my-experiment'!r}"
        )


def sanitize_name(name: str) -> str:
    """Replace what a name may not contain by '-'."""
    return re.sub(r"[^a-zA-Z0-9]+", "-", name).strip("-")


def time_stamp(now: datetime | None = None) -> str:
    """'2022-01-12-11-08-40-971': seconds as documented, then milliseconds."""
    now = now or datetime.now()
    return f"{now.strftime(ST_DATETIME_FORMAT)}-{now.microsecond // 1000:03d}"


def name_from_base(
    base: str | None,
    default: str = "tuner",
    max_length: int = MAX_LENGTH,
    now: datetime | None = None,
) -> str:
    """Return `base` and a time stamp, the base cut so that the whole fits."""
    stamp = time_stamp(now)
    stem = sanitize_name(base or default)[: max_length - len(stamp) - 1].rstrip("-")
    return f"{stem}-{stamp}"


def random_string(length: int, rng: random.Random | None = None) -> str:
    """Letters and digits for names that must not collide; never used in a decision."""
    return "".join(
        (rng or random.SystemRandom()).choices(string.ascii_letters + string.digits, k=length)
    )
