package classify

// provider is what is known of one provider of models. A new provider is one
// row below, and an error of its own in testdata/classify/documented.tsv.
type provider struct {
	id   string // the short name, as verdicts carry it
	name string // as people write it
	// hosts are the ends of its hosts' names. One without a dot is a part of
	// the host, or its port; a star stands for anything.
	hosts string
	// aliases are other short names that hosts give as a hint.
	aliases string
	// headers are the beginnings of names of response headers that nobody else sends.
	headers string
	// status is the page that says how the provider is.
	status page
	// codes are what the provider's own codes mean, as phrases. They count for
	// this provider only, and before any text.
	codes []code
}

type code struct {
	means   fact
	phrases string
}

// providers is read from the top: a row that is also another's comes first.
var providers = [...]provider{
	{
		id: "github", name: "GitHub Models", status: shownAt("https://www.githubstatus.com"),
		hosts: "models.github.ai models.inference.ai.azure.com",
	},
	{
		id: "azure", name: "Azure OpenAI", status: shownAt("https://azure.status.microsoft"),
		hosts: "azure.com azure.us azure.cn", aliases: "azure-openai azure_openai azure-ai azure_ai", headers: "apim- azureml- x-ms-region x-ms-deployment",
	},
	{
		id: "anthropic", name: "Anthropic", status: shownAt("https://status.claude.com"),
		hosts: "anthropic.com claude.ai claude.com", aliases: "claude", headers: "anthropic-",
	},
	{
		id: "openai", name: "OpenAI", status: shownAt("https://status.openai.com"),
		hosts: "openai.com chatgpt.com", aliases: "chatgpt codex", headers: "openai-organization openai-project",
	},
	{
		id: "google", name: "Google", status: shownAt("https://aistudio.google.com/status"),
		hosts: "googleapis.com", aliases: "gemini vertex vertexai vertex_ai google-vertex google-genai", headers: "x-gemini",
	},
	{
		id: "bedrock", name: "Amazon Bedrock", status: shownAt("https://health.aws.amazon.com/health/status"),
		hosts: "bedrock*amazonaws.com bedrock*api.aws", aliases: "amazon-bedrock aws aws-bedrock", headers: "x-amzn-bedrock",
	},
	{id: "groq", name: "Groq", hosts: "groq.com", headers: "x-groq", status: shownAt("https://groqstatus.com")},
	{id: "mistral", name: "Mistral", hosts: "mistral.ai", aliases: "mistralai", headers: "mistral-", status: shownAt("https://status.mistral.ai")},
	{id: "cohere", name: "Cohere", hosts: "cohere.com cohere.ai", status: shownAt("https://status.cohere.com")},
	{id: "deepseek", name: "DeepSeek", hosts: "deepseek.com", headers: "x-ds-", status: shownAt("https://status.deepseek.com")},
	{id: "xai", name: "xAI", hosts: "x.ai", aliases: "x grok", status: shownAt("https://status.x.ai")},
	{id: "openrouter", name: "OpenRouter", hosts: "openrouter.ai", status: shownAt("https://status.openrouter.ai")},
	{id: "cerebras", name: "Cerebras", hosts: "cerebras.ai", status: shownAt("https://status.cerebras.ai")},
	{id: "together", name: "Together AI", hosts: "together.xyz together.ai", aliases: "togetherai", status: shownAt("https://status.together.ai")},
	{id: "fireworks", name: "Fireworks AI", hosts: "fireworks.ai", aliases: "fireworks-ai", headers: "fireworks-", status: shownAt("https://status.fireworks.ai")},
	{id: "perplexity", name: "Perplexity", hosts: "perplexity.ai", status: shownAt("https://status.perplexity.com")},
	{id: "replicate", name: "Replicate", hosts: "replicate.com", status: shownAt("https://www.replicatestatus.com")},
	{id: "huggingface", name: "Hugging Face", hosts: "huggingface.co huggingface.cloud", aliases: "hf hugging-face", status: shownAt("https://status.huggingface.co")},
	{id: "copilot", name: "GitHub Copilot", hosts: "githubcopilot.com", aliases: "githubcopilot github-copilot", status: shownAt("https://www.githubstatus.com")},
	{id: "nvidia", name: "NVIDIA", hosts: "nvidia.com", aliases: "nim", headers: "nvcf-", status: shownAt("https://status.build.nvidia.com")},
	{
		// Workers AI documents its codes on its page "Errors".
		id: "cloudflare", name: "Cloudflare", hosts: "cloudflare.com", aliases: "workers-ai", status: shownAt("https://www.cloudflarestatus.com"),
		codes: []code{
			{dailyQuota, "code:3036"}, {overloaded, "code:3040"}, {timeout, "code:3007,3008"}, {noModel, "code:5007,5018"},
			{badKey, "code:10000,9109"}, {policy, "code:3030"}, {badCall, "code:5004,3003"}, {tooLarge, "code:3006"},
		},
	},
	{
		// DashScope's "Error codes".
		id: "alibaba", name: "Alibaba Cloud", hosts: "aliyuncs.com", aliases: "dashscope aliyun qwen", headers: "x-dashscope",
		codes: []code{
			{creditGone, "arrearage;allocation quota free tier only;free tier only;prepaid bill overdue;postpaid bill overdue;commodity not purchased"},
			{rate, "throttling rate quota;throttling allocation quota;throttling burst rate;limit requests;limit burst rate"},
			{policy, "data inspection failed"}, {badKey, "code:invalid api key"},
		},
	},
	{
		// The platform's "Error codes", the same at bigmodel.cn and z.ai.
		id: "zhipu", name: "Zhipu AI", hosts: "bigmodel.cn z.ai", aliases: "bigmodel zai z-ai glm",
		codes: []code{
			{badKey, "code:1000,1001,1002,1003,1004"}, {creditGone, "code:1113,1309,1311"}, {quota, "code:1304,1308,1310,1316,1317"},
			{rate, "code:1302,1303,1305,1312,1313"}, {policy, "code:1301"}, {noModel, "code:1211,1212,1220,1221,1222"},
			{tooLong, "code:1261"}, {badCall, "code:1210,1213,1214,1215"}, {serverFault, "code:1200,1230,1234"}, {notAllowed, "code:1110,1111,1112,1120,1121"},
		},
	},
	{id: "moonshot", name: "Moonshot AI", hosts: "moonshot.cn moonshot.ai kimi.com", aliases: "kimi moonshotai", headers: "msh-", status: shownAt("https://status.moonshot.cn")},
	{
		// The platform's "Error code" page: base_resp.status_code.
		id: "minimax", name: "MiniMax", hosts: "minimax.io minimaxi.com minimax.chat", aliases: "minimaxi",
		codes: []code{
			{rate, "code:1002,1039,1041,2045"}, {badKey, "code:1004,2049"}, {creditGone, "code:1008"}, {quota, "code:2056"},
			{policy, "code:1026,1027,1042"}, {timeout, "code:1001"}, {serverFault, "code:1000,1013,1024,1033"}, {badCall, "code:2013"}, {noModel, "code:2061"},
		},
	},
	{
		// Qianfan's "Error codes", of its v1 API.
		id: "baidu", name: "Baidu", hosts: "baidubce.com baidu.com", aliases: "qianfan baidubce ernie",
		codes: []code{
			{dailyQuota, "code:17,19"}, {rate, "code:4,18,336501,336502"}, {overloaded, "code:336100"}, {badKey, "code:13,14,15,100,110,111"},
			{tooLong, "code:336007,336103"}, {serverFault, "code:1,2,336000"}, {noModel, "code:336005"},
		},
	},
	{
		// Ark's "Error codes".
		id: "volcengine", name: "Volcengine", hosts: "volces.com volcengine.com bytepluses.com", aliases: "volces ark doubao byteplus",
		codes: []code{
			{creditGone, "account overdue error;set limit exceeded;insufficient balance"}, {noModel, "model not open;invalid endpoint or model"},
			{overloaded, "server overloaded"}, {policy, "sensitive content detected*;*sensitive content detected"},
		},
	},
	{
		// Its "Error codes".
		id: "siliconflow", name: "SiliconFlow", hosts: "siliconflow.cn siliconflow.com", aliases: "siliconcloud",
		codes: []code{{noModel, "code:20012"}, {tooLong, "code:20015 ~ max seq len"}, {creditGone, "code:30001,30011"}, {overloaded, "code:50505,50603"}},
	},
	{id: "tencent", name: "Tencent Cloud", hosts: "tencentcloudapi.com tencentcloud.com lkeap.cloud.tencent.com", aliases: "hunyuan"},
	{id: "litellm", name: "LiteLLM", hosts: "litellm.ai", aliases: "lite-llm", headers: "x-litellm"},
	{id: "ollama", name: "Ollama", hosts: "ollama.com 11434"},
	{id: "lmstudio", name: "LM Studio", hosts: "1234", aliases: "lm-studio"},
}

// providerNamed is the row with that short name or alias, in any case, or nil.
func providerNamed(hint string) *provider {
	for i := range providers {
		if p := &providers[i]; fold(p.id, hint) || listed(p.aliases, hint) {
			return p
		}
	}
	return nil
}

// providerAt is the row that a host belongs to, or nil. A host that merely
// speaks a provider's protocol belongs to none.
func providerAt(host string) *provider {
	for i := range providers {
		for rest := providers[i].hosts; rest != ""; {
			var pattern string
			pattern, rest = cut(rest, ' ')
			if hostFits(host, pattern) {
				return &providers[i]
			}
		}
	}
	return nil
}

// hostFits says whether pattern, as provider.hosts has it, is host's or that of
// a domain above it. Host may have a port.
func hostFits(host, pattern string) bool {
	begin, end := cut(pattern, '*')
	name, port := cut(host, ':')
	if begin == port {
		return true
	}
	for i := range name {
		switch {
		case i > 0 && isWord(name[i-1]), !foldPrefix(name[i:], begin):
		case end != "":
			if n := len(name) - len(end); n > i && fold(name[n:], end) {
				return true
			}
		case i+len(begin) == len(name):
			return i == 0 || name[i-1] == '.'
		}
	}
	return false
}

// providerByHeaders is the first row one of whose headers is there, or nil.
func providerByHeaders(headers Headers) *provider {
	names := fields(headers)
	for i := range providers {
		for rest := providers[i].headers; rest != ""; {
			var begin string
			begin, rest = cut(rest, ' ')
			for _, h := range names {
				if foldPrefix(h.Name, begin) {
					return &providers[i]
				}
			}
		}
	}
	return nil
}

// DisplayName is a provider's name as people write it, or "" for a short name
// that is not known. Case does not matter.
func DisplayName(short string) string {
	if p := providerNamed(short); p != nil {
		return p.name
	}
	return ""
}

// ProviderOf is the short name of the provider that a request goes to: the
// hint if there is one, else what the URL's host tells, else "".
func ProviderOf(url, hint string) string {
	if hint == "" {
		if p := providerAt(authority(url)); p != nil {
			return p.id
		}
	}
	return hint
}

// authority gives the host of an absolute URL, and its port.
func authority(url string) string {
	_, url = cut(url, ':')
	if len(url) < 2 || url[:2] != "//" {
		return ""
	}
	url = url[2:]
	start := 0
	for i := 0; i < len(url); i++ {
		switch url[i] {
		case '@':
			start = i + 1
		case '/', '?', '#', '\\':
			return url[start:i]
		}
	}
	return url[start:]
}

// providerOf tells the provider by hint, URL and headers. The shape of a body
// tells nothing: many speak another's protocol.
func providerOf(f *Failure) string {
	if id := ProviderOf(f.URL, f.Provider); id != "" {
		return id
	}
	if p := providerByHeaders(f.Headers); p != nil {
		return p.id
	}
	return ""
}
