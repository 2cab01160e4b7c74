-- wrk -s post.lua URL -- BODY-FILE KEY: posts the same body over and over; ends with one line of JSON.
function init(args)
    local file = assert(io.open(args[1]))
    wrk.method, wrk.body = "POST", file:read("*a")
    wrk.headers["Content-Type"] = "application/json"
    wrk.headers["Authorization"] = "Bearer " .. args[2]
    file:close()
end

function done(summary, latency)
    local errors = summary.errors
    print(string.format(
        '{"requests": %d, "microseconds": %d, "refused": %d, "broken": %d, "p50": %d, "p99": %d}',
        summary.requests, summary.duration, errors.status,
        errors.connect + errors.read + errors.write + errors.timeout,
        latency:percentile(50), latency:percentile(99)))
end
