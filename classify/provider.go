package classify

import "strings"

// providers has one line each: short name, name to show, hosts, beginnings of
// header names that only this provider sends. Other short names that hosts use
// for the same come first, with nothing but a name to show.
const providers = `gemini|Google
vertex|Google
vertexai|Google
anthropic|Anthropic|anthropic.com claude.ai|anthropic-
azure|Azure OpenAI|openai.azure.com cognitiveservices.azure.com ai.azure.com|x-ms- apim- azureml-
openai|OpenAI|openai.com chatgpt.com|openai-
google|Google|googleapis.com|x-goog-
bedrock|Amazon Bedrock|amazonaws.com|x-amzn-
groq|Groq|groq.com|x-groq-
mistral|Mistral|mistral.ai|mistral-
cohere|Cohere|cohere.com cohere.ai|x-endpoint-monthly-call-limit
deepseek|DeepSeek|deepseek.com|x-ds-
xai|xAI|x.ai|
openrouter|OpenRouter|openrouter.ai|x-openrouter-
cerebras|Cerebras|cerebras.ai|
together|Together AI|together.xyz together.ai|x-together-
fireworks|Fireworks AI|fireworks.ai|fireworks-
perplexity|Perplexity|perplexity.ai|
replicate|Replicate|replicate.com|
huggingface|Hugging Face|huggingface.co|x-compute-
github|GitHub Models|models.github.ai models.inference.ai.azure.com|
copilot|GitHub Copilot|githubcopilot.com|x-copilot-
nvidia|NVIDIA|nvidia.com|nvcf-
vercel|Vercel AI Gateway|vercel.sh|x-vercel-ai
cloudflare|Cloudflare|cloudflare.com|
alibaba|Alibaba Cloud|aliyuncs.com|x-dashscope-
zhipu|Zhipu AI|bigmodel.cn z.ai|
moonshot|Moonshot AI|moonshot.cn moonshot.ai|msh-
minimax|MiniMax|minimax.chat minimax.io minimaxi.com|minimax-
baidu|Baidu|baidubce.com|x-bce-
volcengine|Volcengine|volces.com bytepluses.com|
siliconflow|SiliconFlow|siliconflow.cn siliconflow.com|x-siliconcloud-
tencent|Tencent Cloud|tencentcloudapi.com tencent.com|
litellm|LiteLLM||x-litellm-
ollama|Ollama|ollama.com localhost:11434 127.0.0.1:11434|
lmstudio|LM Studio|localhost:1234 127.0.0.1:1234|
`

// provider is one line of providers. The zero provider is not known.
type provider struct{ id, name, hosts, headers string }

// findProvider gives the first provider for which is says so.
func findProvider(is func(p *provider) bool) (p provider) {
	for rest := providers; rest != ""; {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		p.id, line, _ = strings.Cut(line, "|")
		p.name, line, _ = strings.Cut(line, "|")
		p.hosts, p.headers, _ = strings.Cut(line, "|")
		if is(&p) {
			return p
		}
	}
	return provider{}
}

// DisplayName is a provider's name as people write it, or "" for a short name
// that is not known. Case does not matter.
func DisplayName(short string) string {
	return findProvider(func(p *provider) bool { return fold(p.id, short) }).name
}

// ProviderOf is the short name of the provider that a request goes to: the
// hint if there is one, else what the URL's host tells, else "".
func ProviderOf(url, hint string) string {
	if hint != "" {
		return hint
	}
	_, host, found := strings.Cut(url, "://")
	if !found {
		return ""
	}
	if end := strings.IndexAny(host, "/?#"); end >= 0 {
		host = host[:end]
	}
	host = host[strings.LastIndexByte(host, '@')+1:]
	bare, _, _ := strings.Cut(host, ":")
	return findProvider(func(p *provider) bool {
		for hosts := p.hosts; hosts != ""; {
			var h string
			h, hosts, _ = strings.Cut(hosts, " ")
			if fold(h, host) || len(bare) >= len(h) && fold(bare[len(bare)-len(h):], h) &&
				(len(bare) == len(h) || bare[len(bare)-len(h)-1] == '.') {
				return true
			}
		}
		return false
	}).id
}

// providerOf tells the provider by hint, URL, headers and the shape of the body.
func providerOf(f *Failure) string {
	if id := ProviderOf(f.URL, f.Provider); id != "" {
		return id
	}
	if len(f.Headers) > 0 {
		id := findProvider(func(p *provider) bool {
			if p.headers == "" {
				return false
			}
			for name := range f.Headers {
				for begins := p.headers; begins != ""; {
					var h string
					h, begins, _ = strings.Cut(begins, " ")
					if len(name) >= len(h) && fold(name[:len(h)], h) {
						return true
					}
				}
			}
			return false
		}).id
		if id != "" {
			return id
		}
	}
	text := f.Body
	if f.Event != nil {
		text = f.Event.Data
	}
	switch {
	case strings.HasPrefix(text, `{"type":"error","error":{"type":`), strings.HasPrefix(text, `{"type":"error","error":{"details":`):
		return "anthropic"
	case strings.Contains(text, "googleapis.com"):
		return "google"
	}
	return ""
}
