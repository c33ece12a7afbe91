package classify

// fact is something that is known about a failure. Those with a line in
// lexicon are found in its texts, the others in its structure.
type fact uint8

const (
	none fact = iota

	canceledText   // a cancel, by its words
	callerDeadline // the words of a Go context's deadline
	timeout
	timeoutWord // could also be the name of a parameter
	network
	networkWord // could also be about the caller's own data
	asleep      // the network of a machine that sleeps: no account is suspended
	opaque      // a browser's words for any failure of a fetch
	overloaded
	creditGone // paid for and used up, or not paid for
	quota      // a quota or usage limit, which may be one by the minute
	longWindow // a limit by the hour, day, week or month
	minute     // a limit by the minute or second, or on concurrency
	zeroLimit  // a limit of nothing
	rate
	badKey
	keyWord // speaks of a key, which can be one that was limited
	policy
	notAllowed // this account may not do this, whatever the status
	forbidden  // the words of a 403
	noModel
	notAvailable // with a 404 only
	limitWord    // with a window or a zero only
	tooLong
	tooLarge
	badCall    // the request can never work as it is, whatever the status
	badRequest // the words of a 400 or 404
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
	page                                 // an HTML page as the body
	shortWait                            // the text asks for a wait of minutes at most
	statusNoCredentials
	statusPayment
	statusForbidden
	statusNotFound
	statusTimeout
	statusTooLarge
	statusUpstream
	statusTooMany
	statusRefused // any other
	statusServer  // any other
	statusNotImplemented
	statusOriginDown
	statusCertificate
	statusOverloaded
)

// phrases holds what each lexical fact is recognised by.
// scan.find says how they are written. A phrase is here because a provider, a
// proxy or a runtime uses it for exactly this; a word that also stands in
// errors of another kind needs its neighbours.
var phrases = [lexical + 1]string{
	// AbortController, fetch, axios, Go contexts, asyncio,
	// Chromium's and Firefox's codes. It counts only from the client's side.
	canceledText:   "canceled*;cancelled*;aborted*;abort error;keyboard interrupt;interrupted by user",
	callerDeadline: "context deadline exceeded",
	// What ran out is named. "Client.Timeout" is Go's, HttpClient's .NET's.
	timeout: "timed out*;request time out;client time out*;http client time out;code:time out,deadline exceeded",
	// Also gRPC's and Google's DEADLINE_EXCEEDED.
	timeoutWord: "time out*;*timeout*;*timedout*;deadline:exceeded,expired;too long to respond;took too long;respond:in time,before;超时",
	// What a proxy or SDK tells of a connection, though it answers 400.
	network: "connection:reset*,refused*,closed*,error*,aborted*;econn*;eof;socket hang up;broken pipe;goaway;upstream connect;payload is not completed;incomplete:chunked,read*;premature*;fetch failed;network error*;received from peer;stream disconnected",
	// Codes and texts of libc, Node, undici, Bun, Deno, Chromium,
	// Firefox, Safari, Go, Python, Java, .NET, Rust, Dart, curl.
	networkWord: "*connect*;socket*;network*;dns*;host:lookup,unreach*;no such host*;unknown host*;no route to host;hostname;resol*;nodename;getaddrinfo*;enotfound;eai*;ehost*;enet*;epipe;eproto;misbehaving;closed;terminated|;end of file;unexpected end*;empty:reply,response;und err*;net err*;err:quic*,internet*,name*,empty*,content length*,tunnel*,proxy*,address*,failed,1033;ns error*;stream*;http2*;framing layer;protocol error;sending:request,the request;error:reading*,decoding response body;copying content;recv failure;send failure;read error;write error;to be offline;typo in the url;xmlhttprequest error;nsurlerrordomain;nsposix*;transport*;transfer*;no bytes;dial tcp;do request failed;max retries exceeded with url;handshake*;tls*;ssl*;bad record mac;file descriptor",
	// Chromium's ERR_NETWORK_IO_SUSPENDED.
	asleep: "network io suspended",
	opaque: "failed to fetch;load failed;networkerror when attempting",
	// Capacity that everyone shares, queues, models that are just
	// loading. Groq, Mistral, Together, vLLM, TGI, llama.cpp, Ollama, Bedrock.
	overloaded: "*overload*;over capacity;at capacity;capacity:exceeded,exhausted,temporarily;no capacity;insufficient capacity;high:demand,load,traffic;heavy load;peak load;busy;no:slots,instances,workers,available slot*,available account*,available capacity;queue:full,is full,exceeded;pending requests exceeded;total request limit reached;currently loading;model is loading;loading model|;not ready yet;model not ready*;temporarily unavailable;unable to process your request;service unavailable exception;generate first token;繁忙;负载;过载;访问量过大",
	// Billing in each provider's words. Nothing here is about a rate.
	creditGone: "insufficient:user quota,credit*,fund*;balance;not enough:credit*,quota;quota:is not enough,not enough;credit:limit*,grant*;more credits;credits required;out of:credit*,extra usage;available credits;included credits;can only afford;key limit exceeded;spend*;budget:exceeded*,has been exceeded;exceeded:budget*,their budget,your budget;max budget;billing:error,hard limit*,not active,is not active,issue;enable billing;account is not active;payment required;past due;*overdue*;arrear*;unpaid;failure to pay;been paused;good standing;free:tier only,quota,allocated quota,trial;resource pack*;extra usage is required;subscription:has expired,expired;plan:has expired,expired;trial:has expired,expired,has ended,ended;premium request*;recharge;code:1113,1008;欠费;余额;充值;资源包",
	// Gemini, Azure, Vertex and others also say this of a limit by the minute.
	quota:      "quota:exceed*,exhausted*,reached,limit*,has been,will reset;exceeded:~ quota,~ allowance;exhausted:your capacity,your quota;out of quota;insufficient quota;no quota;service quota*;usage:limit*,cap,quota;free usage exceeded;plan limit*;hit your ~ limit;credits;额度",
	longWindow: "per:day,month,week,hour,86400*;*perday*;*byday*;daily;monthly;weekly;hourly;calls:day,month;rpd;tpd;5 hour*;24 hour*;hour:allocated,quota*;week allocated;month allocated;tomorrow;this:month,week;billing:cycle,period;regain access;每日;今日;每天;每月;每周;小时",
	minute:     "per:minute,min,second,sec,60s,10s;*perminute*;*byminute*;*tpm*;*rpm*;qps;rps;calls:minute,min;in a second;concurren*;burst*;allocated quota exceeded;rate quota;code token limit;每分钟;每秒;并发",
	// No wait fills a limit of nothing.
	zeroLimit: "limit:0,value 0",
	rate:      "rate:limit*,exceeded;*rate limit exceeded;too many:requests*,concurrent*,tokens,connections;throttl*;resource:exhausted,has been exhausted;request limit:exceeded,reached;*tpm limit;concurrency limit*;frequency limit;no deployments available;too:frequent*,quickly,fast;slow down;limit:requests,burst*;error:1015,code 1015;code:1302,1303,1305,1002;频繁;限流;限频;请求过多;速率;频率",
	// These also come as 400, 403, 500 and 503.
	badKey:     "unauthor*;unauthenticat*;reauthenticat*;authentication:error,fail*,required,token;invalid:api key,x api key,key,api token,bearer,token,jwt,access token,credential*,auth*,grant,username*,password,subscription key;api key:invalid,not valid,expired;reported as leaked;token:is invalid,invalid,expired*,has expired,is expired,revoked,has been revoked;expired token*;not logged in;login fail;signing in again;log in again;security token;authorization header;unrecognized:client*,token;signature:does not match,expired,we calculated;user not found;been deactivated;account deactivated;illegal header value;access tokens are not supported;code 2049;无效的令牌;令牌已过期;未提供令牌;身份验证;鉴权",
	keyWord:    "api key*;credential*",
	policy:     "content:filter*,polic*,management policy,moderation*,blocked,violat*,exists risk,safety;usage:polic*,guidelines;responsible ai*;safety:system,check*,filter*,reason*;prohibited content;block reason*;blocked reason*;blocked due to:safety,recitation,blocklist,spii;finish reason:safety,recitation,blocklist,spii,image safety;stop reason refusal;data inspection*;inappropriate content;sensitive:content*,word*;new sensitive;flagged;policy violation*;harmful content;nsfw;guardrail intervened;cyber policy;code:1301,1026,1027;敏感;违规;不安全",
	notAllowed: "must be verified;not allowed to:use,access;location is not supported;country region*;unsupported country*;available in your:country,region;suspended;has been disabled;is disabled;violation of terms;not authorized to;only authorized for;data policy;guardrail restrictions;are blocked;been blocked;organization has been restricted;service disabled;gated:repo,model;access is denied;access to the model;not activated the model;model not open;not been used in project;无权;未开通",
	// Also the block pages of CDNs, which ask for a person or a browser.
	forbidden:    "forbidden;permission*;access denied*;not permitted;just a moment;cookies to continue;you are human;attention required;cf mitigated;error code:1020,1010,1009,1006;error:1020,1010,1009",
	noModel:      "model:not found,not exist,not supported,not available,unavailable,~ not found,~ not exist,~ t exist,~ not supported,~ not available,~ no longer available,~ retired,~ not loaded,identifier;models ~ not found;no such model;invalid model*;unknown model;unsupported model;valid model*;deployment:not found,~ not found,~ not exist;no:endpoints,allowed providers,models loaded,available channel*;on demand throughput;deprecated;decommissioned;end of:life,its life;as legacy;not found for account;unable to access model;by any provider;not deployed;version does not exist;to be loaded;模型不存在;无可用渠道;code:1211,20012",
	notAvailable: "model*;not available",
	limitWord:    "limit*;exceeded;quota*;exhausted",
	tooLong:      "context:length*,window*,exceeded,size,limit*;maximum context;exceed context;prompt:is too long,too long;input:is too long,too long,length;conversation:is too long,too long;request is too long;too many:tokens total,input tokens;maximum number of:tokens,input tokens;maximum input:tokens,length;model token limit;token count:exceeds,~ exceeds;tokens:exceed*,limit exceeded,allowed;token limit exceeded;shorten your prompt;n ctx;reduce the length;initial prompt is greater;inputs:tokens,must have less than;too long to fit;上下文;超长;过长;code 1261",
	tooLarge:     "request:too large*,size,body exceeds;payload:too large*,size exceeds;entity too large;body:too large,is too large;exceeds the:maximum size,size limit;image exceeds;file:too large,is too large;string:too long,above max length",
	// Among them what fetch, Node.js, Go and Python refuse to send at all.
	badCall:    "invalid url*;as a url;parse url*;protocol scheme;unknown:url*,scheme;bad port;bytestring;character in header;iso 8859 1 code point;invalid header:field value,value;missing port in address;request url is missing;codec can t encode;cannot have body;disturbed or locked;how to serialize;circular structure;security policy directive;req content length mismatch;does not match content length;to https client;too many redirects;blocked by client;deserialize;extra:inputs,forbidden;unrecognized request argument*;unsupported:parameter,value;unknown:parameter,field,name;invalid:parameter*,argument error;err invalid arg;missing required;input should be;field required;cannot read properties;is not:a function,defined;timed out after -*;more system memory",
	badRequest: "bad request*;invalid:request*,argument*;validation*;unprocessable*;not:supported,found*,implemented;method not allowed;returned the following errors;malformed;failed precondition;参数",
	// Not accepted, and will not be next time. A TLS library that
	// is answered in plain text has the wrong port or proxy.
	certificate: "certificate*;x509;err:cert*,tls cert*;cert:has expired,authority*,altname*;self signed*;altnames;pkix*;unknownissuer;leaf signature;issuer cert*;sec error*;wrong version number;version or cipher*;like a tls handshake;unknown ca",
	serverFault: "internal*;server:error*,had an error,encountered;bad gateway;unavailable;type api error;temporary error;unexpected error;error occurred;upstream*;bad response;provider:returned error,error;backend*;went wrong;model:stream error*,error*;invalid content;engine dead*;runner ~ terminated;out of memory;interrupted;code aborted;incomplete generation;failed to respond;系统;内部错误;服务器;上游",
	// Something of the caller's own is still at work, and will end.
	lock:      "active run;run ~ is active;currently operating on;resource is locked;conversation locked;conflict*;aborted ~ concurrency",
	chainLost: "previous response:not found,~ not found",
	// An answer that no parser could read.
	notJSON: "not valid json;json decode error*;expecting value;unexpected:token*,end of json*,character;json parse error;invalid json response;unmarshal*",
	// A page where JSON was expected.
	webPage: "doctype*;token html",
}
