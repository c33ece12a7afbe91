// Written from the rows of classify/providers.go. Do not edit: change those and run
// "go test ./classify -run StatusPages -update".

/** Where providers say how they are, by the short names that verdicts carry. */
export const statusPages: Readonly<Record<string, string>> = {
  anthropic: "https://status.claude.com",
  azure: "https://azure.status.microsoft",
  bedrock: "https://health.aws.amazon.com/health/status",
  cerebras: "https://status.cerebras.ai",
  cloudflare: "https://www.cloudflarestatus.com",
  cohere: "https://status.cohere.com",
  copilot: "https://www.githubstatus.com",
  deepseek: "https://status.deepseek.com",
  fireworks: "https://status.fireworks.ai",
  github: "https://www.githubstatus.com",
  google: "https://aistudio.google.com/status",
  groq: "https://groqstatus.com",
  huggingface: "https://status.huggingface.co",
  mistral: "https://status.mistral.ai",
  moonshot: "https://status.moonshot.cn",
  openai: "https://status.openai.com",
  openrouter: "https://status.openrouter.ai",
  perplexity: "https://status.perplexity.com",
  replicate: "https://www.replicatestatus.com",
  together: "https://status.together.ai",
  xai: "https://status.x.ai",
};
