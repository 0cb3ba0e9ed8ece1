"""Uses a generated client: use_client.py FOLDER_OF_THE_CLIENT URL KEY. Prints what came back as JSON."""

import json
import sys

sys.path.insert(0, sys.argv[1])
import omen_client

client = omen_client.Client(*sys.argv[2:])
docs = "from python/ü"
fields = {"title": {"kind": "keyword"}, "embedding": {"kind": "vector", "dimension": 3, "metric": "l2"}}
client.put_collection(docs, schema=fields)
rows = [
    {"id": "far", "title": "far", "embedding": [9, 9, 9]},
    {"id": "near", "title": "near", "embedding": [1, 2, 3]},
]
written = client.upsert(docs, rows=rows, idempotency_key="once")["written"]
found = client.search(docs, vector={"embedding": [1, 2, 3]}, limit=2, select=["title"])
refused = None
try:
    client.search(docs, vector={"embedding": [1]})
except omen_client.ApiError as error:
    refused = {"status": error.status, "code": error.code, "message": str(error)}
print(
    json.dumps(
        {
            "written": written,
            "hits": [[hit["id"], hit["title"]] for hit in found["hits"]],
            "refused": refused,
            "row": client.get_row(docs, "near", select="title"),
            "scanned": sorted(row["id"] for row in client.scan(docs, where={"title": "far"})),
            "imported": client.import_(docs, rows=rows, batch=1)["written"],
            "metrics": "omen_http_requests_total" in client.metrics(),
            "operations": [name for name in dir(client) if not name.startswith("_")],
        }
    )
)
