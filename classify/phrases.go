package classify

// fact is something known about a failure. Facts with phrases are found in its texts,
// the others in its structure (status.go).
type fact uint8

const (
	none fact = iota

	canceledText   // the text of a cancel
	callerDeadline // the text of a Go context's deadline
	timeout
	network
	asleep // "suspended" is about the network of a sleeping computer, not an account
	opaque // a browser's text for any failure of a fetch
	overloaded
	creditGone // the credit is used up, or a bill is not paid
	quota      // a quota or usage limit, which may be one by the minute
	dailyQuota // a limit by the hour, day, week or month
	longWindow // mentions such a window
	limitWord  // counts only with a window or a zero
	zeroLimit  // a limit of zero
	minute     // a limit by the minute or second, or on concurrency
	rate
	rateReached // a rate limit in so many words, not just any limit
	manyTokens  // a rate limit in a 429 or by the minute, else too long a prompt
	noKey       // no credentials were sent
	badKey
	keyWord // mentions a key, which may only have a limit
	policy
	disabled   // somebody turned this off for the account
	notAllowed // this account may not do this, whatever the status
	forbidden  // the text of a 403
	firewall   // a filter between the client and the provider
	noModel
	modelWord // counts only with a 404 or with retired
	retired
	tooLong
	sizeWord // the size of the request; counts only with excess
	excess
	outputLimit
	tooLarge
	badCall    // the request can never work as it is, whatever the status
	badRequest // the text of a 400 or 404
	notField   // about a field of the request: "x is not permitted"
	certificate
	serverFault
	lock
	chainLost
	notJSON
	webPage
	upgrade    // an invitation to a plan that allows this
	tryAgain   // an invitation to try again, with nothing else to do first
	generating // the provider's own sentence, whatever a client puts before it

	lexical = iota - 1
)

// The facts that are found in the structure of a failure.
const (
	fromClient fact = lexical + 1 + iota // thrown on this side, and no response says why
	inEvent                              // an error event in a stream
	unanswered                           // thrown without a response, or in the middle of a good one
	htmlBody                             // an HTML page as the body
	shortWait                            // the text asks for a wait of minutes at most
	statusNoCredentials
	statusProxyCredentials
	statusPayment
	statusForbidden
	statusNotFound
	statusTimeout
	statusTooLarge
	statusUpstream
	statusTooMany
	statusUnfit   // 400 and 422
	statusRefused // any other below 500
	statusServer  // any other above
	statusNotImplemented
	statusOriginDown
	statusCertificate
	statusOverloaded

	factCount
)

// wording is the phrases that a fact is recognised by, in the form that scan.find reads.
type wording struct {
	// full are phrases with only this meaning, whatever the status is and whatever
	// code threw the error.
	full string
	// loose are words that other errors use too. They count only if the status does
	// not contradict, and only in errors of a request.
	loose string
	// claim says that a phrase counts only as a statement: not in "this is not your
	// usage limit" or "check that you have access".
	claim bool
}

// phrases holds the wording of each fact of the texts. A phrase is here because a
// provider, a proxy or a runtime uses it with exactly this meaning. A word that errors
// of another kind have too needs the words next to it, or is loose. Fillers such as
// "is", "has been" and "your" are left out here, as they are in the scan.
var phrases = [lexical + 1]wording{
	// It counts only if it was thrown on the client's side.
	canceledText: {
		full: "abort error;err canceled;canceled error;context canceled;signal aborted;|canceled|;|cancelled|;|aborted|;|abort|;" + // AbortController, axios, Go
			"operation:canceled,cancelled,aborted;request:aborted*,canceled*,cancelled*,interrupted;by user;keyboard interrupt", // fetch, SDKs, agents
		loose: "canceled*;cancelled*;aborted*",
	},
	callerDeadline: {full: "context deadline exceeded"},
	// The phrases say what timed out: the word alone could be a parameter's name.
	timeout: {
		full: "request:timed out*,time out;connection timed out*;operation:timed out,aborted due to timeout;read timed out;" +
			"|timeout error|;signal timed out;code:time out,deadline exceeded;client time out*;i o timeout;etimedout;esockettimedout;" + // .NET, Go, libc
			"headers timeout*;body timeout*;handler timeout;err timed out;stream idle timeout;timeout of *", // undici, Chromium, axios
		loose: "timed out*;time out*;*timeout*;*timedout*;deadline:exceeded,expired;too long to respond;took too long;respond:in time,before;超时;respond within;response ~ after;time limit;no data;waiting for connection",
	},
	// A connection that failed, in the words of proxies, SDKs, libc, Node, undici,
	// browsers, Bun, Deno, Go, Python, Java, .NET, Rust, Dart and curl. Loose ones
	// could be about the caller's own data.
	network: {
		full: "connection:reset*,refused*,closed*,error*,aborted*,lost;econn*;eof;socket hang up;broken pipe;goaway;upstream connect;" +
			"payload not completed;incomplete:chunked,read*;premature close*;fetch failed;network error*;received from peer;stream disconnected;" +
			"other side closed;|terminated|;enotfound;eai again;ehost*;epipe;und err*;getaddrinfo*;dial tcp;no such host*;read tcp;" +
			"net err:connection*,internet*,network ch*,name*,address*,empty*,http2*,quic*",
		loose: "*connect*;socket*;network*;dns*;host:lookup,unreach*;unknown host*;no route to host;hostname;resol*;nodename;eai*;enet*;eproto;" +
			"misbehaving;closed;*t reach;to reach;service not known;i o error;网络;连接;terminated|;end of file;unexpected end*;premature*;empty:reply,response;net err*;err:quic*,internet*,name*,empty*," +
			"content length*,tunnel*,proxy*,address*,failed,1033;ns error*;stream*;http2*;framing layer;protocol error;sending request;" +
			"error:reading*,decoding response body;copying content;recv failure;send failure;read error;write error;to offline;typo in url;" +
			"xmlhttprequest error;nsurlerrordomain;nsposix*;transport*;transfer*;no bytes;do request failed;max retries exceeded with url;" +
			"handshake*;tls*;ssl*;bad record mac;file descriptor",
	},
	// Chromium's ERR_NETWORK_IO_SUSPENDED.
	asleep: {full: "network io suspended"},
	opaque: {full: "failed to fetch;load failed;networkerror when attempting;network request failed"},
	// Shared capacity, queues, models that are still loading:
	// Anthropic, OpenAI, Gemini, Groq, Mistral, Together, vLLM, TGI, llama.cpp, Ollama, Bedrock.
	overloaded: {
		full: "overloaded error;|overloaded|;message overloaded;model:overloaded,busy,loading,not ready*,cold,warming up;engine overloaded;server:overloaded,busy;" +
			"servers:overloaded,busy;service:overloaded,unavailable exception;temporarily overloaded;over capacity;no capacity;capacity:exceeded,exhausted;insufficient capacity;high demand;" +
			"unable to process request;no:slots,instances,workers,available slot*,available account*,available capacity;queue full;" +
			"pending requests exceeded;total request limit reached;loading model|;not ready yet;访问量过大;系统繁忙",
		loose: "*overload*;capacity;high:traffic,load;heavy:load,traffic;peak load;warming up;cold start*;not ready;no servers;busy;queue:exceeded,full,too long;pool exhausted;loading|;generate first token;" +
			"temporarily unavailable;繁忙;负载;过载;排队",
		claim: true,
	},
	// Billing, in each provider's words. None of these is about a rate.
	creditGone: {
		full: "insufficient:user quota,credit*,fund*,balance;credit balance;account balance;balance:too low,insufficient,not enough,negative,exhausted;" +
			"not enough:credit*,balance;out of:credit*,funds,tokens,extra usage;more credits;credits:required,depleted;no credits:left,remaining,available,or;t any credits;" +
			"available credits;included:credits,usage;can only afford;key limit exceeded;extra usage required;" + // OpenRouter, Hugging Face, Anthropic
			"spend limit*;spending:limit*,cap;budget exceeded current;max budget;exceeded budget:for,in;exceededbudget;type:budget exceeded,billing error;" + // LiteLLM
			"billing:hard limit*,not active,disabled,to enabled,account;enable billing;account not active;payment required|;past due|;failure to pay;" +
			"good standing|;access denied ~ good standing;payment method:on file,required,declined;valid:payment method,credit card;credit card on file;" + // OpenAI, Google
			"free:tier only,tier ~ exhausted,usage limit*,allocated quota;account overdue;trial:expired,ended;plan expired;subscription expired;" +
			"resource pack*;欠费;余额不足;余额已;请充值;资源包", // Alibaba, Volcengine, Zhipu
		loose: "balance;credit:limit*,grant*;spend*;budget:exceeded*,reached;exceeded budget*;billing:error,issue,details;payment:required,method*;credit card;past due;" +
			"*overdue*;arrear*;unpaid;paused|;good standing;free:quota,trial;premium request*;recharge;top up;used up:free,included;card declined;wallet;余额;充值;套餐已",
		claim: true,
	},
	// Gemini, Azure, Vertex and others also say this of a limit by the minute.
	quota: {
		full: "insufficient quota;exceeded ~ quota;out of quota;quota:exceeded,exhausted,depleted,reached,will reset,used up,not enough,failed;exhausted:capacity,quota;" +
			"usage:limit reached,limit exceeded,limits|,cap;free usage exceeded;plan limit*;hit ~ limit;reached ~ limit",
		loose: "quota:exceeds,limit,limits;used all;exceeded ~ allowance;no:quota,remaining quota;service quota*;free limit;usage:limit*,quota;credits;额度",
		claim: true,
	},
	// A window and its limit.
	dailyQuota: {
		full: "daily:quota,limit*,request limit*,token limit*,usage,free,cap;monthly:quota,limit*,usage,cap,spend*,included;weekly:limit*,quota,usage;" +
			"5 hour:limit*,usage;requests per:day,month;tokens per:day,month;limit ~ per:day,month;*sperday*;*modelbyday*;rpd limit*;tpd:limit*,rate limit*;regain access",
		claim: true,
	},
	longWindow: {
		loose: "per:day,month,week,hour,86400*;*perday*;*byday*;daily;monthly;weekly;hourly;calls:day,month;for today;rpd;tpd;5 hour*;24 hour*;hour:allocated,quota*;" +
			"week allocated;month allocated;tomorrow;this:month*,week*;billing:cycle,period;每日;今日;每天;每月;每周;of #:day,month,hour;本月;本日;小时;일일;tages*;quotidien*",
	},
	limitWord: {loose: "limit*;exceeded;quota*;exhausted;maximum;max;used up;上限"},
	// No wait helps if the limit is zero.
	zeroLimit: {full: "limit:0,value 0"},
	minute: {
		full: "per:minute,min,second,sec,60s,10s;wait before;this minute;short time;*perminute*;*byminute*;*tpm*;*rpm*;qps;rps;calls:minute,min;in second;concurren*;burst*;" +
			"allocated quota exceeded;rate quota;com token limit;每分钟;每秒;并发",
	},
	rate: {
		full: "rate:limit*,exceeded;too many:requests*,concurrent*;throttling*;*qps overflow*;resource exhausted|;request limit:exceeded,reached;concurrency limit*;" +
			"no deployments available;*tpm limit;*rate limit exceeded;too:frequently,quickly;slow down;limit:requests,burst*;" +
			"请求过多;频繁;限流;速率;并发数;trop de requêtes;zu viele anfragen;demasiadas solicitudes;muitas solicitações;リクエストが多すぎ;요청이 너무 많;лишком много запросов",
		loose: "cooling down;in cooldown;throttl*;resource exhausted;too many connections;frequency limit;too:frequent*,fast;error:1015,code 1015;concurrency;concurrent requests;并发;限频;频率;limite de:débit,taxa,solicitudes,requêtes;" +
			"レート制限;한도;лимит",
		claim: true,
	},
	rateReached: {full: "reached ~ rate limit;hit ~ rate limit"},
	manyTokens:  {full: "tokens:exceed*,limit exceeded,allowed;too many tokens;maximum number of tokens;token limit exceeded"},
	noKey: {
		full: "no:api key,auth credentials,authorization header,cookie auth;missing:api key,authentication,authorization,bearer,credentials;" +
			"api key:missing,required,not provided,not set,not found,not configured,must;t provide ~ api key;not:logged in*,signed in*;please:log*,sign in;" +
			"authentication required;required authentication;login required;authorization header:missing,required,not found,not provided;未提供令牌;未登录",
		claim: true,
	},
	// These also come as 400, 403, 500 and 503.
	badKey: {
		full: "|unauthorized|;|unauthenticated|;error unauthorized|;status unauthenticated;reauthenticat*;authentication:error,failed,failure,fails;" +
			"invalid:api key,x api key,key|,api token,bearer,token|,jwt,access token,credentials,authentication,authorization,grant,subscription key,or ~ token;" +
			"incorrect api key;api key:invalid,not valid,expired,revoked,disabled,不正;reported as leaked;" + // OpenAI, Anthropic, Gemini, xAI
			"token:invalid,expired*,revoked,refresh failed,malformed,could not refreshed;jwt expired;bad credentials;expired token*;refresh token:used,reused,not found;no refresh token;sign:in again;signing in again;log in again;login fail;" +
			"security token;unrecognized:client*,token;or unrecognized token;signature:does not match,expired,we calculated;deactivated|;account deactivated;access tokens not supported;" + // Codex, AWS
			"无效的令牌;令牌已过期;令牌无效;身份验证失败;鉴权失败",
		loose: "session:expired,~ expired;unauthor*;unauthenticat*;authentication:fail*,token;invalid:key,token,credential*,auth*,username*,password;authorization header;" +
			"user not found;deactivated;illegal header value;身份验证;鉴权",
		claim: true,
	},
	keyWord: {loose: "api key*;credential*"},
	policy: {
		full: "content:management policy,policy violation,violates,exists risk,blocked;code:content filter*,content policy*,policy violation*,cyber policy,sensitive*;" +
			"triggering ~ content;filtered due to;content filter:triggered,error,blocked;responsible ai policy*;violates:usage,openai,anthropic,terms of;violating usage;violation of usage;" +
			"safety system|;prohibited content;block reason:safety,other,prohibited*;blocked reason:safety,prohibited*;blocked due to:safety,security config*,recitation,blocklist,spii;" +
			"finish reason:safety,recitation,blocklist,spii,image safety;stop reason refusal;flagged:as,for,by;guardrail intervened;" + // OpenAI, Azure, Gemini, Bedrock
			"data inspection failed;inappropriate content;sensitive:content,words;new sensitive;敏感内容;敏感词;违规;不安全", // Alibaba, MiniMax, Zhipu
		loose: "content:filter*,polic*,safety,violat*;moderation*;due to safety;violate ~ polic*;by guardrail*;usage:polic*,guidelines;responsible ai*;safety:system,check*,filter*,reason*;block reason*;blocked reason*;" +
			"data inspection*;sensitive*;flagged;policy violation*;harmful content;nsfw;cyber policy;敏感",
		claim: true,
	},
	disabled: {
		full: "provider disabled;account:disabled,suspended,~ suspended,banned;organization:disabled,~ disabled,suspended;project:suspended,disabled;" +
			"consumer ~ suspended;not used in project;service disabled;violation of terms",
		loose: "suspended;disabled:for,in this,by",
		claim: true,
	},
	notAllowed: {
		full: "must verified;location not supported;country region*;unsupported:country*,countries,region*;supported countries;*t available in:country,countries,region,location;" +
			"access from unsupported;only:authorized for,allows ~ clients;missing scope*;insufficient authentication scopes;scope requirement;" + // OpenAI, Anthropic, Gemini
			"data policy;guardrail restrictions;organization restricted;gated:repo,model;access denied|;not authorized to:perform,access,invoke;not activated model;model not open;无权;未开", // OpenRouter, HF, AWS
		loose: "not allowed to:use,access;not authorized to;blocked|;access to model;insufficient permission*;gated;*no auth error;权限",
		claim: true,
	},
	// Also the block pages of CDNs, which ask for a person or a browser.
	forbidden: {
		loose: "forbidden;permission*;access denied*;not permitted;not access;t access;just moment;cookies to continue;you human;attention required;cf mitigated;in country;地区;" +
			"error code:1020,1010,1009,1006;error:1020,1010,1009",
	},
	// Corporate filters; then WAFs: Imperva, CloudFront, F5, Akamai, Sucuri.
	firewall: {
		full: "zscaler;fortiguard;fortinet;netskope;palo alto networks;forcepoint;cisco umbrella;web:page blocked,filter;blocked by:organization,network,administrator,it,group policy;" +
			"captive portal;network authentication required;" +
			"incapsula*;imperva;request blocked|;web application firewall;requested url rejected;aws waf;errors edgesuite net;reference 18*;on this server reference;sucuri",
	},
	noModel: {
		full: "model:not found,not exist,not supported,~ not found,~ not exist,~ t exist,~ not supported,~ not available,~ no longer available,~ retired,~ deprecated,~ decommissioned,~ not loaded,identifier invalid;" +
			"models ~ not found;no such model;invalid model*;unknown:model,deployment;unsupported model;unrecognized model;model ~ removed;not valid model;valid model id;" + // OpenAI, Anthropic, Gemini, Groq
			"deployment:not found,~ not found,~ not exist;no:endpoints found,allowed providers,models loaded,available channel*;on demand throughput;end of life;as legacy;" +
			"not found for account;unable to access model;not supported by any provider;not deployed;to loaded;模型不存在;无可用渠道", // Azure, OpenRouter, one-api, Bedrock, NVIDIA
		loose: "model:unavailable,identifier,name invalid;valid model*;no matching model*;no model:found,named;not find model;t find model;cannot find model;no:endpoints,channel*;endpoint ~ not exist;by any provider;version does not exist",
		claim: true,
	},
	modelWord: {loose: "model*;not available;模型"},
	retired:   {loose: "deprecated;decommissioned;discontinued;shut down;下线"},
	tooLong: {
		full: "context:size exceeded,window exceeded,limit exceeded,limit reached;exceeds:~ context;exceed ~ context;longer than ~ context;larger than ~ context;exceeded ~ context;maximum context;context length;" +
			"prompt:too long,token count;input:too long,length;conversation too long;request too long;chat too long;" + // OpenAI, Anthropic, Copilot
			"too many input tokens;maximum number of input tokens;maximum input tokens;model token limit;token count ~ exceeds;" +
			"shorten prompt;exceeds n ctx;reduce length;initial prompt greater;inputs tokens;" +
			"too long to fit;messages:too long,exceed*;message too long;上下文长度;输入过长", // Gemini, Kimi, TGI, LM Studio, llama.cpp
		loose: "context:window*,size,limit*,exceeded;n ctx;must less than;less than ~ tokens;上下文;超长;过长",
		claim: true,
	},
	sizeWord:    {loose: "token*;prompt*;text;context;conversation;history;characters;input"},
	excess:      {loose: "too:long,large,big;exceed*;more than;longer than;only supports;overflow;max input"},
	outputLimit: {full: "max tokens:too large,~ less than,must greater,exceeds;max completion tokens:too large,~ less than,exceeds;max output tokens:too large,~ less than,exceeds"},
	tooLarge: {
		full: "request:too large*,body exceeds,size exceeds;payload:too large*,size exceeds;entity too large;body too large;content too large;" +
			"exceeds:maximum size,size limit,maximum allowed size;image ~ exceeds;file too large;string:too long,above max length",
		loose: "request size",
		claim: true,
	},
	badCall: {
		full: "invalid url*;as url;parse url*;protocol scheme;unknown:url*,scheme;bad port;bytestring;character in header;iso 8859 1 code point;invalid header:field value,value;" +
			"missing port in address;request url missing;codec can t encode;cannot body;disturbed or locked;how to serialize;circular structure;security policy directive;" +
			"req content length mismatch;does not match content length;to https client;too many redirects;blocked by client;err invalid arg*;not function;cannot read properties;chat template;prompt template;jinja*;" + // what clients refuse to send
			"deserialize;extra:inputs,forbidden;unrecognized request argument*;unsupported:parameter,value;unknown:parameter,field,name;invalid:parameter*,argument error;" +
			"missing required;occurred validation exception;exceeds ~ maximum output;input should;field required;timed out after -*;more system memory;" + // OpenAI, pydantic, Ollama
			"|messages # content;|messages # tool;|messages # role;|tools # custom;|tools # input;message:messages #,tools #;error:messages #,tools #", // the message begins with a path into the request: Anthropic
		loose: "not defined;messages #;tools #",
	},
	badRequest: {
		loose: "bad request*;invalid:request*,argument*;validation*;unprocessable*;not:found*,implemented;method not allowed;returned following errors;" +
			"malformed;failed precondition;unsupported;issue with request;*t support*;schema*;must;参数",
	},
	notField: {loose: "not permitted"},
	// The certificate is not accepted, nor will it be next time. A plain-text answer to
	// TLS comes from the wrong port or a proxy.
	certificate: {
		full: "certificate:verify failed,expired,not yet valid,not trusted,signed by,valid for,relies on,in chain,chain;verify:first certificate,leaf signature;" +
			"x509 certificate*;err:cert*,tls cert*;cert:expired,authority*,altname*;self signed cert*;unknownissuer;pkix path*;local issuer cert*;sec error*;" +
			"wrong version number;version or cipher*;like tls handshake;unknown ca",
		loose: "*certificate*;x509;self signed*;altnames;pkix*;issuer cert*;leaf signature",
	},
	serverFault: {
		full: "internal:server error*,error*;finish reason error;server:error|,error occurred,error while;bad gateway;service unavailable;type api error;upstream error",
		loose: "internal*;server:error*,encountered;unavailable;unexpected error;error occurred;upstream*;bad response;provider:returned error,error;backend*;" +
			"went wrong;crashed;model error*;invalid content;engine dead*;runner ~ terminated;out of memory;interrupted;code aborted;incomplete generation;" +
			"failed to respond;malformed:response,function call;unexpected tool call;temporar*;maintenance;shutting down;no:choices,response returned;empty or unparsable;system error;unknown error;error generating;invalid response;cuda*;execution failed;error communicating;系统;内部;服务器;服务:异常,出错;上游",
	},
	// Something of the caller is still running, and will end.
	lock:      {full: "active run;run ~ active;operating on;resource locked;conversation locked;*conflict*;aborted ~ concurrency"},
	chainLost: {full: "previous response ~ not found"},
	// A client could not parse the answer.
	notJSON: {loose: "not valid json;json decode error*;expecting value;unexpected:token*,character;json parse error;invalid json response;unmarshal*"},
	// An HTML page instead of JSON.
	webPage: {loose: "doctype*;token html"},
	upgrade: {loose: "upgrade:plan,subscription,account,to pro;paid plan;in plan;plan does"},
	// Not "recharge and try again".
	tryAgain:   {loose: "try again:later,in,shortly,after;please:retry,try again,wait;retry:in,after;retry:later,shortly;wait bit;稍后;erneut;novamente;réessay*;다시 시도"},
	generating: {loose: "error occurred while processing request;before completion:internal*,server*"},
}
