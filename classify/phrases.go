package classify

// fact is something that is known about a failure. Those with phrases are found
// in its texts, the others in its structure (status.go).
type fact uint8

const (
	none fact = iota

	canceledText   // a cancel, by its words
	callerDeadline // the words of a Go context's deadline
	timeout
	network
	asleep // the network of a machine that sleeps: no account is suspended
	opaque // a browser's words for any failure of a fetch
	overloaded
	creditGone // paid for and used up, or not paid for
	quota      // a quota or usage limit, which may be one by the minute
	dailyQuota // a limit by the hour, day, week or month
	longWindow // the words of such a window
	limitWord  // with a window or a zero only
	zeroLimit  // a limit of nothing
	minute     // a limit by the minute or second, or on concurrency
	rate
	manyTokens // a rate limit in a 429 or by the minute, else too long a prompt
	noKey      // no credentials were sent
	badKey
	keyWord // speaks of a key, which can be one that was limited
	policy
	disabled   // somebody switched this off for the account
	notAllowed // this account may not do this, whatever the status
	forbidden  // the words of a 403
	firewall   // a filter between the client and the provider
	noModel
	modelWord // with a 404 only
	tooLong
	tooLarge
	badCall    // the request can never work as it is, whatever the status
	badRequest // the words of a 400 or 404
	notField   // of a field in the request: "x is not permitted"
	certificate
	serverFault
	lock
	chainLost
	notJSON
	webPage

	lexical = iota - 1
)

// The facts that are seen in the structure of a failure.
const (
	fromClient fact = lexical + 1 + iota // thrown here, with no answer that says why
	inEvent                              // an error event in a stream
	unanswered                           // thrown with no answer, or in the middle of a good one
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
)

// wording is what a fact is recognised by: phrases, as scan.find reads them.
type wording struct {
	// full are phrases that can mean nothing else, whatever the status says
	// and whoever threw the error.
	full string
	// loose are words that other errors use as well. They count only where the
	// status does not say otherwise, and only in errors of a request.
	loose string
	// claim says that a phrase counts only where it is put forward: "this is not
	// your usage limit" and "check that you have access" are not.
	claim bool
}

// phrases holds the wording of each lexical fact. A phrase is here because a
// provider, a proxy or a runtime uses it for exactly this; a word that also
// stands in errors of another kind needs its neighbours, or is loose.
var phrases = [lexical + 1]wording{
	// It counts only from the client's side.
	canceledText: {
		full: "" +
			"canceled error;abort error;err canceled;context canceled;signal is aborted;signal aborted;|canceled|;|cancelled|;|aborted|;|abort|;" + // AbortController, axios, Go contexts
			"operation:canceled,cancelled,aborted,was aborted,was canceled,was cancelled;request:aborted*,was aborted,canceled*,cancelled*,was canceled,was cancelled,interrupted;" + // fetch, SDKs
			"keyboard interrupt;interrupted by:user,the user;aborted by:user,the user;canceled by:user,the user;cancelled by:user,the user;user:aborted,canceled,cancelled", // asyncio, agents
		loose: "canceled*;cancelled*;aborted*;abort",
	},
	callerDeadline: {
		full: "context deadline exceeded",
	},
	// Also gRPC's and Google's DEADLINE_EXCEEDED. As a word it could be a parameter's name.
	timeout: {
		full: "" +
			"request:timed out*,time out;connection timed out*;operation:timed out,was aborted due to timeout;read timed out;code:time out,deadline exceeded;" + // what ran out is named
			"client time out*;client timeout*;http client time out;i o timeout;tls handshake timeout;gateway:time out,timeout*;etimedout;esockettimedout;socket timeout;headers:timeout*,time out;body timeout*;err:timed out,connection timed out;stream idle timeout;timeout of *", // Go, .NET, libc, undici, Chromium, axios
		loose: "timed out*;time out*;*timeout*;*timedout*;deadline:exceeded,expired;too long to respond;took too long;respond:in time,before;超时",
	},
	// As words, they could be about the caller's own data: libc, Node, undici, Bun, Deno, browsers, Go, Python, Java, .NET, Rust, Dart, curl.
	network: {
		full: "" +
			"connection:reset*,refused*,closed*,error*,aborted*,lost,was lost;econn*;eof;socket hang up;broken pipe;goaway;received from peer;stream disconnected;" + // what a proxy or SDK tells of a connection, though it answers 400
			"upstream connect;payload is not completed;incomplete:chunked,read*;premature close*;fetch failed;network error*;other side closed;|terminated|;typeerror terminated;" + // Envoy, aiohttp, urllib3, undici
			"enotfound;eai again;ehost*;enetunreach;enetdown;epipe;und err*;getaddrinfo*;dial tcp;no such host*;no route to host;read tcp;write tcp;net err:connection*,internet*,network changed,network access*,name*,address*,timed out,empty response,http2*,quic*,ssl*,tunnel*,proxy*,socket*,incomplete*,content length*;ns error net*", // codes of libc, Node, Go, Chromium, Firefox
		loose: "*connect*;net err*;socket*;network*;dns*;host:lookup,unreach*;unknown host*;hostname;resol*;nodename;eai*;enet*;eproto;misbehaving;closed;end of file;unexpected end*;premature*;empty:reply,response;err:quic*,internet*,name*,empty*,content length*,tunnel*,proxy*,address*,failed,1033;ns error*;stream*;http2*;framing layer;protocol error;sending:request,the request;error:reading*,decoding response body;copying content;recv failure;send failure;read error;write error;to be offline;typo in the url;xmlhttprequest error;nsurlerrordomain;nsposix*;transport*;transfer*;no bytes;do request failed;max retries exceeded with url;handshake*;tls*;ssl*;bad record mac;file descriptor",
	},
	// Chromium's ERR_NETWORK_IO_SUSPENDED.
	asleep: {
		full: "network io suspended",
	},
	// Chromium, Safari, Firefox, React Native.
	opaque: {
		full: "failed to fetch;load failed;networkerror when attempting;network request failed",
	},
	// Capacity that everyone shares, queues, models that are just loading.
	overloaded: {
		full: "" +
			"overloaded error;|overloaded|;message overloaded|;model:overloaded,is overloaded,is currently overloaded,is temporarily overloaded,is busy,is at capacity;engine:overloaded,is overloaded,is currently overloaded;server:overloaded,is overloaded,is busy,busy;servers are:overloaded,busy,currently overloaded;service:overloaded,is overloaded;currently overloaded;temporarily overloaded;" + // Anthropic, OpenAI, Gemini
			"over capacity;at capacity;capacity:exceeded,exhausted;no capacity;insufficient capacity;high:demand,load;experiencing high traffic;unable to process your request;service unavailable exception;no:slots,instances,workers,available slot*,available account*,available capacity;" + // Groq, Mistral, Together, Bedrock, Replicate
			"model is loading;currently loading;loading model|;not ready yet;model not ready*;queue:full,is full;pending requests exceeded;total request limit reached;generate first token;" + // Hugging Face, vLLM, TGI, llama.cpp, Ollama
			"service:temporarily unavailable,is temporarily unavailable;访问量过大;系统繁忙;负载已经达到;服务器繁忙;服务过载",
		loose: "*overload*;capacity temporarily;high traffic;heavy load;peak load;busy;queue exceeded;temporarily unavailable;繁忙;负载;过载",
		claim: true,
	},
	// Billing in each provider's words. Nothing here is about a rate.
	creditGone: {
		full: "" +
			"insufficient:user quota,credit*,fund*,balance,account balance;credit balance;account balance;balance:is too low,too low,is insufficient,insufficient,is not enough,not enough,is negative,is exhausted,exhausted;not enough:credit*,balance;out of:credit*,funds,extra usage;" + // Anthropic, DeepSeek, OpenRouter, one-api
			"more credits;credits required;add credits;purchase credits;buy credits;no credits:left,remaining,available,or;t have any credits;any credits or;available credits;included:credits,usage;can only afford;key limit exceeded;credits:exhausted,depleted,have been,used up;credit limit:reached,exceeded;used up:your,all your;used all:your,available;extra usage is required;" + // OpenRouter, Hugging Face, Copilot, Cursor, xAI
			"spend limit*;spending:limit*,cap;budget has been exceeded;max budget;exceeded:budget for,their budget,your budget;exceededbudget;type budget exceeded;" + // Google, LiteLLM
			"type billing error;billing:hard limit*,not active,is not active,is disabled,not enabled,to be enabled;your billing;enable billing;account is not active;payment required|;error payment required;past due|;unpaid:invoice*,bill*,balance;failure to pay;not in good standing;payment method:on file,is required,required,declined;valid payment method;add a:payment method,credit card;valid credit card;credit card on file;" + // OpenAI, Azure, Vertex
			"free:tier only,quota,allocated quota,usage exceeded,usage limit*,usage has,trial has;overdue:payment,bill,balance;in arrears;account overdue error;your subscription:has expired,expired;your plan:has expired,expired;trial:has expired,expired,has ended,ended,credits;premium request*:limit*,allowance,quota;resource pack*;欠费;余额不足;余额已;请充值;资源包", // Alibaba, Volcengine, Zhipu, Copilot
		loose: "balance;credit:limit*,grant*;spend*;budget:exceeded*,exceed;exceeded budget*;billing:error,issue;payment:required,method*;credit card;past due;*overdue*;arrear*;unpaid;been paused;good standing;free trial;subscription expired;plan expired;premium request*;recharge;top up*;余额;充值",
		claim: true,
	},
	// Gemini, Azure, Vertex and others also say this of a limit by the minute.
	quota: {
		full: "" +
			"insufficient quota;exceeded:your current quota,your quota,your ~ quota;out of quota;quota:exceeded,has been exceeded,has been exhausted,exhausted,reached,has been reached,will reset;exhausted:your capacity,your quota;usage:limit reached,limit exceeded,limits reached,cap;your usage:limit,limits;usage limits;free usage exceeded;your plan limit*;plan limit reached;hit your ~ limit;reached your ~ limit",
		loose: "quota:exceed*,exhausted*,limit*,has been;exceeded:~ quota,~ allowance;no quota;service quota*;usage:limit*,quota;plan limit*;credits;额度",
		claim: true,
	},
	// A window and its limit.
	dailyQuota: {
		full: "" +
			"daily:quota,limit,request limit*,token limit*,usage,free,cap;monthly:quota,limit*,usage,cap,spend*,credit*,included,allowance;weekly:limit*,quota,usage;hourly:limit*,quota;5 hour:limit*,usage;requests per:day,month,week;tokens per:day,month,week;*perday*;*byday*;limit for:today,this month,this week",
		claim: true,
	},
	longWindow: {
		loose: "per:day,month,week,hour,86400*;*perday*;*byday*;daily;monthly;weekly;hourly;calls:day,month;rpd;tpd;5 hour*;24 hour*;hour:allocated,quota*;week allocated;month allocated;tomorrow;this:month*,week*;billing:cycle,period;regain access;每日;今日;每天;每月;每周;本月;小时",
	},
	limitWord: {
		loose: "limit*;exceeded;quota*;exhausted;maximum;used up",
	},
	// No wait fills a limit of nothing.
	zeroLimit: {
		full: "limit:0,value 0",
	},
	minute: {
		full: "per:minute,min,second,sec,60s,10s;*perminute*;*byminute*;*tpm*;*rpm*;qps;rps;calls:minute,min;in a second;concurren*;burst*;allocated quota exceeded;rate quota;code token limit;每分钟;每秒;并发",
	},
	rate: {
		full: "" +
			"rate:limit*,exceeded;*rate limit exceeded;too many:requests*,concurrent*;throttling*;throttled;throttle exception;resource:exhausted|,has been exhausted;status resource exhausted;request limit:exceeded,reached;*tpm limit;concurrency limit*;no deployments available;code:rate limit*;" +
			"too frequently;too quickly;slow down;limit:requests,burst*;请求过多;请求过于频繁;限流;速率限制;频率限制;" + // OpenAI, Alibaba
			"limite de:requêtes,débit,taxa,solicitudes;trop de requêtes;zu viele anfragen;demasiadas:solicitudes,peticiones;muitas solicitações;レート制限;リクエストが多すぎ;요청이 너무 많;요청 한도;слишком много запросов;превышен лимит запросов", // French, German, Spanish, Portuguese, Japanese, Korean, Russian
		loose: "resource exhausted;throttl*;too many connections;frequency limit;too:frequent*,fast;error:1015,code 1015;频繁;限频;速率;频率",
		claim: true,
	},
	manyTokens: {
		loose: "too many tokens",
	},
	noKey: {
		full: "" +
			"no api key:provided,found,was,supplied,configured,in;missing:api key,authentication,authorization,bearer,credentials,auth;api key:is missing,missing,is required,required,not provided,not set,not found,is not set,must be provided,is not configured,not configured;didn t provide an api key;did not provide ~ api key;no:auth credentials,auth,credentials,authorization header,cookie auth*;provide an api key;not:logged in,signed in;authentication required;login required;please:log in,login,sign in;authorization header:is missing,missing,is required,required,not found,not provided;auth token:missing,not found;token:is missing,missing,is required,not provided;未提供令牌;未登录", // OpenAI, OpenRouter, Gemini
	},
	// These also come as 400, 403, 500 and 503.
	badKey: {
		full: "" +
			"|unauthorized|;|unauthenticated|;error unauthorized;unauthorized|;status unauthenticated;unauthenticated|;reauthenticat*;authentication:error,failed,failure,fails;invalid:api key,x api key,key|,api token,bearer,token|,jwt,access token,credentials,authentication,authorization header,grant,subscription key,user token;invalid or expired ~ token;api key:invalid,not valid,expired,is invalid,is not valid,has expired,has been revoked,is disabled;incorrect api key;reported as leaked;" + // OpenAI, Anthropic, Gemini, xAI
			"token:is invalid,invalid,expired,has expired,is expired,revoked,has been revoked,refresh failed;expired token*;refresh token:has already been used,was already used,already used,reused,has been used,used,not found,was revoked;could not:parse your authentication,refresh;sign:in again,back in;signing in again;log in again;login fail;security token;unrecognized client*;signature:does not match,expired,we calculated;account:deactivated,has been deactivated;been deactivated;access tokens are not supported;" + // Codex, Claude, AWS
			"无效的令牌;令牌已过期;令牌无效;密钥无效;身份验证失败;鉴权失败;api key 无效;無効な api キー;ungültiger api schlüssel;clé api invalide;clave api no válida;неверный api ключ", // one-api; other languages
		loose: "unauthor*;unauthenticat*;authentication:fail*,required,token;invalid:key,token,credential*,auth*,username*,password;token expired*;authorization header;unrecognized token;user not found;illegal header value;身份验证;鉴权",
		claim: true,
	},
	keyWord: {
		loose: "api key*;credential*",
	},
	policy: {
		full: "" +
			"content filter:triggered,error,blocked;triggering ~ content management policy;content:management policy,policy violation,violates,exists risk,has been blocked,was blocked;violates:our ~ polic*,openai,the usage polic*,anthropic;violating:our,the usage polic*,openai,anthropic;violation of our ~ polic*;violate:our ~ polic*,openai,anthropic,the usage polic*;responsible ai policy*;by:our safety system,our content filter,content filter;safety system|;prohibited content;block reason:safety,other,prohibited*,blocklist,image*;blocked reason:safety,other,prohibited*;blocked due to:safety,recitation,blocklist,spii,prohibited*;finish reason:safety,recitation,blocklist,spii,image safety,content filter;stop reason refusal;" + // OpenAI, Azure, Gemini, Anthropic
			"data inspection failed;inappropriate content;sensitive:content*,word*,information|;new sensitive;sensitive words detected;flagged as potentially;flagged for;was flagged;been flagged;harmful content;guardrail intervened;code:content filter*,content policy*,policy violation*,cyber policy,sensitive*;type content filter*;敏感内容;敏感词;违规;不安全", // Alibaba, MiniMax, Zhipu, Bedrock
		loose: "content:filter*,polic*,moderation*,blocked,safety;usage:polic*,guidelines;responsible ai*;safety:system,check*,filter*,reason*;block reason*;blocked reason*;data inspection*;sensitive*;flagged;policy violation*;nsfw;cyber policy;敏感",
		claim: true,
	},
	disabled: {
		full: "" +
			"provider:is disabled,has been disabled,disabled;account:is disabled,has been disabled,has been suspended,is suspended,suspended,~ has been suspended,~ suspended;organization:has been disabled,is disabled,has been restricted,~ has been disabled,has been suspended;project:has been suspended,is disabled,is suspended;consumer suspended;consumer ~ suspended;workspace ~ disabled;api has not been used in project;service disabled;not been used in project", // OpenAI, Anthropic, Google
		loose: "suspended;has been disabled;is disabled;disabled for your organization",
		claim: true,
	},
	notAllowed: {
		full: "" +
			"must be verified;not allowed to:use,access;location is not supported;country region*;unsupported:country*,countries,region*;supported countries;available in your:country,region,location,countries;not available in:this region,this country,your country,these countries;access from:your country,unsupported;violation of terms;organization:not allowed ~,policy;only authorized for;credential is only authorized;" + // OpenAI, Anthropic, Gemini
			"data policy;guardrail restrictions;gated repo;gated model;access is denied;not authorized to:perform,access,use,invoke;not activated the model;model not open;missing scope*;insufficient authentication scopes;scope requirement;无权;未开通", // OpenRouter, Hugging Face, AWS, Volcengine
		loose: "not authorized to;are blocked;been blocked;gated;access to the model;ip:not authorized,not allowed",
		claim: true,
	},
	// Also the block pages of CDNs, which ask for a person or a browser.
	forbidden: {
		full: "" +
			"permission denied|;permission error;access denied:error 15*,exception;just a moment;cookies to continue;you are human;attention required cloudflare;cf mitigated;error code:1020,1010,1009,1006;error:1020,1010,1009",
		loose: "forbidden;permission*;access denied*;not permitted;attention required;not have access;t have access",
	},
	firewall: {
		full: "" +
			"zscaler;fortiguard;fortinet;netskope;palo alto networks;forcepoint;barracuda ~ filter;cisco umbrella;sophos ~ blocked;web:page blocked,filter ~ blocked;blocked by:your organization,network policy,your network,corporate,administrator,your administrator,your it,group policy;captive portal;network authentication required;" + // corporate filters
			"incapsula*;imperva;request blocked|;request has been blocked by ~ firewall;web application firewall;request was rejected ~ support id;requested url was rejected;aws waf;errors edgesuite net;reference 18*;sucuri;you don t have permission to access ~ on this server;waf:blocked,rule", // WAF pages: Imperva, CloudFront, F5, Akamai, Sucuri
		loose: "firewall",
	},
	noModel: {
		full: "" +
			"model:not found,not exist,not supported,~ not found,~ not exist,~ t exist,~ not supported,~ is not available,~ no longer available,~ retired,~ not loaded,~ has been deprecated,~ has been decommissioned,~ has been shut down,identifier is invalid;models ~ not found;no such model;invalid model*;unknown model;unsupported model;not a valid model;valid model:id,name;model not:found error,available;model ids;" + // OpenAI, Anthropic, Gemini, Groq, OpenRouter
			"deployment:not found,~ not found,~ not exist;deploymentnotfound;no:endpoints found,allowed providers,models loaded,available channel*;on demand throughput;end of its life;as legacy;not found for account;unable to access model;not supported by any provider;is not deployed;to be loaded;模型不存在;无可用渠道;模型 ~ 不存在", // Azure, one-api, LM Studio, Bedrock, NVIDIA
		loose: "model:not available,unavailable,~ not available,identifier,~ t find;valid model*;no:endpoints,channel*;deprecated;decommissioned;end of:life,its life;by any provider;not deployed;version does not exist",
		claim: true,
	},
	modelWord: {
		loose: "model*;not available",
	},
	tooLong: {
		full: "" +
			"context length exceeded;context window exceeded;exceeds ~ context;exceed ~ context;exceeded ~ context;exceeding ~ context;larger than ~ context;beyond ~ context;maximum context;context length is;context window is;context limit:exceeded,reached;reached context;model context window exceeded;prompt:is too long,too long;prompt tokens exceeded;prompt token:count,limit exceeded;max prompt tokens;*prompt tokens exceeded;*prompt token limit exceeded;" + // OpenAI, Anthropic, llama.cpp, Copilot
			"input:is too long,too long,length ~ exceeds,length should be;input length;conversation:is too long,too long;request is too long;chat is too long;too many:tokens total,input tokens;maximum number of:tokens,input tokens;maximum input:tokens,length;model token limit;token count:exceeds,~ exceeds;tokens:exceed*,limit exceeded,allowed;token limit exceeded|;tokens ~ exceeds the;shorten your prompt;exceeds n ctx;reduce the length;initial prompt is greater;inputs tokens;must have less than ~ tokens;too long to fit;上下文长度;超出最大长度;输入过长;超过最大", // Bedrock, Gemini, Kimi, TGI, LM Studio
		loose: "context:length*,window*,size,limit*,exceeded;n ctx;tokens limit exceeded;inputs:tokens,must have less than;上下文;超长;过长",
		claim: true,
	},
	tooLarge: {
		full: "" +
			"request:too large*,entity too large,body exceeds,size exceeds,is too large,exceeds the maximum size;payload:too large*,size exceeds;entity too large;body:too large,is too large;exceeds the:maximum size,size limit,maximum allowed size;image exceeds;image ~ exceeds;file:too large,is too large;string:too long,above max length;413 request;max body;content too large;too large for model",
		loose: "request size",
		claim: true,
	},
	badCall: {
		full: "" +
			"invalid url*;as a url;parse url*;protocol scheme;unknown:url*,scheme;bad port;bytestring;character in header;iso 8859 1 code point;invalid header:field value,value;missing port in address;request url is missing;codec can t encode;cannot have body;disturbed or locked;how to serialize;circular structure;security policy directive;req content length mismatch;does not match content length;to https client;too many redirects;blocked by client;err invalid arg*;is not a function;cannot read properties;" + // what fetch, Node.js, Go and Python refuse to send at all
			"deserialize;extra:inputs,forbidden;unrecognized request argument*;unsupported:parameter,value;unknown:parameter,field,name;invalid:parameter*,argument error,argument|;missing required;input should be;field required;timed out after -*;more system memory;" + // OpenAI, pydantic, Ollama
			"|messages #;|tools #;message messages #;message tools #;error messages #;detail messages #;invalid request error:messages #,tools #", // a path into the request leads the message: Anthropic
		loose: "messages #;tools #;is not defined",
	},
	badRequest: {
		loose: "bad request*;invalid:request*,argument*;validation*;unprocessable*;not:supported,found*,implemented;method not allowed;returned the following errors;malformed;failed precondition;参数",
	},
	notField: {
		loose: "not permitted;not allowed",
	},
	// Not accepted, and will not be next time. A TLS library that is answered in plain text has the wrong port or proxy.
	certificate: {
		full: "" +
			"certificate:verify failed,has expired,expired,is not yet valid,is not trusted,signed by,is valid for,chain|,relies on,in chain,validation failed;verify the first certificate;x509 certificate*;x509:*;err:cert*,tls cert*;cert:has expired,authority*,altname*;self signed cert*;hostname ip does not match;pkix path*;unknownissuer;verify leaf signature;leaf signature;local issuer cert*;issuer cert*;sec error*;wrong version number;version or cipher*;like a tls handshake;unknown ca;certificate required;bad certificate",
		loose: "certificate*;x509;self signed*;altnames;pkix*",
	},
	serverFault: {
		full: "" +
			"internal server error*;internal error*;server:error|,error occurred,had an error,encountered;|server error|;bad gateway;service:unavailable,is unavailable,is currently unavailable;type:api error,server error;status unavailable;upstream:error,connect error,request failed;provider returned error",
		loose: "internal*;server error*;unavailable;temporary error;unexpected error;error occurred;upstream*;bad response;provider:error;backend*;went wrong;model:stream error*,error*;invalid content;engine dead*;runner ~ terminated;out of memory;interrupted;code aborted;incomplete generation;failed to respond;系统;内部错误;服务器;上游",
	},
	// Something of the caller's own is still at work, and will end.
	lock: {
		full: "active run;run ~ is active;currently operating on;resource is locked;conversation locked;conflict*;aborted ~ concurrency",
	},
	chainLost: {
		full: "previous response:not found,~ not found",
	},
	// An answer that no parser could read.
	notJSON: {
		loose: "not valid json;json decode error*;expecting value;unexpected:token*,end of json*,character;json parse error;invalid json response;unmarshal*",
	},
	// A page where JSON was expected.
	webPage: {
		loose: "doctype*;token html",
	},
}
