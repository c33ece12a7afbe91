package classify

// providers has a line for each provider: its name as people write it, then
// its short name and other words that give it away as a part of a host's name
// or as the first of a header's: api.groq.com, x-groq-region. The first line
// with such a part counts, so that openai.azure.com is Azure's.
const providers = `Azure OpenAI=azure apim azureml ms
Anthropic=anthropic claude
OpenAI=openai chatgpt
Google=google gemini vertex googleapis goog
Amazon Bedrock=bedrock amazonaws amzn
Groq=groq
Mistral=mistral
Cohere=cohere
DeepSeek=deepseek
xAI=xai x
OpenRouter=openrouter
Cerebras=cerebras
Together AI=together
Fireworks AI=fireworks
Perplexity=perplexity
Replicate=replicate
Hugging Face=huggingface
GitHub Copilot=copilot githubcopilot
GitHub Models=github
NVIDIA=nvidia nvcf
Cloudflare=cloudflare
Alibaba Cloud=alibaba aliyuncs dashscope
Zhipu AI=zhipu bigmodel z
Moonshot AI=moonshot msh
MiniMax=minimax minimaxi
Baidu=baidu baidubce
Volcengine=volcengine volces ark
SiliconFlow=siliconflow siliconcloud
Tencent Cloud=tencent tencentcloudapi
LiteLLM=litellm
Ollama=ollama 11434
LM Studio=lmstudio 1234
`

// provider finds the first line that knows a part of s, and gives its two
// names. Parts are separated by dots, colons and dashes. Those shorter than
// shortest are passed over.
func provider(s string, shortest int) (name, short string) {
	for rest := providers; rest != ""; {
		var line, words string
		line, rest = cut(rest, '\n')
		name, words = cut(line, '=')
		start := 0
		for i := 0; i <= len(s); i++ {
			if i < len(s) && isWord(s[i]) {
				continue
			}
			if i-start >= shortest && listed(words, s[start:i]) {
				short, _ = cut(words, ' ')
				return name, short
			}
			start = i + 1
		}
	}
	return "", ""
}

// DisplayName is a provider's name as people write it, or "" for a short name
// that is not known. Case does not matter.
func DisplayName(short string) string {
	name, _ := provider(short, 1)
	return name
}

// ProviderOf is the short name of the provider that a request goes to: the
// hint if there is one, else what the URL's host tells, else "".
func ProviderOf(url, hint string) string {
	if hint == "" {
		_, hint = provider(authority(url), 1)
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

// providerOf tells the provider by hint, URL, headers and the shape of the body.
func providerOf(f *Failure) string {
	if id := ProviderOf(f.URL, f.Provider); id != "" {
		return id
	}
	best := ""
	for _, h := range fields(f.Headers) {
		name := h.Name
		if foldPrefix(name, "x-") {
			name = name[2:]
		}
		name, _ = cut(name, '-')
		// The least, so that the order of a map does not matter.
		if _, id := provider(name, 2); id != "" && (best == "" || id < best) {
			best = id
		}
	}
	if best != "" {
		return best
	}
	const anthropic = `{"type":"error","error":{`
	if len(f.Body) > len(anthropic) && f.Body[:len(anthropic)] == anthropic {
		return "anthropic"
	}
	return ""
}
