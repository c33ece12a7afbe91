package classify

// rule is one line of the table. It decides if one of any holds, if and holds
// where it is set, and if none of none does, not even loosely, and none of
// unless for certain. Without retry it stops.
type rule struct {
	name   string
	kind   Kind
	retry  bool
	any    facts
	and    fact
	none   facts
	unless facts
}

type facts [4]fact

const ruleChainLost = "response_chain_lost"

// rules is read from the top; the first that holds decides. What comes first
// is what stays true however it is wrapped: a gateway's 502 around "invalid
// model" is about the model.
var rules = [...]rule{
	// A cancel counts if it was thrown on this side and is not just how the
	// runtime reports a time-out or a reset. From a server it is the server's own
	// failure.
	{name: "canceled", kind: Canceled, any: facts{canceledText}, and: fromClient, none: facts{timeout, statusServer}, unless: facts{network}},
	{name: "callers_deadline", kind: Canceled, any: facts{callerDeadline}, and: fromClient, unless: facts{timeout}},

	// Cloudflare's 521 to 523 say themselves what broke; its page lists many
	// possible reasons.
	{name: "cloudflare_origin", kind: Network, retry: true, any: facts{statusOriginDown}},
	// Between the client and the provider.
	{name: "proxy_credentials", kind: Auth, any: facts{statusProxyCredentials}},
	{name: "firewall", kind: Permission, any: facts{firewall}},

	// Limits that minutes do not lift. Words of quota and billing in a limit by
	// the minute, or with a wait of minutes in the text, are a rate limit.
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
	// The length that the answer may have, not that of what was sent.
	{name: "output_limit", kind: InvalidRequest, any: facts{outputLimit}, unless: facts{tooLong}},
	{name: "context_length", kind: ContextLength, any: facts{tooLong, manyTokens}, none: facts{callerDeadline}},
	{name: "too_large", kind: TooLarge, any: facts{tooLarge, statusTooLarge}},
	{name: "model", kind: ModelNotFound, any: facts{noModel}},
	{name: "model_in_404", kind: ModelNotFound, any: facts{modelWord}, and: statusNotFound},
	{name: "model_retired", kind: ModelNotFound, any: facts{retired}, and: modelWord},
	{name: "certificate", kind: TLS, any: facts{certificate, statusCertificate}},
	{name: "bad_call", kind: InvalidRequest, any: facts{badCall}},

	// A wrapper's generic word: what is permanent inside it came before.
	{name: "overloaded", kind: Overloaded, retry: true, any: facts{statusOverloaded, overloaded}, unless: facts{quota}},

	// A CDN limits rates with 403, too.
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
	// Nothing says why, but it says that it passes.
	{name: "wait", kind: RateLimit, retry: true, any: facts{shortWait}, and: tryAgain},
	{name: "try_again", kind: Server, retry: true, any: facts{tryAgain}},
	// The request had been accepted: what failed later is the server's.
	{name: "event", kind: Server, retry: true, any: facts{inEvent}},
	// What a transport throws is about the connection, whatever it says.
	{name: "unanswered", kind: Network, retry: true, any: facts{unanswered}},
	{name: "unknown", kind: Unknown},
}

// holds reports whether r decides. A loose word does not stop what the status says
// is the server's trouble, nor repeat what it says is the request's.
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
