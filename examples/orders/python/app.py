"""An order form in Python whose users see who else edits, what others have saved, and when maintenance begins."""
import hmac, html, json, os, pathlib, secrets, sys, threading
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

here = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(here.parents[2] / "backends" / "python"))
from tidings import Failed, Tidings  # noqa: E402

TIDINGS_URL = os.environ.get("TIDINGS_URL", "http://127.0.0.1:8080")
USERS = {"ann": "Ann Miller", "ben": "Ben Okafor"}  # your application has its own
tidings = Tidings(TIDINGS_URL, os.environ.get("ORDERS_KEY", ""), os.environ.get("TIDINGS_SECRET", ""))
sessions = {}
lock = threading.Lock()
order = {"version": 1, "status": "open", "note": "", "by": "Ann Miller"}  # your application has a database


class App(BaseHTTPRequestHandler):
    def respond(self, status, body, kind="application/json", **headers):
        data = json.dumps(body).encode() if kind == "application/json" else body.encode()
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": len(data), "Cache-Control": "no-store", **headers}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(data)

    def handle_request(self):
        request, text = f"{self.command} {self.path}", self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if request in ("GET /order.css", "GET /order.js", "GET /loader.js"):
            kind = "text/javascript" if self.path.endswith("js") else "text/css"
            folder = "../../../web/dist/client" if self.path == "/loader.js" else "../page"
            return self.respond(200, (here / f"{folder}{self.path}").read_text(), kind)
        if request == "POST /login" and (id := parse_qs(text).get("user", [""])[0]) in USERS:
            sessions[sid := secrets.token_hex()] = {"id": id, "name": USERS[id]}, secrets.token_hex()
            return self.respond(303, "", "text/plain", **{"Location": "/", "Set-Cookie": f"orders_python={sid}; HttpOnly; SameSite=Lax"})
        cookie = SimpleCookie(self.headers.get("Cookie")).get("orders_python")
        user, csrf = sessions.get(cookie and cookie.value, (None, ""))
        if user is None:
            return self.respond(200 if self.path == "/" else 401, (here / "../page/login.html").read_text(), "text/html; charset=utf-8")
        if self.command != "GET" and not hmac.compare_digest(csrf, self.headers.get("X-CSRF-Token", "")):
            return self.respond(403, {"error": "load the page again"})
        getattr(self, request.lower().replace(" /", "_"), self.missing)(user, csrf, json.loads(text or "{}"))

    do_GET = do_POST = do_PUT = handle_request

    def get_(self, user, csrf, body):
        app = {"user": user, "operator": user["id"] == "ann", "csrf": csrf, "tidings": TIDINGS_URL, "order": order}
        page = (here / "../page/order.html").read_text().replace("__TIDINGS__", html.escape(TIDINGS_URL))
        page = page.replace("__APP__", json.dumps(app).replace("<", "\\u003c"))
        self.respond(200, page, "text/html; charset=utf-8")

    def get_order(self, user, csrf, body):
        self.respond(200, order)

    def put_order(self, user, csrf, body):
        with lock:  # the transaction
            if body["version"] != order["version"]:
                return self.respond(409, {"by": order["by"]})
            order.update(version=order["version"] + 1, status=body["status"], note=body["note"], by=user["name"])
            saved = dict(order)
        tidings.changed(["order.42"], author=user, tab=self.headers.get("Tidings-Tab"), version=saved["version"])  # after the commit
        people = (tidings.presence("order.42") or {}).get("people", [])
        editors = [p["name"] for p in people if p["mode"] == "edit" and p["id"] != user["id"]]
        self.respond(200, {"order": saved, "editors": editors})

    def post_ticket(self, user, csrf, body):
        try:
            self.respond(200, {"ticket": tidings.ticket(user["id"], user["name"], roles=["staff"])})
        except Failed as failed:
            self.log_error("%s", failed)
            self.respond(503, {"error": "no ticket now"})

    def post_maintenance(self, user, csrf, body):
        if user["id"] != "ann":
            return self.respond(403, {"error": "only operators may"})
        if body["message"]:
            tidings.maintenance_on(body["message"], operators=["ann"], by=user["name"])
        else:
            tidings.maintenance_off()
        self.respond(200, {})

    def missing(self, user, csrf, body):
        self.respond(404, {"error": f"there is no {self.command} {self.path}"})


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8002"))), App)
    print(f"http://127.0.0.1:{server.server_port}/", flush=True)
    server.serve_forever()
