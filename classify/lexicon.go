package classify

// facts is a set of things that are known about a failure. Those with a line
// in the lexicon are found in its texts, the others by its structure.
type facts uint64

const (
	canceledText   facts = 1 << iota // a cancel, by its words
	callerDeadline                   // the words of a Go context's deadline
	deadline                         // a deadline of any kind
	timeout
	network
	opaque // a browser's words for any failure of a fetch
	overloaded
	creditGone // paid for and used up, or not paid for
	quota      // a quota or usage limit, which may be one per minute
	longWindow // a limit by the day, week or month
	minute     // a limit by the minute or second, or on concurrency
	zeroLimit  // a limit of nothing
	rate
	badKey
	policy
	notAllowed // this account may not do this, whatever the status
	forbidden  // the words of a 403
	noModel
	notAvailable
	tooLong
	tooLarge
	badCall    // the request can never work as it is, whatever the status
	badRequest // the words of a 400
	notFound
	certificate
	serverFault
	lock
	chainLost
	notJSON
	webPage

	lexical = iota
)

// The facts that are seen in the structure of a failure.
const (
	fromClient facts = 1 << (lexical + iota) // thrown here, with no answer that says why
	inEvent                                  // an error event in a stream
	page                                     // an HTML page as the body
	shortWait                                // the text asks for a wait of minutes at most
	is2xx
	is401
	is402
	is403
	is404
	is408
	is409
	is413
	is424
	is429
	is4xx // any other
	is5xx // any other
	is501
	is52x
	is526
	is529
)

// lexicon holds the phrases of each lexical fact, in the order of the facts.
// scan.find says how a phrase is read. A phrase is here because a provider, a
// proxy or a runtime uses it for exactly this; a word that can also stand in
// an error of another kind needs its neighbours.
var lexicon = [lexical]string{
	// canceledText: AbortController, fetch, axios, Go contexts, asyncio,
	// Chromium's and Firefox's own codes. It counts only from the client's side.
	"canceled;cancelled;aborted;abort error;abort err;canceled error;cancelled error;err canceled;err aborted;ns binding aborted;keyboard interrupt;interrupted by user",
	// callerDeadline
	"context deadline exceeded",
	// deadline: gRPC's DEADLINE_EXCEEDED and Google's words for it.
	"deadline exceeded;deadline expired",
	// timeout: what ran out is named, since a bare "timeout" is also the name
	// of a parameter.
	"timed out*;timedout;etimedout;esockettimedout;*timeout error;*timeout exception;gateway time out*;request time out;read time out*;connect time out*;connection time out*;response time out;idle time out*;socket time out*;i o time out;handshake time out;header time out*;headers time out*;body time out*;pool time out*;write time out*;invocation time out;client time out*;due to time out;time out awaiting;time out while;time out waiting;time out exceeded;time out expired;time out of;time out after;time out reached;time out was reached;time out elapsed;time out in;time out|;code time out;code deadline exceeded;litellm time out;http client time out;took too long;not respond in time;t respond in time;did not respond before;timeouterror;超时",
	// network: the codes and texts of libc, Node, undici, Bun, Deno, Chromium,
	// Firefox, Safari, Go, Python, Java, .NET, Rust, Dart, curl; proxies that
	// tell of their own connection; and resets of a stream by the peer.
	"connection reset*;connection refused*;connection closed*;connection error*;connection lost;connection was lost;connection aborted*;connection abort;connection terminated*;connection broken;connection failure;connection failed;connection was closed;connection was reset;connection was refused;connection was forcibly;connection prematurely;connection attempts failed;connection interrupted;connection to the server was;closed connection;closed network connection;closed idle connection;closed the connection;remote end closed;socket hang up;socket closed;socket connection was closed;socket was closed;socket disconnected;socket is not connected;socket exception;other side closed;broken pipe;network error*;network request failed;network connection was lost;network is unreachable;network is down;network unreachable;network changed;host unreach*;host is unreachable;no route to host;no such host*;host lookup;unknown host exception;name not resolved;name resolution;name or service not known;nodename nor servname;no address associated;could not resolve;couldn t resolve;unable to resolve;getaddrinfo*;server misbehaving;dns error;dns lookup;lookup failed;fetch failed;terminated|;premature*;eof;eof error;end of file;end of stream;unexpected end*;incomplete chunked;incomplete read;incompleteread*;payload is not completed;clientpayloaderror;without sending complete;without response;transfer closed;empty reply;empty response;econn*;epipe;eproto;enotfound;eai again;eai fail;ehostunreach;ehostdown;enetunreach;enetdown;enetreset;enotconn;und err socket;und err closed;und err destroyed;net err*;err connection*;err network*;err http2*;err http 2*;err quic*;err internet*;err name*;err empty response;err incomplete*;err content length mismatch;err tunnel*;err proxy*;err address*;err socket*;err ssl*;err stream premature*;err failed;ns error*;goaway;refused stream;received from peer;stream was reset;stream reset*;streamreset;rst stream;stream error;stream disconnected;stream closed;stream ended;stream interrupted;not closed cleanly;http2 error;http2 protocol error;framing layer;protocol error;error sending request;sending the request;error reading a body;error decoding response body;error in input stream;error in body stream;error reading from;copying content to a stream;failed to connect*;could not connect;couldn t connect;unable to connect;cannot connect;can t connect;connect error*;read error;write error;remote protocol error;upstream connect;disconnect reset;reset before headers;server disconnected*;api connection error;client connector error;client os error;forcibly closed;actively refused;max retries exceeded with url;bad record mac;handshake failure;handshake failed;handshake error;handshake eof;terminated the handshake;during handshake;secure tls connection was established;ssl error syscall;ssl connection could not be established;ssl connect error;recv failure;send failure;channel closed;to be offline;hostname could not be found;typo in the url;failed to open socket;xmlhttprequest error;nsurlerrordomain;nsposixerrordomain;kcferrordomain*;transport connection;transport error;transport closing;header parser received no bytes;partial transfer;dial tcp;proxyconnect;do request failed;failed to establish;software caused;bad file descriptor;error 1033",
	// opaque
	"failed to fetch;load failed;networkerror when attempting",
	// overloaded: capacity that everyone shares, queues, models that are just
	// loading. Groq, Mistral, Together, vLLM, TGI, llama.cpp, Ollama, Bedrock.
	"overloaded*;over capacity;at capacity;capacity exceeded;capacity exhausted;capacity temporarily exceeded;no capacity;insufficient capacity;out of capacity;capacity constraint*;system capacity;no available capacity;high demand;high load;heavy load;high traffic;too busy;is busy;server busy;system busy;engine busy;llm busy;model busy;currently busy;slots available;no available slot*;no instances available;no workers available;no available workers;no available account*;queue is full;queue full;queue exceeded;pending requests exceeded;total request limit reached;currently loading;model is loading;loading model;still loading;not ready yet;model not ready*;is not ready;temporarily unavailable;temporarily overloaded;temporarily out of;unable to process your request;service unavailable exception;generate first token;overload;peak load;model cold;warming up;繁忙;负载;过载;访问量过大;拥挤",
	// creditGone: billing in each provider's words. Nothing here is about a rate.
	"insufficient quota;insufficient user quota;insufficient balance;insufficient account balance;insufficient credit*;insufficient fund*;balance is insufficient;balance insufficient;balance is too low;balance too low;balance is not enough;not enough balance;not enough credit*;not enough quota;quota is not enough;quota not enough;credit balance;credit limit*;credit grant*;more credits;no credits;out of credit*;out of free credits;run out of credits;credits exhausted;credit exhausted;available credits;included credits;credits are depleted;credits have;credits are;credits required;add credits;purchase credits;buy credits;can only afford;key limit exceeded;spend limit*;spending limit*;spending cap;spend cap*;crossed spend;budget exceeded*;exceeded budget*;budget has been exceeded;exceeded your budget;over budget;max budget;billing hard limit*;billing limit;billing not active;billing is not active;enable billing;billing issue;billing disabled;billing account;account is not active;payment required;past due;overdue*;bill overdue;arrear*;unpaid;failure to pay;good standing;free tier only;free quota;free allocated quota;free trial;trial quota;resource package;resource pack exhausted;free resource pack*;charge resource exhaust;out of extra usage;extra usage is required;subscription has expired;subscription expired;subscription is not active;plan has expired;plan expired;trial has expired;trial expired;trial ended;premium request*;purchase more;please recharge;please top up;code 1113;code 1008;balance 1008;欠费;余额不足;额度不足;额度已用尽;额度已耗尽;额度失败;额度用尽;充值;资源包",
	// quota: Gemini, Azure, Vertex and others also say this of a limit by the minute.
	"quota exceeded*;quota exceed;exceeded your current quota;exceeded ~ quota;exceed ~ quota;exceeds ~ quota;quota exhausted;quota has been exhausted;quota has been exceeded;quota reached;quota limit*;quota will reset;out of quota;exhausted ~ quota;usage limit*;usage cap;usage quota;api usage limits;plan limit*;exhausted your capacity;exceeded ~ allowance;hit your limit;you ve hit your ~ limit;配额;用量;额度",
	// longWindow
	"per day;*perday*;*byday*;daily;per month;*permonth*;monthly;per week;weekly;per hour;hourly;requests day;tokens day;calls day;calls month;rpd;tpd;per 86400*;5 hour*;24 hour*;hour allocated;week allocated;month allocated;day allocated;tomorrow;this month;this week;billing cycle;billing period;regain access;hour quota*;hour usage*;每日;今日;当日;每天;每月;本月;每周;本周;小时",
	// minute
	"per minute;*perminute*;*byminute*;per min;per second;*persecond*;per sec;tpm;rpm;itpm;otpm;qps;qpm;rps;requests min;tokens min;calls minute;calls min;request minute;queries minute;in a second;in a minute;per 60s;per 10s;per 1s;*rpm*exceeded;*tpm*exceeded;concurren*;burst*;allocated quota exceeded;rate quota;current requests list;每分钟;每秒;并发",
	// zeroLimit: no wait fills a limit of nothing.
	"limit 0;limit value 0",
	// rate
	"rate limit*;rate exceeded;rate has been exceeded;*rate limit exceeded;too many requests*;too many concurrent*;too many tokens;too many connections;throttl*;resource exhausted;resource has been exhausted;request limit exceeded;request limit reached;requests limit exceeded;tpm limit;rpm limit;concurrency limit*;frequency limit;too frequent*;too quickly;too fast;slow down;limit requests;limit burst*;request rate;connections has exceeded;error 1015;error code 1015;code 1302;code 1303;code 1305;code 1002;频繁;限流;限频;请求过多;请求数过多;速率;频率;并发数",
	// badKey: these also come as 400, 403, 500 and 503.
	"unauthorized;unauthenticated;authentication error;authentication failed;authentication fails;authentication failure;authentication required;invalid authentication;authentication invalid;not authenticated;no auth credentials;auth credentials;invalid api key;invalid x api key;incorrect api key;wrong api key;bad api key;invalid ~ api key;invalid key;invalid api token;api key invalid;api key not valid;api key not found;api key expired;api key ~ invalid;api key ~ expired;api key ~ disabled;api key missing;api key is missing;api key not set;api key is not set;api key is required;api key not provided;api key required;api key must;api key environment variable;api key header is required;api key could not be;missing api key;missing ~ api key;no api key*;provide an api key;provide ~ api key;reported as leaked;invalid bearer;invalid token;token is invalid;token invalid;token seems invalid;invalid jwt;jwt expired;invalid access token;token expired*;token has expired;token is expired;expired token*;token has been revoked;token revoked;invalid iam token;invalid credential*;invalid auth*;bad credentials;credentials have expired;credential*expired;could not load credentials;load default credentials;default credentials were not found;unable to locate credentials;no credentials;missing credentials;missing authentication;missing authorization;missing bearer;authorization header;not logged in;login fail;signing in again;log in again;please run login;could not parse your authentication token;security token;unrecognized client*;invalid signature*;signature does not match;signaturedoesnotmatch;signature expired;invalid username or password;invalid password;invalid subscription key;user not found;unrecognized token;account deactivated;account has been deactivated;illegal header value;api secret key;personal access tokens are not supported;key has been revoked;key revoked;revoked api key;key is invalid;key has expired;code 2049;无效的令牌;令牌已过期;令牌无效;未提供令牌;身份验证;鉴权;认证失败;密钥无效;无效的api",
	// policy
	"content filter*;content polic*;content management policy;content moderation*;content blocked;content violat*;content restrict*;usage polic*;usage guidelines;responsible ai*;responsibleai*;safety system;safety check*;safety filter*;safety reason*;safety policy;prohibited content;blocked reason*;block reason*;blockreason*;blocked by ~ safety;finish reason safety;finish reason recitation;finish reason prohibited content;finish reason blocklist;finish reason spii;finish reason image safety;stop reason refusal;content exists risk;data inspection*;inappropriate content;sensitive content*;sensitive word*;new sensitive;sensitive information;contains sensitive;flagged;policy violation*;violates our;violate our;violating our;harmful content;unsafe content;nsfw;guardrail intervened;blocked by guardrail*;cyber policy;content safety;code 1301;code 1026;code 1027;敏感;违规;不合规;不安全;审核",
	// notAllowed
	"must be verified;verify your organization;not allowed to use;not allowed to access;location is not supported;country region*;unsupported country*;region is not supported;not available in your country;not available in your region;suspended;has been disabled;is disabled;organization ~ disabled;account ~ disabled;violation of terms;not authorized to;not authorised to;data policy;guardrail restrictions;are blocked;been blocked;service disabled;only authorized for;gated repo;gated model;access to model ~ denied;not activated the model;model not open;has not been used in project;accept the terms;agree to the terms;not have access to the model with;model access is denied;access is denied due;don t have access to the model;permission denied on resource;no permission;无权;未开通",
	// forbidden: also the block pages of CDNs, which ask for a person or a browser.
	"forbidden;permission denied*;permission error;permissions error;access denied*;insufficient permission*;sufficient permission*;not have permission;not have access;missing permission*;not permitted;unable to access;just a moment;enable javascript and cookies;verify you are human;attention required;checking your browser;cf mitigated;unusual traffic;error code 1020;error code 1010;error code 1009;error code 1006;error 1020;error 1010;error 1009",
	// noModel
	"model not found;model ~ not found;models ~ not found;model not exist;model ~ not exist;models ~ not exist;model ~ t exist;no such model;invalid model*;unknown model;unsupported model;model not supported;model is not supported;model ~ is not supported;not a valid model*;model not available;model is not available;model ~ not available;model unavailable;model ~ no longer available;model ~ unavailable for free;deployment not found;deployment for this resource does not exist;deployment ~ not found;no endpoints found;no endpoints available;no allowed providers;on demand throughput;model identifier is invalid;model identifier;deprecated;decommissioned;model ~ retired;has been retired;model ~ sunset;end of life;end of its life;as legacy;not found for account;try pulling it;no models loaded;model ~ not loaded;model ~ not been loaded;too large to be loaded;no available channel*;no channel available;model manifest;unable to access model;not supported by any provider;not deployed;specified version does not exist;resource not found exception;模型不存在;模型未找到;无可用渠道;不支持的模型;没有可用的渠道;code 1211;code 20012",
	// notAvailable: with a 404 only.
	"not available;no longer available;unavailable",
	// tooLong
	"context length exceeded;context length is;context length of;than the context length;maximum context length;max context length;maximum context;exceeds ~ context;exceed ~ context;exceeded ~ context;context length;context window exceed*;context window*;context exceeded;context size;context limit*;context overflow;prompt is too long;prompt too long;input is too long;input too long;input length;messages too long;conversation is too long;conversation too long;request is too long;too long for requested model;too many tokens total;too many input tokens;number of tokens allowed;maximum number of tokens;maximum number of input tokens;maximum input tokens;maximum input length;model token limit;maximum token limit;prompt tokens exceed*;prompt token count;prompt tokens limit;input tokens exceed*;input token count;tokens exceed*;tokens exceeds;reduce the length;reduce your prompt;initial prompt is greater;larger than the context;inputs tokens;inputs must have less than;maximum model length;max model len;too long to fit;token count exceeds;exceeds the maximum number of tokens;上下文;超长;过长;code 1261",
	// tooLarge
	"request too large*;payload too large*;entity too large;request entity too large;content too large;body too large;body is too large;request body exceeds;payload size exceeds;payload exceeds;request size;exceeds the maximum size;maximum request size;maximum allowed size;exceeds the maximum allowed size;image exceeds;file too large;file is too large;message too large;string too long;string above max length;maximum body size;exceeds ~ maximum size;size limit exceeded;exceeds the size limit",
	// badCall
	"invalid url*;cannot be parsed as a url;failed to parse url*;failed to construct request;unsupported protocol scheme;missing protocol scheme;unknown url type;no scheme supplied;missing http or https;unknown url scheme;req content length mismatch;request content length mismatch*;request body length does not match;http response to https client;too many redirects;und err invalid arg;blocked by client;headers overflow;failed to deserialize;extra inputs are not permitted;extra forbidden;unrecognized request argument*;unsupported parameter;unsupported value;unknown parameter;unknown field;unknown name;invalid parameter*;missing required parameter;input should be;field required;invalid tool*;invalid message*;tool use ids were found;timed out after -*",
	// badRequest
	"bad request*;invalid request*;invalid argument*;invalid parameter*;validation error;validation exception;unprocessable*;not supported;method not allowed;not implemented;model returned the following errors;malformed;failed precondition;参数",
	// notFound
	"not found*;no route*;cannot post",
	// certificate: not accepted, and will not be next time. A TLS library that
	// is answered in plain text has the wrong port or proxy.
	"certificate*;x509;err cert*;err tls cert*;cert has expired;cert authority*;self signed*;self signed cert*;altname*;pkix*;unknownissuer;leaf signature;issuer cert*;sec error*;untrusted root;wrong version number;ssl version or cipher*;look like a tls handshake;unknown ca",
	// serverFault
	"internal server*;internal error*;internal service error;internal failure;internal exception;server error*;server had an error;bad gateway;service unavailable;currently unavailable;type api error;temporary error;unexpected error;error occurred while processing;error occurred during;upstream error*;upstream request failed;upstream failed;upstream provider;upstream unavailable;bad response status code;no healthy upstream;provider returned error;provider error;backend error;unreachable backend;something went wrong;server encountered;model stream error*;model error*;produced invalid content;engine dead*;engine ~ dead;runner ~ terminated;out of memory;web server is down;prediction interrupted;code unavailable;status unavailable;14 unavailable;code internal;code aborted;incomplete generation;generation error;failed to respond;服务器错误;系统错误;内部错误;上游",
	// lock: something of the caller's own is still at work, and will end.
	"active run;a run ~ is active;currently operating on;is locked;resource is locked;conversation locked;resource conflict;write conflict;conflict error;conflict;in progress;aborted ~ concurrency",
	// chainLost
	"previous response not found;previous response ~ not found;previous response id ~ not found",
	// notJSON: an answer that no parser could read.
	"not valid json;json decode error*;jsondecodeerror;expecting value;unexpected token*;unexpected end of json*;json parse error;invalid json response;unexpected character;error parsing json;unmarshal*",
	// webPage: a page where JSON was expected.
	"doctype*;token html;text html",
}
