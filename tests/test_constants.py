from __future__ import annotations

from synecore import constants


def test_documented_constants_keep_their_names_and_values():
    documented = {
        "SYNE_TUNE_ENV_FOLDER": "SYNETUNE_FOLDER",
        "SYNE_TUNE_DEFAULT_FOLDER": "syne-tune",
        "ST_WORKER_ITER": "st_worker_iter",
        "ST_WORKER_TIMESTAMP": "st_worker_timestamp",
        "ST_WORKER_TIME": "st_worker_time",
        "ST_WORKER_COST": "st_worker_cost",
        "ST_INSTANCE_TYPE": "st_instance_type",
        "ST_INSTANCE_COUNT": "st_instance_count",
        "ST_SAGEMAKER_METRIC_TAG": "tune-metric",
        "ST_CHECKPOINT_DIR": "st_checkpoint_dir",
        "ST_CONFIG_JSON_FNAME_ARG": "st_config_json_filename",
        "ST_REMOTE_UPLOAD_DIR_NAME": "tuner",
        "ST_RESULTS_DATAFRAME_FILENAME": "results.csv.zip",
        "ST_METADATA_FILENAME": "metadata.json",
        "ST_TUNER_DILL_FILENAME": "tuner.dill",
        "ST_DATETIME_FORMAT": "%Y-%m-%d-%H-%M-%S",
        "MAX_METRICS_SUPPORTED_BY_SAGEMAKER": 40,
        "TUNER_DEFAULT_SLEEP_TIME": 5.0,
    }
    assert {name: getattr(constants, name) for name in documented} == documented


def test_columns_of_results_that_the_documentation_names_without_a_value():
    assert constants.ST_TUNER_TIME == "st_tuner_time"
    assert constants.ST_TRIAL_ID == "trial_id"
    assert constants.SMT_TUNER_CREATION_TIMESTAMP == "st_tuner_creation_timestamp"
