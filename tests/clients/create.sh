#!/bin/sh
# create.sh BODY: POST /jobs as the reference's curl examples do.
curl -sS -X POST "$ITTYBIT_API_URL/jobs" \
    -H "Authorization: Bearer $ITTYBIT_API_KEY" \
    -H "Content-Type: application/json" \
    -d "$1"
