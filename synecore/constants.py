"""Names and file names that users, scripts and result files share; the documented ones keep their
value.
"""

from __future__ import annotations

TYPE_CHECKING = False  # training scripts import this; `typing` would be most of what it costs
if TYPE_CHECKING:
    from typing import Final

SYNECORE_ENV_FOLDER: Final = "SYNECORE_FOLDER"
SYNE_TUNE_ENV_FOLDER: Final = "SYNETUNE_FOLDER"  # honoured where SYNECORE_FOLDER is not set
SYNECORE_DEFAULT_FOLDER: Final = "synecore"
SYNE_TUNE_DEFAULT_FOLDER: Final = "syne-tune"

ST_WORKER_ITER: Final = "st_worker_iter"
ST_WORKER_TIMESTAMP: Final = "st_worker_timestamp"
ST_WORKER_TIME: Final = "st_worker_time"
ST_WORKER_COST: Final = "st_worker_cost"

ST_INSTANCE_TYPE: Final = "st_instance_type"
ST_INSTANCE_COUNT: Final = "st_instance_count"
ST_CHECKPOINT_DIR: Final = "st_checkpoint_dir"
ST_CONFIG_JSON_FNAME_ARG: Final = "st_config_json_filename"
ST_SAGEMAKER_METRIC_TAG: Final = "tune-metric"
ST_REMOTE_UPLOAD_DIR_NAME: Final = "tuner"

ST_RESULTS_DATAFRAME_FILENAME: Final = "results.csv.zip"
ST_METADATA_FILENAME: Final = "metadata.json"
ST_TUNER_DILL_FILENAME: Final = "tuner.dill"  # never written here; kept for readers of old folders
ST_DATETIME_FORMAT: Final = "%Y-%m-%d-%H-%M-%S"
ST_TUNER_TIME: Final = "st_tuner_time"
ST_TRIAL_ID: Final = "trial_id"
SMT_TUNER_CREATION_TIMESTAMP: Final = "st_tuner_creation_timestamp"

# Exit status of a script that says: this configuration fails again however often it is tried. The
# number is that of a configuration error in sysexits.h.
EXIT_NO_RETRY: Final = 78

MAX_METRICS_SUPPORTED_BY_SAGEMAKER: Final = 40
TUNER_DEFAULT_SLEEP_TIME: Final = (
    5.0  # the loop waits for events; only `Tuner.sleep_time` mentions it
)
