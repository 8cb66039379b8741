"""Signs a one-time ticket for one user, with nothing but the standard library.

Usage: TIDINGS_SECRET=... python3 ticket.py USER [NAME [ROLE...]]
"""
import base64, hashlib, hmac, json, os, secrets, sys, time


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def ticket(secret: str, user: str, name: str, roles: list[str]) -> str:
    now = int(time.time())
    header = {"alg": "HS256", "typ": "JWT"}
    jti = secrets.token_hex(16)  # accepted once: no other ticket may have it
    claims = {"jti": jti, "sub": user, "aud": "tidings", "iat": now, "exp": now + 60, "name": name, "roles": roles}
    signed = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
    signature = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64url(signature)}"


if __name__ == "__main__":
    if "TIDINGS_SECRET" not in os.environ or len(sys.argv) < 2:
        sys.exit("usage: TIDINGS_SECRET=... python3 ticket.py USER [NAME [ROLE...]]")
    user, name, *roles = sys.argv[1], *(sys.argv[2:] or sys.argv[1:2])
    print(ticket(os.environ["TIDINGS_SECRET"], user, name, roles))
