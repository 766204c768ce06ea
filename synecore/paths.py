"""Where experiments lie on disk."""

from __future__ import annotations

import os
from pathlib import Path

from synecore.constants import (
    ST_METADATA_FILENAME,
    SYNE_TUNE_ENV_FOLDER,
    SYNECORE_DEFAULT_FOLDER,
    SYNECORE_ENV_FOLDER,
)
from synecore.errors import ExperimentError, did_you_mean

_SAGEMAKER_FOLDER = Path("/opt/ml/checkpoints")  # synchronised with S3 by a SageMaker job


def experiments_root(local_path: str | os.PathLike[str] | None = None) -> Path:
    """`local_path`, else SYNECORE_FOLDER, else SYNETUNE_FOLDER, else the machine's own place."""
    if local_path is not None:
        return Path(local_path).expanduser()
    for variable in (SYNECORE_ENV_FOLDER, SYNE_TUNE_ENV_FOLDER):
        if folder := os.environ.get(variable):
            return Path(folder).expanduser()
    if "TRAINING_JOB_NAME" in os.environ and _SAGEMAKER_FOLDER.parent.is_dir():
        return _SAGEMAKER_FOLDER
    return Path.home() / SYNECORE_DEFAULT_FOLDER


def experiment_path(
    tuner_name: str | None = None, local_path: str | os.PathLike[str] | None = None
) -> Path:
    """The folder of an experiment, or of all of them without a name."""
    root = experiments_root(local_path)
    return root if tuner_name is None else root / tuner_name


def find_experiment(
    name: str | os.PathLike[str], local_path: str | os.PathLike[str] | None = None
) -> Path:
    """The folder of an existing experiment: its name, a nested name, a path, or an unambiguous
    beginning.

    A beginning that several experiments share names the latest one only if they differ in nothing
    but the time stamp.
    """
    root = experiments_root(local_path)
    for path in (root / name, Path(name)):
        if (path / ST_METADATA_FILENAME).is_file():
            return path
    known = experiment_names(root)
    text = str(name)
    matches = [other for other in known if other.startswith(text)]
    stems = {other[: -len("-2022-01-12-11-08-40-971")] for other in matches}
    if matches and (len(matches) == 1 or stems == {text}):
        return root / max(matches)
    if matches:
        listed = ", ".join(sorted(matches)[:5])
        raise ExperimentError(
            f"'{text}' could be any of {len(matches)} experiments: {listed}; give more of it"
        )
    raise ExperimentError(
        f"no experiment '{text}' in {root}{did_you_mean(text, known)}; "
        "`synecore list` shows what is there, SYNECORE_FOLDER where it looks"
    )


def experiment_names(root: Path) -> list[str]:
    """All experiments below `root`, nested ones as 'study/run'."""
    found = [
        path.parent
        for depth in ("*", "*/*", "*/*/*")
        for path in root.glob(f"{depth}/{ST_METADATA_FILENAME}")
    ]
    return sorted(str(path.relative_to(root)) for path in found)


def repository_root_path() -> Path:
    """The root of the checkout that this package runs from.

    Raises ExperimentError if it was installed from a wheel, which has no repository around it.
    """
    root = Path(__file__).resolve().parent.parent
    if not (root / "contrib").is_dir():
        raise ExperimentError(
            f"synecore in {root} is no checkout of its repository; clone it for the examples"
        )
    return root


def script_height_example_path() -> Path:
    """The training script of the first example."""
    return repository_root_path() / "docs" / "examples" / "height" / "train_height.py"


def script_checkpoint_example_path() -> Path:
    """A training script that pauses and resumes by checkpoints."""
    return repository_root_path() / "docs" / "examples" / "digits" / "train.py"
