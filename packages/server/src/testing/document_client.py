"""A client that knows nothing of Omen but where its OpenAPI document is: a function for each operation is made from it."""

import json
import sys
import urllib.error
import urllib.parse
import urllib.request


class Refused(Exception):
    def __init__(self, status, body):
        super().__init__(body["error"]["message"])
        self.status = status
        self.code = body["error"]["code"]


class Client:
    def __init__(self, url, key):
        self.url = url
        self.headers = {"Authorization": f"Bearer {key}", "Accept": "application/json"}
        with urllib.request.urlopen(f"{url}/openapi.json") as reply:
            document = json.load(reply)
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                setattr(self, operation["operationId"], self.function(method, path, operation))

    def function(self, method, path, operation):
        """A function whose arguments are the parameters and, if there is one, the body of an operation."""
        places = {each["name"]: each["in"] for each in operation.get("parameters", [])}
        takes_body = "application/json" in operation.get("requestBody", {}).get("content", {})

        def call(body=None, **arguments):
            target, query, headers = path, {}, dict(self.headers)
            for name, value in arguments.items():
                place = places[name]
                if place == "path":
                    target = target.replace("{" + name + "}", urllib.parse.quote(value, safe=""))
                elif place == "query":
                    query[name] = value
                else:
                    headers[name] = value
            if query:
                target += "?" + urllib.parse.urlencode(query)
            data = None
            if body is not None:
                assert takes_body, operation["operationId"]
                data = json.dumps(body).encode()
                headers["Content-Type"] = "application/json"
            request = urllib.request.Request(self.url + target, data, headers, method=method.upper())
            try:
                with urllib.request.urlopen(request) as reply:
                    return json.load(reply)
            except urllib.error.HTTPError as error:
                raise Refused(error.code, json.load(error)) from None

        call.__doc__ = operation["summary"]
        return call


def main(url, key):
    client = Client(url, key)
    fields = {"title": {"kind": "text"}, "embedding": {"kind": "vector", "dimension": 3, "metric": "l2"}}
    client.putCollection({"schema": fields}, name="from python/ü")
    rows = [
        {"id": "far", "title": "far", "embedding": [9, 9, 9]},
        {"id": "near", "title": "near", "embedding": [1, 2, 3]},
    ]
    written = client.upsert({"rows": rows}, name="from python/ü")["written"]
    found = client.search({"vector": {"embedding": [1, 2, 3]}, "limit": 2}, name="from python/ü")
    try:
        client.search({"vector": {"embedding": [1]}}, name="from python/ü")
    except Refused as error:
        refused = {"status": error.status, "code": error.code}
    print(json.dumps({"written": written, "hits": [hit["id"] for hit in found["hits"]], "refused": refused}))


main(*sys.argv[1:])
