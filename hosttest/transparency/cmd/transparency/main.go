// Command transparency serves the cases of the table to clients in other
// languages. It prints the address of its control server, and ends when its
// standard input does.
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"

	"github.com/steadfetch/steadfetch/hosttest/transparency"
)

func main() {
	cases, err := transparency.Cases()
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("{\"url\":\"http://%s\"}\n", listener.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	log.Fatal(http.Serve(listener, transparency.Control(cases)))
}
