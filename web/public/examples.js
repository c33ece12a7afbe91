// Errors to try in the playground, in the form in which people see them.
export const examples = {
  "Anthropic, overloaded": `HTTP/1.1 529
content-type: application/json
request-id: req_011CXXXXXXXXXXXXXXXXXXXX

{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`,
  "OpenAI, rate limit": `HTTP/1.1 429 Too Many Requests
x-ratelimit-remaining-tokens: 0
x-ratelimit-reset-tokens: 1m12.3s

{"error":{"message":"Rate limit reached for gpt-5 on tokens per min (TPM): Limit 30000, Used 29500, Requested 1200.","type":"tokens","code":"rate_limit_exceeded"}}`,
  "OpenAI, no credit": `HTTP/1.1 429 Too Many Requests

{"error":{"message":"You exceeded your current quota, please check your plan and billing details.","type":"insufficient_quota","code":"insufficient_quota"}}`,
  "Gemini, per day": `HTTP/1.1 429 Too Many Requests

{"error":{"code":429,"message":"You exceeded your current quota.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"5s"}]}}`,
  "An event in the stream": `event: error
data: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`,
  "Node.js, fetch failed": `TypeError: fetch failed
    at node:internal/deps/undici/undici:13510:13
  [cause]: Error: read ECONNRESET
      at TLSWrap.onStreamRead (node:internal/stream_base_commons:218:20) {
    errno: -104,
    code: 'ECONNRESET',
    syscall: 'read'
  }`,
  "Chromium, fetch": "TypeError: Failed to fetch",
  "A gateway's page": `HTTP/1.1 502 Bad Gateway
server: nginx
content-type: text/html

<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center><hr><center>nginx/1.25.3</center></body></html>`,
  "Context too long": `HTTP/1.1 400 Bad Request

{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 215042 tokens > 200000 maximum"}}`,
  "Wrong key": `HTTP/1.1 401 Unauthorized

{"error":{"message":"Incorrect API key provided: sk-proj-********1234.","type":"invalid_request_error","code":"invalid_api_key"}}`,
};
