// Command chattest runs the fault-injecting LLM provider for tests that are
// not written in Go. When it is ready it prints one line to standard output:
//
//	{"url":"http://127.0.0.1:40123"}
//
// It exits when its standard input closes, so that it does not outlive the test
// runner that started it, or on SIGTERM or an interrupt.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/steadfetch/steadfetch/hosttest/chattest"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "`host:port` to listen on; port 0 means any free port")
	static := flag.String("static", "", "`folder` to serve at / in addition to the provider")
	stay := flag.Bool("stay", false, "do not exit when standard input closes")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "chattest: unexpected arguments; it only has flags")
		os.Exit(2)
	}
	if err := run(chattest.Config{Addr: *addr, Static: *static}, *stay); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(config chattest.Config, stay bool) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	srv, err := chattest.Start(config)
	if err != nil {
		return err
	}
	defer srv.Close()
	ready := struct {
		URL string `json:"url"`
	}{srv.URL()}
	if err := json.NewEncoder(os.Stdout).Encode(ready); err != nil {
		return err
	}
	if !stay {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			stop()
		}()
	}
	<-ctx.Done()
	return nil
}
