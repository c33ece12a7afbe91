package classify

// facts is a set of things that are known about a failure. Those with a line
// in the lexicon are found in its texts, the others in its structure.
type facts uint64

const (
	canceledText   facts = 1 << iota // a cancel, by its words
	callerDeadline                   // the words of a Go context's deadline
	timeout
	timeoutWord // could also be the name of a parameter
	network
	networkWord // could also be about the caller's own data
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
	notAvailable
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

	lexical = iota
)

// The facts that are seen in the structure of a failure.
const (
	fromClient facts = 1 << (lexical + iota) // thrown here, with no answer that says why
	inEvent                                  // an error event in a stream
	page                                     // an HTML page as the body
	shortWait                                // the text asks for a wait of minutes at most
	is401
	is402
	is403
	is404
	is408
	is413
	is424
	is429
	is4xx // any other
	is5xx // any other
	is501
	is521
	is526
	is529
)

// lexicon holds the phrases of each lexical fact, in the order of the facts.
// scan.find says how they are written. A phrase is here because a provider, a
// proxy or a runtime uses it for exactly this; a word that also stands in
// errors of another kind needs its neighbours.
var lexicon = [lexical]string{
	// canceledText: AbortController, fetch, axios, Go contexts, asyncio,
	// Chromium's and Firefox's codes. It counts only from the client's side.
	"canceled*;cancelled*;aborted*;abort error;keyboard interrupt;interrupted by user",
	// callerDeadline
	"context deadline exceeded",
	// timeout: what ran out is named. "Client.Timeout" is Go's, HttpClient's .NET's.
	"timed out*;etimedout;*timeout error;*timeout exception;time out:awaiting,waiting,exceeded,of,after,while;request time out;gateway time out*;took too long;t respond in time;not respond:in time,before;code:time out,deadline exceeded;client time out*;http client time out;超时",
	// timeoutWord: also gRPC's and Google's DEADLINE_EXCEEDED.
	"time out*;*timeout*;deadline:exceeded,expired",
	// network: what a proxy or SDK tells of a connection, though it answers 400.
	"connection:reset*,refused*,closed*,error*,lost,aborted*,terminated*,prematurely;econn*;epipe;eof;socket hang up;broken pipe;goaway;upstream connect;incomplete chunked;fetch failed;network error*;received from peer;stream disconnected",
	// networkWord: codes and texts of libc, Node, undici, Bun, Deno, Chromium,
	// Firefox, Safari, Go, Python, Java, .NET, Rust, Dart, curl.
	"*connect*;socket*;network*;dns*;host:lookup,unreach*,is unreachable;unreachable;no such host*;no route to host;unknown host*;getaddrinfo*;enotfound;eai:again,fail;ehost*;enet*;eproto;name:not resolved,resolution,or service*;nodename nor servname;hostname could not be found;resolve:host*,dns;server:misbehaving,disconnected*;closed cleanly;remote end closed;other side closed;terminated|;premature*;end of:file,stream;unexpected end*;incomplete*;not completed;sending complete;transfer closed;empty:reply,response;und err*;net err*;err:http2*,quic*,internet*,name*,empty*,incomplete*,content length mismatch,tunnel*,proxy*,address*,ssl*,stream premature*,failed;ns error*;refused stream;stream:was reset,reset*,error,closed,ended;streamreset;rst stream;http2:error,protocol;framing layer;protocol error;error:sending request,reading*,decoding response body,in input stream,in body stream,1033;sending the request;copying content;recv failure;send failure;read error;write error;channel closed;to be offline;typo in the url;xmlhttprequest error;nsurlerrordomain;nsposixerrordomain;transport*;bytes received;no bytes;partial transfer;dial tcp;do request failed;max retries exceeded with url;bad record mac;handshake*;tls*;ssl:error*,connect*,routines;bad file descriptor",
	// opaque
	"failed to fetch;load failed;networkerror when attempting",
	// overloaded: capacity that everyone shares, queues, models that are just
	// loading. Groq, Mistral, Together, vLLM, TGI, llama.cpp, Ollama, Bedrock.
	"overload*;over capacity;at capacity;capacity:exceeded,exhausted,temporarily,constraint*,limits;no capacity;insufficient capacity;high:demand,load,traffic;heavy load;peak load;busy;no:slots,instances,workers available,available slot*,available account*,available capacity,available workers;queue:full,is full,exceeded;pending requests exceeded;total request limit reached;currently loading;model is loading;loading model;not ready yet;model not ready*;temporarily:unavailable,overloaded,out of;unable to process your request;service unavailable exception;first token before;generate first token;繁忙;负载;过载;访问量过大",
	// creditGone: billing in each provider's words. Nothing here is about a rate.
	"insufficient:quota,user quota,balance,account balance,credit*,fund*;balance:is insufficient,insufficient,is too low,too low,is not enough;not enough:balance,credit*,quota;quota:is not enough,not enough;credit:balance,limit*,grant*,exhausted;more credits;no credits;out of:credit*,free credits,extra usage;available credits;included credits;credits:are*,have*,exhausted;can only afford;key limit exceeded;spend:limit*,cap*;spending:limit*,cap*;crossed spend;budget:exceeded*,has been exceeded;exceeded:budget*,your budget;over budget;max budget;billing:hard limit*,limit,not active,is not active,issue,disabled,account;enable billing;account is not active;payment required;past due;overdue*;arrear*;unpaid;failure to pay;good standing;free:tier only,quota,allocated quota,trial,resource pack*;resource pack*;extra usage is required;subscription:has expired,expired,is not active;plan:has expired,expired;trial:has expired,expired,ended,quota;premium request*;recharge;code:1113,1008;欠费;余额不足;额度不足;额度已用尽;额度失败;充值;资源包",
	// quota: Gemini, Azure, Vertex and others also say this of a limit by the minute.
	"quota:exceed*,exhausted*,reached,limit*,has been,will reset;exceeded your current quota;exceeded:~ quota,~ allowance;exceed ~ quota;exceeds ~ quota;exhausted:~ quota,your capacity;out of quota;usage:limit*,cap,quota;plan limit*;hit your:limit,~ limit;credits;配额;额度",
	// longWindow
	"per:day,month,week,hour,86400*;*perday*;*byday*;*permonth*;daily;monthly;weekly;hourly;requests day;tokens day;calls:day,month;rpd;tpd;5 hour*;24 hour*;hour:allocated,quota*,usage*;week allocated;month allocated;tomorrow;this:month,week;billing:cycle,period;regain access;每日;今日;当日;每天;每月;本月;每周;本周;小时",
	// minute
	"per:minute,min,second,sec,60s,10s;*perminute*;*byminute*;*persecond*;tpm;rpm;itpm;otpm;qps;qpm;rps;requests min;tokens min;calls:minute,min;queries minute;in a second;*rpm*exceeded;*tpm*exceeded;concurren*;burst*;allocated quota exceeded;rate quota;current requests list;每分钟;每秒;并发",
	// zeroLimit: no wait fills a limit of nothing.
	"limit:0,value 0",
	// rate
	"rate:limit*,exceeded;*rate limit exceeded;too many:requests*,concurrent*,tokens,connections;throttl*;resource:exhausted,has been exhausted;request limit:exceeded,reached;tpm limit;rpm limit;concurrency limit*;frequency limit;too:frequent*,quickly,fast;slow down;limit:requests,burst*;error:1015,code 1015;code:1302,1303,1305,1002;频繁;限流;限频;请求过多;请求数过多;速率;频率",
	// badKey: these also come as 400, 403, 500 and 503.
	"unauthorized;unauthenticated;authentication:error,failed,fails,failure,required;invalid:authentication,api key,x api key,key,api token,bearer,token,jwt,access token,iam token,credential*,auth*,signature*,username*,password,subscription key;api key:invalid,not valid,not found,expired,missing,is missing,not set,is not set,is required,required;incorrect api key;missing:api key,~ api key,authentication,authorization,bearer,credentials;no:api key*,credentials,auth credentials;provide:an api key,~ api key;reported as leaked;token:is invalid,invalid,expired*,has expired,is expired,revoked,has been revoked;expired token*;bad credentials;locate credentials;load credentials;authorization header;not logged in;login fail;signing in again;log in again;authentication token;security token;unrecognized:client*,token;signature:does not match,expired;user not found;account:deactivated,has been deactivated;illegal header value;api secret key;access tokens are not supported;key:revoked,has been revoked,is invalid,has expired;code 2049;无效的令牌;令牌已过期;未提供令牌;身份验证;鉴权;认证失败",
	// keyWord
	"api key*;credentials",
	// policy
	"content:filter*,polic*,management policy,moderation*,blocked,violat*,restrict*,exists risk,safety;usage:polic*,guidelines;responsible ai*;safety:system,check*,filter*,reason*,policy;prohibited content;block reason*;blocked reason*;finish reason:safety,recitation,prohibited content,blocklist,spii,image safety;stop reason refusal;data inspection*;inappropriate content;sensitive:content*,word*,information;new sensitive;flagged;policy violation*;violate our;violates our;violating our;harmful content;unsafe content;nsfw;guardrail intervened;blocked by guardrail*;cyber policy;code:1301,1026,1027;敏感;违规;不合规;不安全;审核",
	// notAllowed
	"must be verified;not allowed to:use,access;location is not supported;region is not supported;country region*;unsupported country*;available in your:country,region;suspended;has been disabled;is disabled;violation of terms;not authorized to;only authorized for;data policy;guardrail restrictions;are blocked;been blocked;service disabled;gated:repo,model;access is denied;access to the model;not activated the model;model not open;not been used in project;agree to the terms;无权;未开通",
	// forbidden: also the block pages of CDNs, which ask for a person or a browser.
	"forbidden;permission*;permissions error;access denied*;not permitted;not have access;just a moment;cookies to continue;you are human;attention required;checking your browser;cf mitigated;error code:1020,1010,1009,1006;error:1020,1010,1009",
	// noModel
	"model:not found,not exist,not supported,is not supported,not available,is not available,unavailable,~ not found,~ not exist,~ t exist,~ not supported,~ not available,~ no longer available,~ retired,~ not loaded,identifier,manifest;models:~ not found,~ not exist;no such model;invalid model*;unknown model;unsupported model;valid model*;deployment:not found,~ not found,~ not exist;no:endpoints,allowed providers,models loaded,available channel*;on demand throughput;deprecated;decommissioned;end of:life,its life;as legacy;not found for account;unable to access model;by any provider;not deployed;version does not exist;to be loaded;模型不存在;无可用渠道;不支持的模型;code:1211,20012",
	// notAvailable: with a 404 only.
	"not available;no longer available;unavailable",
	// tooLong
	"context:length*,window*,exceeded,size,limit*,overflow;maximum context;exceed context;prompt:is too long,too long;input:is too long,too long,length;conversation:is too long,too long;request is too long;too many:tokens total,input tokens;number of tokens allowed;maximum number of:tokens,input tokens;maximum input:tokens,length;model token limit;prompt:token count,tokens exceed*,tokens limit;input:tokens exceed*,token count;tokens exceed*;reduce the length;initial prompt is greater;inputs:tokens,must have less than;maximum model length;too long to fit;上下文;超长;过长;code 1261",
	// tooLarge
	"request:too large*,size,body exceeds;payload:too large*,size exceeds;entity too large;body:too large,is too large;exceeds the:maximum size,maximum allowed size,size limit;image exceeds;file:too large,is too large;string:too long,above max length",
	// badCall
	"invalid url*;as a url;failed to parse url*;protocol scheme;unknown url*;no scheme supplied;req content length mismatch;request content length mismatch*;does not match content length;response to https client;too many redirects;blocked by client;failed to deserialize;extra inputs;extra forbidden;unrecognized request argument*;unsupported:parameter,value;unknown:parameter,field,name;invalid:parameter*,tool*,message*;missing required;input should be;field required;cannot read properties;is not:a function,defined,iterable;timed out after -*",
	// badRequest
	"bad request*;invalid:request*,argument*;valid*;unprocessable*;not:supported,found*,implemented;method not allowed;returned the following errors;malformed;failed precondition;参数",
	// certificate: not accepted, and will not be next time. A TLS library that
	// is answered in plain text has the wrong port or proxy.
	"certificate*;x509;err:cert*,tls cert*;cert:has expired,authority*,altname*;self signed*;altnames;pkix*;unknownissuer;leaf signature;issuer cert*;sec error*;wrong version number;version or cipher*;like a tls handshake;unknown ca",
	// serverFault
	"internal:server*,error*,service error,failure;server:error*,had an error,encountered;bad gateway;service unavailable;currently unavailable;type api error;temporary error;unexpected error;error occurred:while processing,during;upstream*;bad response status code;no healthy upstream;provider:returned error,error;backend*;something went wrong;model stream error*;model error*;produced invalid content;engine ~ dead;engine dead*;runner ~ terminated;out of memory;server is down;interrupted;code:unavailable,internal,aborted;status unavailable;incomplete generation;failed to respond;服务器错误;系统错误;内部错误;上游",
	// lock: something of the caller's own is still at work, and will end.
	"active run;run ~ is active;currently operating on;is locked;conversation locked;conflict*;aborted ~ concurrency",
	// chainLost
	"previous response:not found,~ not found,id ~ not found",
	// notJSON: an answer that no parser could read.
	"not valid json;json decode error*;expecting value;unexpected:token*,end of json*,character;json parse error;invalid json response;unmarshal*",
	// webPage: a page where JSON was expected.
	"doctype*;token html",
}
