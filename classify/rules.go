package classify

// rule is one line of the table: it decides if one of any holds and one of and,
// if they are not empty, and none of none.
type rule struct {
	name           string
	any, and, none facts
	kind           Kind
	retry          bool
}

const ruleChainLost = "response_chain_lost"

const (
	retry = true
	stop  = false
)

// rules is read from the top; the first that holds decides. What comes first
// is what stays true however it is wrapped: a gateway's 502 around "invalid
// model" is about the model.
var rules = [...]rule{
	// A cancel counts if it was thrown on this side and is not just how the
	// runtime tells of a time-out or a reset. In a server's mouth it is the
	// server's trouble.
	{"canceled", canceledText, fromClient, timeoutWord | network | is5xx, Canceled, stop},
	{"callers_deadline", callerDeadline, fromClient, timeout, Canceled, stop},

	// Cloudflare's 521 to 523 say themselves what broke, and its page speaks of
	// many possible reasons.
	{"cloudflare_origin", is521, 0, 0, Network, retry},
	{"overloaded", is529 | overloaded, 0, 0, Overloaded, retry},

	// Limits that minutes do not lift. Words of quota and billing in a limit by
	// the minute, or with a wait of minutes in the text, are a rate limit.
	{"credit_used_up", creditGone | is402, 0, 0, Quota, stop},
	{"limit_of_zero", limitWord | rate | is429, zeroLimit, 0, Quota, stop},
	{"long_window", limitWord | rate | is429, longWindow, 0, Quota, stop},
	{"quota", quota, 0, minute | shortWait | policy, Quota, stop},

	{"bad_key", badKey | is401, 0, 0, Auth, stop},
	{"content_policy", policy, 0, 0, ContentPolicy, stop},
	{"not_allowed", notAllowed, 0, 0, Permission, stop},
	{ruleChainLost, chainLost, 0, 0, InvalidRequest, stop},
	{"context_length", tooLong, 0, 0, ContextLength, stop},
	{"too_large", tooLarge | is413, 0, 0, TooLarge, stop},
	{"model", noModel, 0, 0, ModelNotFound, stop},
	{"model_not_available", notAvailable, is404, 0, ModelNotFound, stop},
	{"certificate", certificate | is526, 0, 0, TLS, stop},
	{"bad_call", badCall, 0, 0, InvalidRequest, stop},

	// A CDN limits rates with 403, too.
	{"forbidden", is403, 0, rate, Permission, stop},
	{"rate_limit", rate | is429 | quota, 0, 0, RateLimit, retry},
	{"key", keyWord, 0, 0, Auth, stop},
	{"lock", lock, 0, is5xx, InvalidRequest, retry},
	{"not_found", is404, 0, 0, InvalidRequest, stop},

	{"timeout", is408 | timeout, 0, 0, Timeout, retry},
	{"timeout_word", timeoutWord, 0, is4xx, Timeout, retry},
	{"network_opaque", opaque, 0, 0, Network, retry},
	{"network", network, 0, 0, Network, retry},
	{"network_word", networkWord, 0, is4xx | is424, Network, retry},
	{"page_for_json", webPage, notJSON, is5xx, InvalidRequest, stop},
	{"unreadable_answer", notJSON, 0, is4xx, Server, retry},
	{"page", page, 0, is5xx | is4xx, InvalidRequest, stop},
	{"not_implemented", is501, 0, 0, Server, stop},
	{"server", is5xx | is424, 0, 0, Server, retry},
	{"forbidden_text", forbidden, 0, 0, Permission, stop},
	{"server_text", serverFault, 0, is4xx, Server, retry},
	{"invalid_request", is4xx | badRequest, 0, 0, InvalidRequest, stop},
	// The request had been accepted: what failed later is the server's.
	{"event", inEvent, 0, 0, Server, retry},
	// What a transport throws is about the connection, whatever it says.
	{"unanswered", unanswered, 0, 0, Network, retry},
	{"unknown", 0, 0, 0, Unknown, stop},
}
