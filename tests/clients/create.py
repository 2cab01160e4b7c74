#!/usr/bin/python3
"""create.py BODY: POST /jobs as the reference's Python examples do."""
import json
import os
import sys

import requests

response = requests.post(
    f"{os.environ['ITTYBIT_API_URL']}/jobs",
    headers={"Authorization": f"Bearer {os.environ['ITTYBIT_API_KEY']}"},
    json=json.loads(sys.argv[1]),
    timeout=30,
)
response.raise_for_status()
print(json.dumps(response.json()))
