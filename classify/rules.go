package classify

// rule is one line of the table. It decides if one of any holds, if and holds
// where it is set, and if none of none does. Without retry it stops.
type rule struct {
	name  string
	kind  Kind
	retry bool
	any   facts
	and   fact
	none  facts
}

type facts [3]fact

const ruleChainLost = "response_chain_lost"

// rules is read from the top; the first that holds decides. What comes first
// is what stays true however it is wrapped: a gateway's 502 around "invalid
// model" is about the model.
var rules = [...]rule{
	// A cancel counts if it was thrown on this side and is not just how the
	// runtime tells of a time-out or a reset. In a server's mouth it is the
	// server's trouble.
	{name: "canceled", kind: Canceled, any: facts{canceledText}, and: fromClient, none: facts{timeoutWord, network, statusServer}},
	{name: "callers_deadline", kind: Canceled, any: facts{callerDeadline}, and: fromClient, none: facts{timeout}},

	// Cloudflare's 521 to 523 say themselves what broke, and its page speaks of
	// many possible reasons.
	{name: "cloudflare_origin", kind: Network, retry: true, any: facts{statusOriginDown}},
	{name: "overloaded", kind: Overloaded, retry: true, any: facts{statusOverloaded, overloaded}},

	// Limits that minutes do not lift. Words of quota and billing in a limit by
	// the minute, or with a wait of minutes in the text, are a rate limit.
	{name: "credit_used_up", kind: Quota, any: facts{creditGone, statusPayment}},
	{name: "limit_of_zero", kind: Quota, any: facts{limitWord, rate, statusTooMany}, and: zeroLimit},
	{name: "long_window", kind: Quota, any: facts{limitWord, rate, statusTooMany}, and: longWindow},
	{name: "quota", kind: Quota, any: facts{quota}, none: facts{minute, shortWait, policy}},

	{name: "bad_key", kind: Auth, any: facts{badKey, statusNoCredentials}},
	{name: "content_policy", kind: ContentPolicy, any: facts{policy}},
	{name: "not_allowed", kind: Permission, any: facts{notAllowed}, none: facts{asleep}},
	{name: ruleChainLost, kind: InvalidRequest, any: facts{chainLost}},
	{name: "context_length", kind: ContextLength, any: facts{tooLong}},
	{name: "too_large", kind: TooLarge, any: facts{tooLarge, statusTooLarge}},
	{name: "model", kind: ModelNotFound, any: facts{noModel}},
	{name: "model_not_available", kind: ModelNotFound, any: facts{notAvailable}, and: statusNotFound},
	{name: "certificate", kind: TLS, any: facts{certificate, statusCertificate}},
	{name: "bad_call", kind: InvalidRequest, any: facts{badCall}},

	// A CDN limits rates with 403, too.
	{name: "forbidden", kind: Permission, any: facts{statusForbidden}, none: facts{rate}},
	{name: "rate_limit", kind: RateLimit, retry: true, any: facts{rate, statusTooMany, quota}},
	{name: "key", kind: Auth, any: facts{keyWord}},
	{name: "lock", kind: InvalidRequest, retry: true, any: facts{lock}, none: facts{statusServer}},
	{name: "not_found", kind: InvalidRequest, any: facts{statusNotFound}},

	{name: "timeout", kind: Timeout, retry: true, any: facts{statusTimeout, timeout}},
	{name: "timeout_word", kind: Timeout, retry: true, any: facts{timeoutWord}, none: facts{statusRefused}},
	{name: "network_opaque", kind: Network, retry: true, any: facts{opaque}},
	{name: "network", kind: Network, retry: true, any: facts{network}},
	{name: "network_word", kind: Network, retry: true, any: facts{networkWord}, none: facts{statusRefused, statusUpstream}},
	{name: "page_for_json", kind: InvalidRequest, any: facts{webPage}, and: notJSON, none: facts{statusServer}},
	{name: "unreadable_answer", kind: Server, retry: true, any: facts{notJSON}, none: facts{statusRefused}},
	{name: "page", kind: InvalidRequest, any: facts{page}, none: facts{statusServer, statusRefused}},
	{name: "not_implemented", kind: Server, any: facts{statusNotImplemented}},
	{name: "server", kind: Server, retry: true, any: facts{statusServer, statusUpstream}},
	{name: "forbidden_text", kind: Permission, any: facts{forbidden}},
	{name: "server_text", kind: Server, retry: true, any: facts{serverFault}, none: facts{statusRefused}},
	{name: "invalid_request", kind: InvalidRequest, any: facts{statusRefused, badRequest}},
	// The request had been accepted: what failed later is the server's.
	{name: "event", kind: Server, retry: true, any: facts{inEvent}},
	// What a transport throws is about the connection, whatever it says.
	{name: "unanswered", kind: Network, retry: true, any: facts{unanswered}},
	{name: "unknown", kind: Unknown},
}
