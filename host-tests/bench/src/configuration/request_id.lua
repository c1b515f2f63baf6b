-- What a client and an upstream see of request-id: a request's id is taken, or made; the request has it, the response
-- too, and what comes later (an access log) finds it in the dynamic metadata.
local random = math.random

function envoy_on_request(handle)
  local headers = handle:headers()
  local id = headers:get("x-request-id")
  if id == nil then
    id = string.format("%08x-%04x-4%03x-%04x-%06x%06x", random(0, 0x7fffffff), random(0, 0xffff), random(0, 0xfff),
      random(0x8000, 0xbfff), random(0, 0xffffff), random(0, 0xffffff))
    headers:replace("x-request-id", id)
  end
  handle:streamInfo():dynamicMetadata():set("request-id", "id", id)
end

function envoy_on_response(handle)
  local kept = handle:streamInfo():dynamicMetadata():get("request-id")
  if kept ~= nil then
    handle:headers():replace("x-request-id", kept["id"])
  end
end
