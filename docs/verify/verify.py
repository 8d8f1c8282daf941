# A receiver in Python without dependencies: python3 docs/verify/verify.py
import base64
import hashlib
import hmac
import json
import os
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

SECRET = os.environ.get("AFARA_SIGNING_SECRET", "")  # whsec_…, as it was shown
TOLERANCE = 300  # seconds


def verify(headers, body, secret, now=None):
    """Takes the raw bytes of the body, before anything has parsed them."""
    if not secret.startswith("whsec_"):
        raise ValueError("AFARA_SIGNING_SECRET is not set")
    message_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    if not message_id or not timestamp.isdigit():
        return False
    if abs((now or time.time()) - int(timestamp)) > TOLERANCE:
        return False
    key = base64.b64decode(secret[len("whsec_"):])  # the decoded bytes are the key
    signed = f"{message_id}.{timestamp}.".encode() + body
    want = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    given = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(want.encode(), signature.encode()) for signature in given)


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        believed = verify(self.headers, body, SECRET)
        if believed:
            event = json.loads(body)
            print(event["event"], event["eventId"], flush=True)  # store it under its eventId, then answer
        self.send_response(204 if believed else 401)
        self.end_headers()


if __name__ == "__main__":
    server = HTTPServer(("127.0.0.1", int(os.environ.get("PORT", "3000"))), Receiver)
    print(f"listening on {server.server_port}", flush=True)
    server.serve_forever()
