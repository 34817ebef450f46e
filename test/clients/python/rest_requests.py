"""The REST API by `requests`, as with Cloudflare's own address."""

import json
import os

import requests

API_BASE_URL = os.environ["API_BASE_URL"] + "/client/v4/accounts/" + os.environ["ACCOUNT_ID"] + "/ai/run/"
headers = {"Authorization": "Bearer " + os.environ["API_TOKEN"]}


def run(model, input):
    response = requests.post(f"{API_BASE_URL}{model}", headers=headers, json=input)
    return response.json()


contexts = [{"text": text} for text in json.loads(os.environ["TEXTS"])]
print(json.dumps(run("@cf/baai/bge-reranker-base", {"query": os.environ["QUERY"], "contexts": contexts})))
