"""Report from training frameworks: one module a framework, which imports it when imported itself.

`lightning`, `huggingface`, `keras`, `xgboost` and `lightgbm` have a `ReportCallback` each;
`sklearn` has functions. All of them run in a training script and print reports as
`synecore.Reporter` does; of synecore they import what the standard library can run.
"""
