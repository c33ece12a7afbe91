// Package chattest is an LLM provider that fails on command.
//
// It is a real HTTP server on its own port that implements the protocols of chat
// clients, and streams realistic answers:
//
//	POST /v1/messages                                Anthropic Messages
//	POST /v1/chat/completions                        OpenAI chat completions (and Mistral, Groq, …)
//	POST /v1/responses                               OpenAI Responses
//	GET  /v1/responses/{id}?stream=true&starting_after=N
//	POST /v1beta/models/{model}:streamGenerateContent?alt=sse   Gemini
//	POST /v1beta/models/{model}:generateContent
//	GET or POST /sse                                 plain server-sent events with ids
//	POST /api/chat                                   Vercel AI SDK, UI message stream
//	GET  /v1/models
//
// A test registers a [Run]: an answer text, and a list of [Fault] values, one
// per attempt. Attempt k of the run meets fault k; after the last one every attempt
// succeeds. The run keeps a log of its requests and their times, so that a test can
// check waits and bodies.
//
//	srv := chattest.New(t)
//	run := srv.NewRun(chattest.Run{Faults: []chattest.Fault{
//		chattest.AnthropicOverloadedResponse().Fault(),
//		{Kind: chattest.Reset, AtToken: 3},
//	}})
//	// … point a client at run.URL() …
//	requests := run.Requests()
//
// Tests in other languages start the command in cmd/chattest and register
// runs over HTTP; README.md beside this file describes the JSON.
//
// The provider is for tests, on a loopback address: it checks no key and limits no
// memory.
package chattest
