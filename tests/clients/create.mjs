#!/usr/bin/env node
// create.mjs BODY: POST /jobs as the reference's JavaScript examples do.
const response = await fetch(`${process.env.ITTYBIT_API_URL}/jobs`, {
    method: "POST",
    headers: {
        "Authorization": `Bearer ${process.env.ITTYBIT_API_KEY}`,
        "Content-Type": "application/json",
    },
    body: JSON.stringify(JSON.parse(process.argv[2])),
});
if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
console.log(JSON.stringify(await response.json()));
