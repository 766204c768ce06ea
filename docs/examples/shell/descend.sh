#!/bin/sh
# A trial in a language that knows nothing of synecore: gradient descent on (x - 3)^2 in awk.
# Configuration: --rate NUMBER --steps NUMBER. A report is a line of standard output.
rate=0.1 steps=20 begin=0 x=-5 checkpoint=
while [ $# -gt 0 ]; do
    case "$1" in
        --rate) rate=$2 ;;
        --steps) steps=$2 ;;
        --st_checkpoint_dir) checkpoint=$2 ;;
    esac
    shift 2
done

# What a paused trial left behind: the step it reached, and x there.
if [ -f "$checkpoint/state" ]; then
    read -r begin x < "$checkpoint/state"
fi

step=$begin
while [ "$step" -lt "$steps" ]; do
    step=$((step + 1))
    x=$(awk -v x="$x" -v rate="$rate" 'BEGIN { printf "%.15g", x - rate * 2 * (x - 3) }')
    if [ -n "$checkpoint" ]; then # before the report: after it this process may be ended
        mkdir -p "$checkpoint"
        echo "$step $x" > "$checkpoint/state.new" && mv "$checkpoint/state.new" "$checkpoint/state"
    fi
    loss=$(awk -v x="$x" 'BEGIN { printf "%.15g", (x - 3) ^ 2 }')
    echo "[tune-metric]: {\"step\": $step, \"loss\": $loss}"
done
