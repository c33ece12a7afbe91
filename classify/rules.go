package classify

// rule is one line of the table: it decides if one of any holds and one of and,
// if they are not empty, and none of none.
type rule struct {
	name      string
	kind      Kind
	retry     bool
	any, none [3]fact
	and       fact
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
	{"canceled", Canceled, stop, [3]fact{canceledText}, [3]fact{timeoutWord, network, is5xx}, fromClient},
	{"callers_deadline", Canceled, stop, [3]fact{callerDeadline}, [3]fact{timeout}, fromClient},

	// Cloudflare's 521 to 523 say themselves what broke, and its page speaks of
	// many possible reasons.
	{"cloudflare_origin", Network, retry, [3]fact{is521}, [3]fact{}, none},
	{"overloaded", Overloaded, retry, [3]fact{is529, overloaded}, [3]fact{}, none},

	// Limits that minutes do not lift. Words of quota and billing in a limit by
	// the minute, or with a wait of minutes in the text, are a rate limit.
	{"credit_used_up", Quota, stop, [3]fact{creditGone, is402}, [3]fact{}, none},
	{"limit_of_zero", Quota, stop, [3]fact{limitWord, rate, is429}, [3]fact{}, zeroLimit},
	{"long_window", Quota, stop, [3]fact{limitWord, rate, is429}, [3]fact{}, longWindow},
	{"quota", Quota, stop, [3]fact{quota}, [3]fact{minute, shortWait, policy}, none},

	{"bad_key", Auth, stop, [3]fact{badKey, is401}, [3]fact{}, none},
	{"content_policy", ContentPolicy, stop, [3]fact{policy}, [3]fact{}, none},
	{"not_allowed", Permission, stop, [3]fact{notAllowed}, [3]fact{asleep}, none},
	{ruleChainLost, InvalidRequest, stop, [3]fact{chainLost}, [3]fact{}, none},
	{"context_length", ContextLength, stop, [3]fact{tooLong}, [3]fact{}, none},
	{"too_large", TooLarge, stop, [3]fact{tooLarge, is413}, [3]fact{}, none},
	{"model", ModelNotFound, stop, [3]fact{noModel}, [3]fact{}, none},
	{"model_not_available", ModelNotFound, stop, [3]fact{notAvailable}, [3]fact{}, is404},
	{"certificate", TLS, stop, [3]fact{certificate, is526}, [3]fact{}, none},
	{"bad_call", InvalidRequest, stop, [3]fact{badCall}, [3]fact{}, none},

	// A CDN limits rates with 403, too.
	{"forbidden", Permission, stop, [3]fact{is403}, [3]fact{rate}, none},
	{"rate_limit", RateLimit, retry, [3]fact{rate, is429, quota}, [3]fact{}, none},
	{"key", Auth, stop, [3]fact{keyWord}, [3]fact{}, none},
	{"lock", InvalidRequest, retry, [3]fact{lock}, [3]fact{is5xx}, none},
	{"not_found", InvalidRequest, stop, [3]fact{is404}, [3]fact{}, none},

	{"timeout", Timeout, retry, [3]fact{is408, timeout}, [3]fact{}, none},
	{"timeout_word", Timeout, retry, [3]fact{timeoutWord}, [3]fact{is4xx}, none},
	{"network_opaque", Network, retry, [3]fact{opaque}, [3]fact{}, none},
	{"network", Network, retry, [3]fact{network}, [3]fact{}, none},
	{"network_word", Network, retry, [3]fact{networkWord}, [3]fact{is4xx, is424}, none},
	{"page_for_json", InvalidRequest, stop, [3]fact{webPage}, [3]fact{is5xx}, notJSON},
	{"unreadable_answer", Server, retry, [3]fact{notJSON}, [3]fact{is4xx}, none},
	{"page", InvalidRequest, stop, [3]fact{page}, [3]fact{is5xx, is4xx}, none},
	{"not_implemented", Server, stop, [3]fact{is501}, [3]fact{}, none},
	{"server", Server, retry, [3]fact{is5xx, is424}, [3]fact{}, none},
	{"forbidden_text", Permission, stop, [3]fact{forbidden}, [3]fact{}, none},
	{"server_text", Server, retry, [3]fact{serverFault}, [3]fact{is4xx}, none},
	{"invalid_request", InvalidRequest, stop, [3]fact{is4xx, badRequest}, [3]fact{}, none},
	// The request had been accepted: what failed later is the server's.
	{"event", Server, retry, [3]fact{inEvent}, [3]fact{}, none},
	// What a transport throws is about the connection, whatever it says.
	{"unanswered", Network, retry, [3]fact{unanswered}, [3]fact{}, none},
	{"unknown", Unknown, stop, [3]fact{}, [3]fact{}, none},
}
