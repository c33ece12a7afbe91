package classify

import "github.com/steadfetch/steadfetch/internal/ascii"

// provider describes one provider of models. To add one, add a row below and errors of
// it to testdata/classify/documented.tsv: one for each code, with its id as the last
// field.
type provider struct {
	id   string // the short name, as in verdicts
	name string // as people write it
	// hosts are domains: each covers its subdomains. One without a dot is a port; a
	// star stands for anything.
	hosts string
	// aliases are other short names. One with a dash at its end is instead the
	// beginning of response headers that only this provider sends.
	aliases string
	// status is the provider's status page.
	status page
	// codes are the provider's own codes and what they mean. They count only for this
	// provider, and before any text. Add only codes that the phrases judge wrongly or
	// do not know, with the name of the page that documents them in a comment.
	codes []code
}

// code is what some values of a member mean, in lower case and as scan.find reads
// them: "code:1301,1302" is "code":"1301" and "status_code":1302, and
// "reason:token limit exceeded" is "reason":"TOKEN_LIMIT_EXCEEDED".
type code struct {
	means   fact
	phrases string
}

// providers is searched from the top. The order matters only if a host fits several
// rows: the first one counts.
var providers = [...]provider{
	{id: "github", name: "GitHub Models", hosts: "models.github.ai models.inference.ai.azure.com", status: shownAt("https://www.githubstatus.com")}, // before Azure
	{id: "azure", name: "Azure OpenAI", hosts: "azure.com azure.us azure.cn", aliases: "azure-openai apim- azureml- x-ms-region-", status: shownAt("https://azure.status.microsoft")},
	{id: "anthropic", name: "Anthropic", hosts: "anthropic.com claude.ai claude.com", aliases: "claude anthropic-", status: shownAt("https://status.claude.com")},
	{id: "openai", name: "OpenAI", hosts: "openai.com chatgpt.com", aliases: "codex openai-organization-", status: shownAt("https://status.openai.com")},
	{id: "google", name: "Google", hosts: "googleapis.com", aliases: "gemini vertex x-gemini-", status: shownAt("https://aistudio.google.com/status")},
	{id: "bedrock", name: "Amazon Bedrock", hosts: "bedrock*amazonaws.com bedrock*api.aws", aliases: "aws x-amzn-bedrock-", status: shownAt("https://health.aws.amazon.com/health/status")},
	{id: "groq", name: "Groq", hosts: "groq.com", aliases: "x-groq-", status: shownAt("https://groqstatus.com")},
	{id: "mistral", name: "Mistral", hosts: "mistral.ai", status: shownAt("https://status.mistral.ai")},
	{id: "cohere", name: "Cohere", hosts: "cohere.com cohere.ai", status: shownAt("https://status.cohere.com")},
	{id: "deepseek", name: "DeepSeek", hosts: "deepseek.com", status: shownAt("https://status.deepseek.com")},
	{id: "xai", name: "xAI", hosts: "x.ai", aliases: "grok", status: shownAt("https://status.x.ai")},
	{id: "openrouter", name: "OpenRouter", hosts: "openrouter.ai", status: shownAt("https://status.openrouter.ai")},
	{id: "cerebras", name: "Cerebras", hosts: "cerebras.ai", status: shownAt("https://status.cerebras.ai")},
	{id: "together", name: "Together AI", hosts: "together.xyz together.ai", status: shownAt("https://status.together.ai")},
	{id: "fireworks", name: "Fireworks AI", hosts: "fireworks.ai", status: shownAt("https://status.fireworks.ai")},
	{id: "perplexity", name: "Perplexity", hosts: "perplexity.ai", status: shownAt("https://status.perplexity.com")},
	{id: "sambanova", name: "SambaNova", hosts: "sambanova.ai"},
	// Its page "API Error Codes" for LLMs: a 429 with "please try again later".
	{id: "novita", name: "Novita AI", hosts: "novita.ai", status: shownAt("https://status.novita.ai"), codes: []code{{rate, "reason:token limit exceeded"}}},
	{id: "replicate", name: "Replicate", hosts: "replicate.com", status: shownAt("https://www.replicatestatus.com")},
	{id: "huggingface", name: "Hugging Face", hosts: "huggingface.co huggingface.cloud", status: shownAt("https://status.huggingface.co")},
	{id: "copilot", name: "GitHub Copilot", hosts: "githubcopilot.com", aliases: "github-copilot", status: shownAt("https://www.githubstatus.com")},
	{id: "nvidia", name: "NVIDIA", hosts: "nvidia.com", aliases: "nvcf-"},
	// Workers AI's page "Errors".
	{
		id: "cloudflare", name: "Cloudflare", hosts: "cloudflare.com", status: shownAt("https://www.cloudflarestatus.com"),
		codes: []code{{dailyQuota, "code:3036"}, {overloaded, "code:3040"}, {timeout, "code:3007"}, {noModel, "code:5007,5018"}, {badKey, "code:10000"}},
	},
	{id: "alibaba", name: "Alibaba Cloud", hosts: "aliyuncs.com", aliases: "dashscope"},
	// The platform's page "Error codes", the same at bigmodel.cn and z.ai.
	{
		id: "zhipu", name: "Zhipu AI", hosts: "bigmodel.cn z.ai", aliases: "zai",
		codes: []code{
			{badKey, "code:1000,1001,1002,1003,1004"},
			{creditGone, "code:1113,1309"},
			{quota, "code:1304,1308,1310"},
			{rate, "code:1302,1303,1305,1312,1313"},
			{policy, "code:1301"},
			{noModel, "code:1211,1222"},
			{notAllowed, "code:1220"},
			{tooLong, "code:1261"},
			{badCall, "code:1210,1213,1214,1215"},
			{serverFault, "code:1230,1234"},
			{disabled, "code:1110,1111,1112,1121"},
		},
	},
	{id: "moonshot", name: "Moonshot AI", hosts: "moonshot.cn moonshot.ai kimi.com", aliases: "kimi msh-", status: shownAt("https://status.moonshot.cn")},
	// The platform's page "Error code": base_resp.status_code.
	{
		id: "minimax", name: "MiniMax", hosts: "minimax.io minimaxi.com minimax.chat",
		codes: []code{
			{rate, "code:1002,1039,1041,2045"},
			{badKey, "code:1004,2049"},
			{creditGone, "code:1008"},
			{quota, "code:2056"},
			{policy, "code:1026,1027"},
			{timeout, "code:1001"},
			{serverFault, "code:1000,1013,1024,1033"},
			{badCall, "code:2013"},
		},
	},
	// Qianfan's page "Error codes" for its first API.
	{
		id: "baidu", name: "Baidu", hosts: "baidubce.com", aliases: "qianfan",
		codes: []code{{dailyQuota, "code:17,19"}, {rate, "code:18,336501,336502"}, {overloaded, "code:336100"}, {badKey, "code:110,111"}, {tooLong, "code:336007,336103"}},
	},
	{id: "volcengine", name: "Volcengine", hosts: "volces.com bytepluses.com", aliases: "ark doubao"},
	// Its page "Error codes".
	{
		id: "siliconflow", name: "SiliconFlow", hosts: "siliconflow.cn siliconflow.com",
		codes: []code{{noModel, "code:20012"}, {creditGone, "code:30001"}, {overloaded, "code:50505,50603"}},
	},
	{id: "tencent", name: "Tencent Cloud", hosts: "tencentcloudapi.com tencentcloud.com cloud.tencent.com", aliases: "hunyuan"},
	{id: "litellm", name: "LiteLLM", hosts: "litellm.ai", aliases: "x-litellm-"},
	{id: "ollama", name: "Ollama", hosts: "ollama.com 11434"},
	{id: "lmstudio", name: "LM Studio", hosts: "1234"},
}

// providerNamed returns the provider with a short name or alias, in any case, or nil.
func providerNamed(hint string) *provider {
	for i := range providers {
		if p := &providers[i]; ascii.EqualFold(p.id, hint) || ascii.ListedFold(p.aliases, hint) {
			return p
		}
	}
	return nil
}

// providerAt returns the provider that a host belongs to, or nil. A host that only
// speaks a provider's protocol belongs to none.
func providerAt(host string) *provider {
	for i := range providers {
		for rest := providers[i].hosts; rest != ""; {
			var pattern string
			pattern, rest = ascii.CutByte(rest, ' ')
			if hostFits(host, pattern) {
				return &providers[i]
			}
		}
	}
	return nil
}

// hostFits reports whether host, maybe with a port, matches a pattern of
// provider.hosts.
func hostFits(host, pattern string) bool {
	begin, end := ascii.CutByte(pattern, '*')
	name, port := ascii.CutByte(host, ':')
	if begin == port {
		return true
	}
	for i := 0; i < len(name); i++ {
		switch {
		case i > 0 && isWord(name[i-1]), !ascii.HasPrefixFold(name[i:], begin):
		case end != "":
			if n := len(name) - len(end); n > i && ascii.EqualFold(name[n:], end) {
				return true
			}
		case i+len(begin) == len(name):
			return i == 0 || name[i-1] == '.'
		}
	}
	return false
}

// providerByHeaders returns the first provider that sends one of these headers, or nil.
func providerByHeaders(headers Headers) *provider {
	names := fields(headers)
	for i := range providers {
		for rest := providers[i].aliases; rest != ""; {
			var begin string
			begin, rest = ascii.CutByte(rest, ' ')
			for _, h := range names {
				if begin[len(begin)-1] == '-' && ascii.HasPrefixFold(h.Name+"-", begin) {
					return &providers[i]
				}
			}
		}
	}
	return nil
}

// displayName returns a provider's name as people write it, or "" for an unknown short
// name. Case does not matter.
func displayName(short string) string {
	if p := providerNamed(short); p != nil {
		return p.name
	}
	return ""
}

// ProviderOf returns the short name of the provider that a request goes to: hint if it
// is not empty, else what the URL's host shows, else "". A name in the table in
// providers.go ("anthropic", "azure", "bedrock", "google", "groq", "mistral", "openai",
// "openrouter", …) selects that provider's own codes and display name. Any other name is
// only passed on.
func ProviderOf(url, hint string) string {
	if hint == "" {
		if p := providerAt(authority(url)); p != nil {
			return p.id
		}
	}
	return hint
}

// authority returns the host of an absolute URL, with its port.
func authority(url string) string {
	_, url = ascii.CutByte(url, ':')
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

// providerOf returns the provider by hint, URL and headers. The form of a body shows
// nothing: many providers speak the protocol of another.
func providerOf(f *Failure) string {
	if id := ProviderOf(f.URL, f.Provider); id != "" {
		return id
	}
	if p := providerByHeaders(f.Headers); p != nil {
		return p.id
	}
	return ""
}
