"""Drain3, with its own settings, on files of Loghub: reads their names as JSON, prints its speed and its groups as JSON."""

import csv
import json
import sys
import time

from drain3 import TemplateMiner


def read(entry):
    with open(entry["structured"], encoding="utf-8", newline="") as file:
        messages = [row["Content"] for row in csv.DictReader(file)]
    with open(entry["raw"], encoding="utf-8", errors="replace", newline="\n") as file:
        raw = [line.rstrip("\r\n") for line in file]
    return {"name": entry["name"], "message": messages, "raw": raw}


def group(lines):
    miner = TemplateMiner()
    return [miner.add_log_message(line)["cluster_id"] for line in lines]


def main():
    systems = [read(entry) for entry in json.load(sys.stdin)]
    rounds, repeats = int(sys.argv[1]), int(sys.argv[2])
    speed = {}
    for form in ("raw", "message"):
        logs = [system[form] * repeats for system in systems]
        count = sum(len(lines) for lines in logs)
        best = 0.0
        for _ in range(rounds):
            started = time.process_time()
            for lines in logs:
                group(lines)
            best = max(best, count / (time.process_time() - started))
        speed[form] = best
    groups = {system["name"]: {form: group(system[form]) for form in ("raw", "message")} for system in systems}
    json.dump({"linesPerSecond": speed, "groups": groups}, sys.stdout)


main()
