#!/usr/bin/env python3
"""The fleet's own tool, run in its folder: deploy SERVICE REVISION, current SERVICE, restart SERVICE, exchange up|down, stop.

fleet.json tells ports and repositories. Every run that changes something leaves a line in ledger.jsonl, and every deploy one
in deploys.jsonl.
"""

import fcntl
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
import urllib.request
import uuid
from datetime import datetime, timezone
from pathlib import Path

HOME = Path(__file__).resolve().parent
FLEET = json.loads((HOME / "fleet.json").read_text())


def main(command, *args):
    with open(HOME / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        {"deploy": deploy, "current": current, "restart": restart, "exchange": exchange, "stop": stop}[command](*args)


def deploy(service, revision):
    before = read_current(service)
    if before == revision:
        return witness("deploy", service, revision, "already")
    release = HOME / "releases" / service / revision
    if not release.exists():
        git = ["git", "-C", FLEET["services"][service]["repository"], "archive", "--format=tar", revision]
        with tarfile.open(fileobj=io.BytesIO(subprocess.run(git, check=True, capture_output=True).stdout)) as archive:
            archive.extractall(release)
    begin(service, release, [sys.executable, "-m", service])
    (HOME / "run" / f"{service}.revision").write_text(revision)
    record = {"id": f"d-{uuid.uuid4().hex[:8]}", "service": service, "revision": revision, "previous": before}
    append("deploys.jsonl", {**record, "at": now(), "by": os.environ.get("DEPLOYED_BY", "resident"), "status": "succeeded"})
    witness("deploy", service, revision, "switched")


def current(service):
    print(read_current(service))


def restart(service):
    revision = read_current(service)
    begin(service, HOME / "releases" / service / revision, [sys.executable, "-m", service])
    witness("restart", service, revision, "restarted")


def exchange(what):
    if what == "down":
        return end("exchange")
    begin("exchange", HOME, [sys.executable, str(HOME / "exchange.py")])


def stop():
    for file in (HOME / "run").glob("*.pid"):
        end(file.stem)


def begin(name, folder, argv):
    end(name)
    port = FLEET["exchange"] if name == "exchange" else FLEET["services"][name]["port"]
    environment = {**os.environ, **FLEET["environment"], "PORT": str(port)}
    with open(HOME / "logs" / f"{name}.log", "ab") as log:
        child = subprocess.Popen(
            argv, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    (HOME / "run" / f"{name}.pid").write_text(str(child.pid))
    for _ in range(200):
        if child.poll() is not None:
            sys.exit(f"{name} ended with {child.returncode}; its log: {HOME / 'logs' / name}.log")
        try:
            # Its own pid: a stranger on the port, or the one that was to end, may answer as well.
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1) as answer:
                if json.load(answer)["pid"] == child.pid:
                    return
        except (OSError, ValueError, KeyError):
            pass
        time.sleep(0.05)
    sys.exit(f"{name} does not answer")


def end(name):
    file = HOME / "run" / f"{name}.pid"
    if not file.exists():
        return
    pid = int(file.read_text())
    file.unlink()
    if not is_ours(pid, name):
        return
    os.kill(pid, signal.SIGTERM)
    while is_ours(pid, name):
        time.sleep(0.02)


def is_ours(pid, name):
    """Pids are given out again, so the working folder is looked at; what is dead and not yet reaped has none."""
    try:
        folder = os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return False
    return folder.startswith(str(HOME))


def read_current(service):
    file = HOME / "run" / f"{service}.revision"
    return file.read_text() if file.exists() else None


def witness(command, service, revision, effect):
    action = os.environ.get("RESIDENT_ACTION_ID")
    append("ledger.jsonl", {"at": now(), "command": command, "service": service, "revision": revision, "effect": effect, "action": action})


def append(name, line):
    with open(HOME / name, "a") as file:
        file.write(json.dumps({key: value for key, value in line.items() if value is not None}) + "\n")


def now():
    return datetime.now(timezone.utc).isoformat()


main(*sys.argv[1:])
