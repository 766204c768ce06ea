"""A trial that costs nothing: it reports `epochs` times, then rests."""

import argparse
import time

parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float)
parser.add_argument("--library")
parser.add_argument("--epochs", type=int, default=1)
parser.add_argument("--sleep", type=float, default=0.0)
parser.add_argument("--rest", type=float, default=0.0)
args, _ = parser.parse_known_args()

if args.library == "synecore":
    from synecore import Reporter
else:
    from syne_tune import Reporter

report = Reporter()
for epoch in range(1, args.epochs + 1):
    report(epoch=epoch, loss=args.x + epoch, sent=time.time())
    if args.sleep:
        time.sleep(args.sleep)
time.sleep(args.rest)
