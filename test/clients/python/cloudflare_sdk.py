"""The official `cloudflare` package with another base URL."""

import json
import os

from cloudflare import BadRequestError, Cloudflare

client = Cloudflare(api_token=os.environ["API_TOKEN"], base_url=os.environ["API_BASE_URL"] + "/client/v4")
contexts = [{"text": text} for text in json.loads(os.environ["TEXTS"])]


def run(**extra):
    return client.ai.run(
        "@cf/baai/bge-reranker-base", account_id=os.environ["ACCOUNT_ID"], extra_body={"query": os.environ["QUERY"], **extra}
    )


result = run(contexts=contexts)
try:
    run()
    code = None
except BadRequestError as error:
    code = error.body["errors"][0]["code"]
print(json.dumps({"result": result if isinstance(result, dict) else result.model_dump(), "code": code}))
