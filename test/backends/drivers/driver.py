"""Calls the client of Python as its standard input says: a JSON object on each line is one call, and so is each answer."""
import json
import logging
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "backends" / "python"))
sys.dont_write_bytecode = True
from tidings import Failed, Tidings, topic, verify  # noqa: E402

log = []


class Lines(logging.Handler):
    def emit(self, record):
        log.append(record.getMessage())


logging.getLogger("tidings").addHandler(Lines())
client = None


def new(url, pause=0, **options):
    global client
    client = Tidings(url, pause=pause, **options)


def flash(user, text, level="info", cut=False):
    return client.flash(user, text[:-1] + "\ud83d" if cut else text, level)


calls = {
    "new": new,
    "ticket": lambda **a: client.ticket(**a),
    "publish": lambda **a: client.publish(**a),
    "changed": lambda **a: client.changed(**a),
    "flash": flash,
    "presence": lambda **a: client.presence(**a),
    "maintenance": lambda: client.maintenance(),
    "maintenance_on": lambda **a: client.maintenance_on(**a),
    "maintenance_off": lambda: client.maintenance_off(),
    "verify": lambda body, secret, signature=None: verify(body.encode(), signature, secret),
    "topic": lambda contract, params: topic(contract, **params),
}

for line in sys.stdin:
    call = json.loads(line)
    log.clear()
    answer = {"result": None, "error": "", "status": 0, "temporary": False}
    begun = time.monotonic()
    try:
        answer["result"] = calls[call["call"]](**call.get("with", {}))
    except Failed as e:
        answer.update(error=str(e), status=e.status, temporary=e.temporary)
    except ValueError as e:
        answer.update(error=str(e))
    print(json.dumps({**answer, "log": log, "seconds": time.monotonic() - begun}), flush=True)
