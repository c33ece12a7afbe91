package classify

// rule is one line of the table. It decides if all of these are so: one of any is
// found; and is found, if set; none of none is found, not even loosely; and none of
// unless is found for certain. If retry is false, the failure is not retryable.
type rule struct {
	name   string
	kind   Kind
	retry  bool
	any    facts
	and    fact
	none   facts
	unless facts
}

// facts is a set of facts; none fills it up.
type facts [4]fact

const ruleChainLost = "response_chain_lost"

// rules is searched from the top; the first that holds decides. First come the facts
// that remain true however they are wrapped: a gateway's 502 around "invalid model" is
// about the model.
var rules = [...]rule{
	// A cancel counts if it was thrown on this side, and is not how the runtime reports
	// a timeout or a reset. A cancel reported by a server is the server's failure.
	{name: "canceled", kind: Canceled, any: facts{canceledText}, and: fromClient, none: facts{timeout, statusServer}, unless: facts{network}},
	{name: "callers_deadline", kind: Canceled, any: facts{callerDeadline}, and: fromClient, unless: facts{timeout}},

	// Cloudflare's 521 to 523 say what broke, while its page lists many possible
	// reasons.
	{name: "cloudflare_origin", kind: Network, retry: true, any: facts{statusOriginDown}},
	// Between the client and the provider.
	{name: "proxy_credentials", kind: Auth, any: facts{statusProxyCredentials}},
	{name: "firewall", kind: Permission, any: facts{firewall}},

	// Limits that last longer than minutes. Words of quota and billing are a rate limit
	// if the limit is by the minute, or the text asks for a wait of minutes.
	{name: "credit_used_up", kind: Quota, any: facts{creditGone, statusPayment}},
	{name: "limit_of_zero", kind: Quota, any: facts{limitWord, rate, statusTooMany}, and: zeroLimit},
	{name: "daily_quota", kind: Quota, any: facts{dailyQuota}},
	{name: "long_window", kind: Quota, any: facts{limitWord, rate, statusTooMany}, and: longWindow},
	{name: "quota", kind: Quota, any: facts{quota}, none: facts{minute, shortWait, policy, rateReached}},

	{name: "missing_key", kind: Auth, any: facts{noKey}},
	{name: "bad_key", kind: Auth, any: facts{badKey, statusNoCredentials}},
	{name: "content_policy", kind: ContentPolicy, any: facts{policy}},
	{name: "disabled", kind: Permission, any: facts{disabled}, none: facts{asleep}},
	{name: "not_allowed", kind: Permission, any: facts{notAllowed}},
	{name: ruleChainLost, kind: InvalidRequest, any: facts{chainLost}},
	{name: "too_many_tokens", kind: RateLimit, retry: true, any: facts{statusTooMany, minute, shortWait}, and: manyTokens},
	// The maximum length of the answer, not the length of the request.
	{name: "output_limit", kind: InvalidRequest, any: facts{outputLimit}, unless: facts{tooLong}},
	{name: "context_length", kind: ContextLength, any: facts{tooLong, manyTokens}, none: facts{callerDeadline}},
	{name: "too_large", kind: TooLarge, any: facts{tooLarge, statusTooLarge}},
	{name: "model", kind: ModelNotFound, any: facts{noModel}},
	{name: "model_in_404", kind: ModelNotFound, any: facts{modelWord}, and: statusNotFound},
	{name: "model_retired", kind: ModelNotFound, any: facts{retired}, and: modelWord},
	{name: "certificate", kind: TLS, any: facts{certificate, statusCertificate}},
	{name: "bad_call", kind: InvalidRequest, any: facts{badCall}},

	// A generic word of a wrapper: the rules above found nothing permanent inside.
	{name: "overloaded", kind: Overloaded, retry: true, any: facts{statusOverloaded, overloaded}, unless: facts{quota}},

	// A CDN uses 403 for rate limits too.
	{name: "forbidden", kind: Permission, any: facts{statusForbidden}, none: facts{rate}},
	{name: "rate_limit", kind: RateLimit, retry: true, any: facts{rate, statusTooMany, quota}},
	{name: "limit_by_minute", kind: RateLimit, retry: true, any: facts{limitWord}, and: minute},
	{name: "key", kind: Auth, any: facts{keyWord}},
	{name: "lock", kind: InvalidRequest, retry: true, any: facts{lock}, none: facts{statusServer}},
	{name: "not_found", kind: InvalidRequest, any: facts{statusNotFound}},

	{name: "generating", kind: Server, retry: true, any: facts{generating}},
	{name: "timeout", kind: Timeout, retry: true, any: facts{statusTimeout, timeout}},
	{name: "network_opaque", kind: Network, retry: true, any: facts{opaque}},
	{name: "network", kind: Network, retry: true, any: facts{network}},
	{name: "page_for_json", kind: InvalidRequest, any: facts{webPage}, and: notJSON},
	{name: "unreadable_answer", kind: Server, retry: true, any: facts{notJSON}},
	{name: "page", kind: InvalidRequest, any: facts{htmlBody}, none: facts{statusServer, statusRefused, statusUnfit}, unless: facts{serverFault}},
	{name: "not_implemented", kind: Server, any: facts{statusNotImplemented}},
	{name: "server", kind: Server, retry: true, any: facts{statusServer, statusUpstream}},
	{name: "field_not_permitted", kind: InvalidRequest, any: facts{statusUnfit}, and: notField},
	{name: "forbidden_text", kind: Permission, any: facts{forbidden}},
	{name: "server_text", kind: Server, retry: true, any: facts{serverFault}},
	{name: "plan", kind: Quota, any: facts{upgrade}},
	{name: "size", kind: ContextLength, any: facts{excess}, and: sizeWord},
	{name: "invalid_request", kind: InvalidRequest, any: facts{statusUnfit, statusRefused, badRequest}},
	// No reason is given, but it is said to be temporary.
	{name: "wait", kind: RateLimit, retry: true, any: facts{shortWait}, and: tryAgain},
	{name: "try_again", kind: Server, retry: true, any: facts{tryAgain}},
	// The request was accepted, so what failed later is the server's failure.
	{name: "event", kind: Server, retry: true, any: facts{inEvent}},
	// A transport's error is about the connection, whatever it says.
	{name: "unanswered", kind: Network, retry: true, any: facts{unanswered}},
	{name: "unknown", kind: Unknown},
}

// holds reports whether r decides. A loose word neither stops a failure that is the
// server's by its status, nor retries one that is the request's.
func (t *scan) holds(r *rule) bool {
	need := loosely
	if r.retry && t.refused() || !r.retry && t.serverSide() {
		need = fully
	}
	return (r.any[0] == none || t.anyOf(&r.any, need)) && (r.and == none || t.level(r.and) >= need) && !t.anyOf(&r.none, loosely) && !t.anyOf(&r.unless, fully)
}

// refused reports whether the status is about the request.
func (t *scan) refused() bool {
	return t.anyOf(&facts{statusUnfit, statusRefused, statusUpstream, statusNotFound}, fully)
}

// serverSide reports whether the failure is the server's by its status or type.
func (t *scan) serverSide() bool {
	return t.anyOf(&facts{statusServer, statusOverloaded, statusTimeout, overloaded}, fully)
}
