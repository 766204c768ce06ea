#!/bin/sh
# Tune descend.sh from a terminal: no Python at all.
exec synecore tune "$(dirname "$0")/descend.sh" \
    --param 'rate=loguniform(0.001, 2)' --param steps=9 \
    --metric loss --resource-attr step --max-resource-attr steps \
    --method asha --option type=promotion --seed 0 \
    --workers 2 --max-num-trials-finished 12 --max-wallclock-time 60 --name descend "$@"
