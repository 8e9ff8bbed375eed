-- Asks for each line of a file in turn: an operation to post, or a path to get.
-- wrk -s load.lua URL -- FILE post|get
local requests = {}
local place = 0

function init(arguments)
  for line in io.lines(arguments[1]) do
    if arguments[2] == "post" then
      local headers = { ["Content-Type"] = "application/json" }
      requests[#requests + 1] = wrk.format("POST", "/graphql", headers, line)
    else
      requests[#requests + 1] = wrk.format("GET", line)
    end
  end
end

function request()
  place = place % #requests + 1
  return requests[place]
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format('RESULT {"requests": %d, "duration_us": %d, "failed": %d, "bytes": %d, ' ..
    '"p50_us": %d, "p99_us": %d}\n', summary.requests, summary.duration, failed, summary.bytes,
    latency:percentile(50), latency:percentile(99)))
end
