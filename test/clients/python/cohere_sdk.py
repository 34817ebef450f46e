"""The official `cohere` package, versions 1 and 2 of its API."""

import json
import os

import cohere

arguments = {"query": os.environ["QUERY"], "documents": json.loads(os.environ["TEXTS"]), "model": "rerank-v3.5"}
clients = [c(api_key=os.environ["API_TOKEN"], base_url=os.environ["API_BASE_URL"]) for c in (cohere.Client, cohere.ClientV2)]
print(json.dumps([[r.index for r in client.rerank(**arguments).results] for client in clients]))
